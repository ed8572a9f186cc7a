/* Loops over a batch of patterns beside its two products with the weights. The order of
   the sums is fixed for an instruction set, which is chosen at load time. */

#ifndef WIDEFLAT_BATCH_H
#define WIDEFLAT_BATCH_H

#include <math.h>
#include <stddef.h>

#include "../msgpass/_exp.h"

SIMD_KERNEL void batch_reals(const int8_t *x, ptrdiff_t n, double *out)
{
    /* a pattern as real numbers: BLAS knows no int8 */
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = x[i];
}

SIMD_KERNEL void batch_tanh(double beta, double *h, ptrdiff_t count)
{
    /* h = tanh(beta h), to an absolute 2e-16 */
#pragma omp simd
    for (ptrdiff_t i = 0; i < count; i++) {
        double t = lanes_exp(-2 * fabs(beta * h[i]));
        h[i] = copysign((1 - t) / (1 + t), h[i]);
    }
}

SIMD_KERNEL void batch_step(double *w, double rate, const double *gradient, ptrdiff_t n)
{
    /* w -= rate gradient, then set back to norm sqrt n */
    double square = 0;
#pragma omp simd reduction(+ : square)
    for (ptrdiff_t i = 0; i < n; i++) {
        double moved = w[i] - rate * gradient[i];
        w[i] = moved;
        square += moved * moved;
    }
    double scale = sqrt(n / square);
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        w[i] *= scale;
}

#endif
