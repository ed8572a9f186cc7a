/* An exponential that loops over arrays can take to vector registers. */

#ifndef WIDEFLAT_EXP_H
#define WIDEFLAT_EXP_H

#include <stdint.h>
#include <string.h>

#include "_simd.h"

static inline SIMD_INLINE double lanes_exp(double x)
{
    /* exp for x <= 0, without branches; relative error 2e-16, 0 below -700 */
    double y = x < -700.0 ? -700.0 : x;
    double shifted = y * 1.4426950408889634 + 6755399441055744.0;
    double k = shifted - 6755399441055744.0;
    double r = (y - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    double sum = 1.0 / 6227020800.0, scale;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    bits = (int64_t)((uint64_t)(bits + 1023) << 52);
    memcpy(&scale, &bits, sizeof scale);
    return x < -700.0 ? 0.0 : sum * scale;
}

#endif
