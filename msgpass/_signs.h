/* Products with rows of +-1 kept as bytes: the inner loops of approximate message passing.
   Four rows at a time share the loads of the vector. The order of the sums is fixed, so
   results depend on nothing but the instruction set, which is chosen at load time. */

#ifndef WIDEFLAT_SIGNS_H
#define WIDEFLAT_SIGNS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) \
    && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SIGNS_KERNEL \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static
#else
#define SIGNS_KERNEL static
#endif

SIGNS_KERNEL void signs_dot4(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
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

SIGNS_KERNEL void signs_dot(const int8_t *x, ptrdiff_t n, const double *m, double *out)
{
    double a = 0;
#pragma omp simd reduction(+ : a)
    for (ptrdiff_t i = 0; i < n; i++)
        a += m[i] * x[i];
    *out = a;
}

SIGNS_KERNEL void signs_add4(const int8_t *x, ptrdiff_t stride, ptrdiff_t n,
                             const double *c, double *out)
{
    /* out[i] += sum_r c[r] x[r, i] */
    const int8_t *x0 = x, *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
    double c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] += (c0 * x0[i] + c1 * x1[i]) + (c2 * x2[i] + c3 * x3[i]);
}

SIGNS_KERNEL void signs_add(const int8_t *x, ptrdiff_t n, const double *c, double *out)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] += *c * x[i];
}

#endif
