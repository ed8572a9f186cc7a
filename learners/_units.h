/* Fields of the units of one machine for one pattern of +-1 kept as bytes. Four units at
   a time keep their sums apart, so that the additions do not wait for each other. The
   order of the sums is fixed for an instruction set, which is chosen at load time. */

#ifndef WIDEFLAT_UNITS_H
#define WIDEFLAT_UNITS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) \
    && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define UNITS_KERNEL \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"))) static
#else
#define UNITS_KERNEL static
#endif

UNITS_KERNEL void unit_fields(const double *w, const int8_t *x, ptrdiff_t block, int K,
                              ptrdiff_t n, double *out)
{
    /* out[l] = sum_i w[l, i] x[l block + i]; block is n in a tree, else 0 */
    int l = 0;
    for (; l + 4 <= K; l += 4) {
        const double *w0 = w + l * n, *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
        const int8_t *x0 = x + l * block, *x1 = x0 + block, *x2 = x1 + block;
        const int8_t *x3 = x2 + block;
        double a0 = 0, a1 = 0, a2 = 0, a3 = 0;
#pragma omp simd reduction(+ : a0, a1, a2, a3)
        for (ptrdiff_t i = 0; i < n; i++) {
            a0 += w0[i] * x0[i];
            a1 += w1[i] * x1[i];
            a2 += w2[i] * x2[i];
            a3 += w3[i] * x3[i];
        }
        out[l] = a0, out[l + 1] = a1, out[l + 2] = a2, out[l + 3] = a3;
    }
    for (; l < K; l++) {
        const double *w0 = w + l * n;
        const int8_t *x0 = x + l * block;
        double a = 0;
#pragma omp simd reduction(+ : a)
        for (ptrdiff_t i = 0; i < n; i++)
            a += w0[i] * x0[i];
        out[l] = a;
    }
}

UNITS_KERNEL void unit_add(double *w, double eta, const int8_t *x, ptrdiff_t n)
{
    /* w += eta x */
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        w[i] += eta * x[i];
}

#endif
