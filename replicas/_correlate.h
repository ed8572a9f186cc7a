/* Correlation with a symmetric kernel, the inner loop of the Parisi recursion.

   total[r] += sum over first <= m <= last of kernel[|m|] x[m + r], r < rows, of those
   with begin <= m + r < end; in the order of m for every row. */

#ifndef WIDEFLAT_CORRELATE_H
#define WIDEFLAT_CORRELATE_H

#include <stddef.h>

#define TILE 16 /* sums that stay in registers */

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

static inline void correlate_some(
    double *total, ptrdiff_t rows, const double *x, ptrdiff_t begin, ptrdiff_t end,
    const double *kernel, ptrdiff_t first, ptrdiff_t last)
{
    for (ptrdiff_t m = first; m <= last; m++) {
        double g = kernel[m < 0 ? -m : m];
        ptrdiff_t to = end - m < rows ? end - m : rows;
        for (ptrdiff_t r = begin - m > 0 ? begin - m : 0; r < to; r++)
            total[r] += g * x[m + r];
    }
}

static void correlate(
    double *total, ptrdiff_t rows, const double *x, ptrdiff_t begin, ptrdiff_t end,
    const double *kernel, ptrdiff_t first, ptrdiff_t last)
{
    /* full rows for low <= m <= high */
    ptrdiff_t low = first > begin ? first : begin;
    ptrdiff_t high = last < end - rows ? last : end - rows;
    ptrdiff_t r = 0;
    if (low > high) {
        correlate_some(total, rows, x, begin, end, kernel, first, last);
        return;
    }
    correlate_some(total, rows, x, begin, end, kernel, first, low - 1);
    for (; r + TILE <= rows; r += TILE) {
        double sum[TILE];
        for (int i = 0; i < TILE; i++)
            sum[i] = total[r + i];
        for (ptrdiff_t m = low; m <= high; m++) {
            double g = kernel[m < 0 ? -m : m];
            for (int i = 0; i < TILE; i++)
                sum[i] += g * x[m + r + i];
        }
        for (int i = 0; i < TILE; i++)
            total[r + i] = sum[i];
    }
    if (r < rows)
        correlate_some(total + r, rows - r, x + r, begin, end, kernel, low, high);
    correlate_some(total, rows, x, begin, end, kernel, high + 1, last);
}

#undef TILE

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
