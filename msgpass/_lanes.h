/* The output node of a committee or parity machine for eight patterns at a time, one in
   each lane: (MP3)-(MP5) of docs/message_passing.md, in plain doubles. */

#ifndef WIDEFLAT_LANES_H
#define WIDEFLAT_LANES_H

#include "_exp.h"

#define LANES 8
#define LANES_K 15

static inline SIMD_INLINE double lanes_erfcx(double a)
{
    /* (1 + 2 a) erfcx(a), a >= 0: the polynomial in (a - 3)/(a + 3) that interpolates it at
       the Chebyshev points; relative error 7e-16 */
    double t = (a - 3) / (a + 3), sum = -3.3911975149641994e-09;
    sum = sum * t - 7.6398057066601839e-09;
    sum = sum * t + 2.9000960334558069e-08;
    sum = sum * t + 8.7647634299429152e-08;
    sum = sum * t - 1.2329723655814051e-07;
    sum = sum * t - 5.9637357570722125e-07;
    sum = sum * t + 3.4040811203344006e-07;
    sum = sum * t + 3.4542640815449015e-06;
    sum = sum * t - 7.2189109139096934e-07;
    sum = sum * t - 2.0089974601937562e-05;
    sum = sum * t + 4.9457917888787827e-06;
    sum = sum * t + 0.00012509529969692863;
    sum = sum * t - 0.00010515888874570799;
    sum = sum * t - 0.00077983127644030298;
    sum = sum * t + 0.0018886902217603342;
    sum = sum * t + 0.0025293916666211625;
    sum = sum * t - 0.023770514907124861;
    sum = sum * t + 0.068308027356440509;
    sum = sum * t - 0.11927366341575335;
    sum = sum * t + 0.12964515870228099;
    sum = sum * t - 0.047562294353445757;
    sum = sum * t - 0.13562110612457573;
    sum = sum * t + 1.2530080582697296;
    return sum;
}

static inline SIMD_INLINE void lanes_tails(int count, const double *x, double *p, double *q,
                                           double *bell)
{
    /* p, q: P(x + z > 0) and its complement for Gaussian z; bell: its density at 0 */
#pragma omp simd
    for (int i = 0; i < count; i++) {
        double a = (x[i] < 0 ? -x[i] : x[i]) * 0.70710678118654752;
        double gauss = lanes_exp(-0.5 * x[i] * x[i]);
        double tail = 0.5 * gauss * lanes_erfcx(a) / (1 + 2 * a);
        p[i] = x[i] > 0 ? 1 - tail : tail;
        q[i] = x[i] > 0 ? tail : 1 - tail;
        bell[i] = gauss * 0.39894228040143268;
    }
}

#define EACH_LANE _Pragma("omp simd") for (int r = 0; r < LANES; r++)

static inline SIMD_INLINE void lanes_majority(int K, int least, const double *p,
                                              const double *q, double *piv, double *Z)
{
    /* (MP4), as `majority` in _node.pyx */
    double before[(LANES_K + 1) * (LANES_K / 2 + 1) * LANES];
    double after[(LANES_K / 2 + 1) * LANES];
    double *last = before;
    for (int i = 0; i < least * LANES; i++)
        before[i] = after[i] = i < LANES;
    EACH_LANE Z[r] = 0;
    for (int l = 0; l < K; l++, p += LANES, q += LANES) {
        double *row = last + least * LANES;
        EACH_LANE row[r] = last[r] * q[r];
        for (int j = 1; j < least; j++, last += LANES) {
            double *next = row + j * LANES;
            EACH_LANE next[r] = last[LANES + r] * q[r] + last[r] * p[r];
        }
        EACH_LANE Z[r] += last[r] * p[r];
        last += LANES;
    }
    piv += K * LANES;
    for (int l = K - 1; l >= 0; l--) {
        double total[LANES], *end = after + (least - 1) * LANES;
        p -= LANES, q -= LANES, piv -= LANES, last -= least * LANES;
        EACH_LANE total[r] = last[r] * end[r];
        for (int j = 1; j < least; j++, end -= LANES) {
            const double *other = last + j * LANES;
            EACH_LANE {
                total[r] += other[r] * end[r - LANES];
                end[r] = end[r] * q[r] + end[r - LANES] * p[r];
            }
        }
        EACH_LANE {
            piv[r] = total[r];
            end[r] *= q[r];
        }
    }
}

static inline SIMD_INLINE void lanes_parity(int K, const double *label, const double *p,
                                            const double *q, double *piv, double *Z)
{
    /* (MP5), as `parity` in _node.pyx */
    double even[LANES], odd[LANES], product[LANES];
    EACH_LANE even[r] = 1, odd[r] = 0, product[r] = label[r];
    for (int l = 0; l < K; l++, p += LANES, q += LANES, piv += LANES)
        EACH_LANE {
            double old = even[r];
            even[r] = old * p[r] + odd[r] * q[r];
            odd[r] = old * q[r] + odd[r] * p[r];
            piv[r] = product[r];
            product[r] *= p[r] - q[r];
        }
    EACH_LANE {
        product[r] = 1;
        Z[r] = label[r] > 0 ? even[r] : odd[r];
    }
    for (int l = 0; l < K; l++) {
        p -= LANES, q -= LANES, piv -= LANES;
        EACH_LANE {
            piv[r] *= product[r];
            product[r] *= p[r] - q[r];
        }
    }
}

SIMD_KERNEL void lanes_node(int K, int least, int parity, const double *label,
                            const double *omega, const double *scale, double *g,
                            double *Gam, double *Z)
{
    /* omega, g, Gam: (K, LANES); scale: (K), one over the deviations of the fields. g and
       Gam are not to be used in lanes where Z is not well above the least of numbers. */
    double x[LANES_K * LANES], p[LANES_K * LANES], q[LANES_K * LANES];
    double bell[LANES_K * LANES], sign[LANES];
    EACH_LANE sign[r] = parity ? 1 : label[r];
    for (int l = 0; l < K; l++) {
        double *xl = x + l * LANES;
        const double *omega_l = omega + l * LANES, scale_l = scale[l];
        EACH_LANE xl[r] = sign[r] * omega_l[r] * scale_l;
    }
    lanes_tails(K * LANES, x, p, q, bell);
    if (parity)
        lanes_parity(K, label, p, q, g, Z);
    else
        lanes_majority(K, least, p, q, g, Z);
    EACH_LANE sign[r] /= Z[r];
    for (int l = 0; l < K; l++, g += LANES, Gam += LANES, omega += LANES) {
        const double *bell_l = bell + l * LANES, scale_l = scale[l];
        EACH_LANE {
            double d = g[r] * bell_l[r] * sign[r] * scale_l;
            g[r] = d;
            Gam[r] = d * (d + omega[r] * (scale_l * scale_l));
        }
    }
}

#endif
