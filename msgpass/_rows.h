/* One row of messages, between a pattern and the n weights of one unit: the inner loops of
   sequential belief propagation. Compiled for several instruction sets where the system
   can choose between them at load time.
   x: pattern; T: total fields, B or U: messages, new ones are also added to S, which is T
   itself if the schedule is sequential; d: damping. */

#ifndef WIDEFLAT_ROWS_H
#define WIDEFLAT_ROWS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include "_lanes.h"
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* degrees of the expansions in row_update_spins_erf */
#define ROW_TAYLOR 12
#define ROW_TAYLOR_LONG 22
#define ROW_U_MAX 30.0 /* bound of a binary message */

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-trapping-math", "no-math-errno")
#define ROW_INLINE static inline __attribute__((always_inline))
#else
#define ROW_INLINE static inline
#endif

#if defined(SIMD_CHOOSES)
#define ROW_KERNEL \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), unused)) static
#elif defined(__GNUC__)
#define ROW_KERNEL __attribute__((unused)) static
#else
#define ROW_KERNEL static
#endif

ROW_INLINE double row_clip(double u)
{
    u = u > ROW_U_MAX ? ROW_U_MAX : u;
    return u < -ROW_U_MAX ? -ROW_U_MAX : u;
}

/* both tails and the density of a Gaussian at x, `count` of them, rounded up to eights:
   see lanes_tails */
ROW_KERNEL void row_tails(int count, const double *x, double *p, double *q, double *bell)
{
    lanes_tails((count + 7) / 8 * 8, x, p, q, bell);
}

/* m = tanh(T - U), v = 1 - m^2 without cancellation */
ROW_KERNEL void row_spins(
    const double *T, const double *U, double *m, double *v, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        double h = T[i] - U[i];
        double t = lanes_exp(-2 * fabs(h)), r = 1 / (1 + t);
        m[i] = copysign((1 - t) * r, h);
        v[i] = 4 * t * r * r;
    }
}

/* continuous: message x f + c (T - B) */
ROW_KERNEL void row_update_signs(
    const int8_t *x, const double *T, double *S, double *B, ptrdiff_t n,
    double f, double c, double d)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        double old = B[i];
        double new = (1 - d) * (x[i] * f + c * (T[i] - old)) + d * old;
        S[i] += new - old;
        B[i] = new;
    }
}

#define ROW_UPDATES(NAME, PATTERN)                                                     \
/* message x f + x^2 c m, of either kind of weights */                                 \
ROW_KERNEL void row_update_mean_##NAME(                                                \
    const PATTERN *x, const double *m, double *S, double *U, ptrdiff_t n,              \
    double f, double c, double bound, double d)                                        \
{                                                                                      \
    for (ptrdiff_t i = 0; i < n; i++) {                                                \
        double old = U[i], new = x[i] * f + (double)x[i] * x[i] * c * m[i];            \
        new = new > bound ? bound : new;                                               \
        new = new < -bound ? -bound : new;                                             \
        new = (1 - d) * new + d * old;                                                 \
        S[i] += new - old;                                                             \
        U[i] = new;                                                                    \
    }                                                                                  \
}

/* binary: (L(b+) - L(b-))/2 with b+- the field of the others +- x in units of their
   standard deviation, L a polynomial around b; mu, s2 include weight i */
#define ROW_ERF(NAME, PATTERN, DEGREE)                                                 \
ROW_KERNEL void row_update_spins_erf_##NAME(                                           \
    const PATTERN *x, const double *m, const double *v, double *S, double *U,          \
    ptrdiff_t n, double mu, double s2, double b, const double *L, double d)            \
{                                                                                      \
    for (ptrdiff_t i = 0; i < n; i++) {                                                \
        double xi = x[i], r = 1 / sqrt(s2 - xi * xi * v[i]);                           \
        double up = (mu - xi * m[i] + xi) * r - b;                                     \
        double down = (mu - xi * m[i] - xi) * r - b;                                   \
        double old = U[i], plus = L[DEGREE], minus = L[DEGREE], new;                   \
        _Pragma("GCC unroll 32")                                                       \
        for (int k = DEGREE - 1; k > 0; k--) {                                         \
            plus = plus * up + L[k];                                                   \
            minus = minus * down + L[k];                                               \
        }                                                                              \
        new = row_clip(0.5 * (plus * up - minus * down));                              \
        new = (1 - d) * new + d * old;                                                 \
        S[i] += new - old;                                                             \
        U[i] = new;                                                                    \
    }                                                                                  \
}

ROW_ERF(signs, int8_t, ROW_TAYLOR)
ROW_ERF(signs_long, int8_t, ROW_TAYLOR_LONG)
ROW_ERF(reals, double, ROW_TAYLOR)
ROW_ERF(reals_long, double, ROW_TAYLOR_LONG)

ROW_UPDATES(signs, int8_t)
ROW_UPDATES(reals, double)

/* Sums may be taken in any order; row_exp may not be compiled like that. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("associative-math", "no-signed-zeros")
#endif

/* sum of x (T - B) */
ROW_KERNEL double row_field(
    const int8_t *x, const double *T, const double *B, ptrdiff_t n)
{
    double total = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        total += x[i] * (T[i] - B[i]);
    return total;
}

/* means m and variances of weights with precision P - a x^2: sums of x m and of x^2 v;
   returns the smallest precision */
ROW_KERNEL double row_gaussians(
    const double *x, const double *T, const double *B, const double *P, double a,
    double *m, ptrdiff_t n, double *omega, double *V)
{
    double field = 0, variance = 0, least = INFINITY;
    for (ptrdiff_t i = 0; i < n; i++) {
        double square = x[i] * x[i], p = P[i] - a * square;
        least = p < least ? p : least;
        m[i] = (T[i] - B[i]) / p;
        field += x[i] * m[i];
        variance += square / p;
    }
    *omega = field;
    *V = variance;
    return least;
}

/* add the change a of a row's precision */
ROW_KERNEL void row_add_squares(const double *x, double a, double *P, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        P[i] += a * x[i] * x[i];
}

/* add c x to T and a x^2 to P */
ROW_KERNEL void row_add_reals(
    const double *x, double c, double a, double *T, double *P, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        T[i] += c * x[i];
        P[i] += a * x[i] * x[i];
    }
}

#define ROW_SUMS(NAME, PATTERN)                                                        \
/* sums of x m and of x^2 v */                                                         \
ROW_KERNEL void row_sums_##NAME(                                                       \
    const PATTERN *x, const double *m, const double *v, ptrdiff_t n,                   \
    double *omega, double *V)                                                          \
{                                                                                      \
    double field = 0, variance = 0;                                                    \
    for (ptrdiff_t i = 0; i < n; i++) {                                                \
        field += x[i] * m[i];                                                          \
        variance += (double)x[i] * x[i] * v[i];                                        \
    }                                                                                  \
    *omega = field;                                                                    \
    *V = variance;                                                                     \
}

ROW_SUMS(signs, int8_t)
ROW_SUMS(reals, double)

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

#endif
