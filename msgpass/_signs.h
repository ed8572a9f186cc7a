/* Products with rows of +-1 kept as bytes: the inner loops of approximate message passing.
   Four rows at a time share the loads of the vector. The order of the sums is fixed, so
   results depend on nothing but the instruction set, which is chosen at load time. */

#ifndef WIDEFLAT_SIGNS_H
#define WIDEFLAT_SIGNS_H

#include <stddef.h>
#include <stdint.h>

#include "_simd.h"

SIMD_KERNEL void signs_dot4_plain(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                                  const double *m, double *out)
{
    /* out[r] = sum_i x[r, i] m[i] */
    const int8_t *x0 = x, *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
    double a0 = 0, a1 = 0, a2 = 0, a3 = 0;
#pragma omp simd reduction(+ : a0, a1, a2, a3)
    for (ptrdiff_t i = 0; i < n; i++) {
        a0 += m[i] * x0[i];
        a1 += m[i] * x1[i];
        a2 += m[i] * x2[i];
        a3 += m[i] * x3[i];
    }
    out[0] = a0, out[1] = a1, out[2] = a2, out[3] = a3;
}

SIMD_KERNEL void signs_dot(const int8_t *x, ptrdiff_t n, const double *m, double *out)
{
    double a = 0;
#pragma omp simd reduction(+ : a)
    for (ptrdiff_t i = 0; i < n; i++)
        a += m[i] * x[i];
    *out = a;
}

SIMD_KERNEL void signs_add4_plain(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                                  const double *c, double *out)
{
    /* out[i] += sum_r c[r] x[r, i] */
    const int8_t *x0 = x, *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
    double c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] += (c0 * x0[i] + c1 * x1[i]) + (c2 * x2[i] + c3 * x3[i]);
}

SIMD_KERNEL void signs_add(const int8_t *x, ptrdiff_t n, const double *c, double *out)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] += *c * x[i];
}

/* Compilers widen bytes to doubles clumsily; the same sums, eight at a time. */

#if defined(SIMD_CHOOSES)
#include <immintrin.h>

#define SIGNS_WIDE __attribute__((target("avx512f,avx512vl"))) static

SIGNS_WIDE inline __m512d signs_load(const int8_t *x)
{
    return _mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)x)));
}

SIGNS_WIDE void signs_dot4_wide(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                                const double *m, double *out)
{
    const int8_t *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
    __m512d a0 = _mm512_setzero_pd(), a1 = a0, a2 = a0, a3 = a0;
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m512d w = _mm512_loadu_pd(m + i);
        a0 = _mm512_fmadd_pd(w, signs_load(x + i), a0);
        a1 = _mm512_fmadd_pd(w, signs_load(x1 + i), a1);
        a2 = _mm512_fmadd_pd(w, signs_load(x2 + i), a2);
        a3 = _mm512_fmadd_pd(w, signs_load(x3 + i), a3);
    }
    out[0] = _mm512_reduce_add_pd(a0), out[1] = _mm512_reduce_add_pd(a1);
    out[2] = _mm512_reduce_add_pd(a2), out[3] = _mm512_reduce_add_pd(a3);
    for (; i < n; i++) {
        out[0] += m[i] * x[i], out[1] += m[i] * x1[i];
        out[2] += m[i] * x2[i], out[3] += m[i] * x3[i];
    }
}

SIGNS_WIDE void signs_add4_wide(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                                const double *c, double *out)
{
    const int8_t *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
    __m512d c0 = _mm512_set1_pd(c[0]), c1 = _mm512_set1_pd(c[1]);
    __m512d c2 = _mm512_set1_pd(c[2]), c3 = _mm512_set1_pd(c[3]);
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m512d w = _mm512_loadu_pd(out + i);
        w = _mm512_fmadd_pd(c0, signs_load(x + i), w);
        w = _mm512_fmadd_pd(c1, signs_load(x1 + i), w);
        w = _mm512_fmadd_pd(c2, signs_load(x2 + i), w);
        _mm512_storeu_pd(out + i, _mm512_fmadd_pd(c3, signs_load(x3 + i), w));
    }
    for (; i < n; i++)
        out[i] += (c[0] * x[i] + c[1] * x1[i]) + (c[2] * x2[i] + c[3] * x3[i]);
}
#endif

#if defined(SIMD_CHOOSES)
#define SIGNS_CHOICE(name) \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") \
         ? name##_wide : name##_plain)
#else
#define SIGNS_CHOICE(name) name##_plain
#endif

static inline void signs_dot4(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                              const double *m, double *out)
{
    SIGNS_CHOICE(signs_dot4)(x, stride, n, m, out);
}

static inline void signs_add4(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                              const double *c, double *out)
{
    SIGNS_CHOICE(signs_add4)(x, stride, n, c, out);
}

#endif
