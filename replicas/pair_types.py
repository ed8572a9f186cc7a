"""Joint types of two pairs of binary weights: docs/symmetric.md (SY16)-(SY18).

A type is the distribution of (A, B, C, D) over +-1, up to a global flip 8 numbers;
both pairs are at distance d. It is given by five logits: of sigma, where d sigma is the
probability that both pairs differ, and of the chance that A = C in each of the four
cases (A B, C D) = (+, +), (+, -), (-, +), (-, -).
"""

import numpy as np
from scipy.special import expit, log_expit

__all__ = ["PairTypes"]

# the overlaps AC, AD, BC, BD as sums over the four cases
CROSS = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
BOTH_DIFFER = np.array([1, -1, -1, 1])  # d(probability of a case)/d(d sigma)


class PairTypes:
    """Entropy deficit and overlaps of the types of two pairs at distance d."""

    def __init__(self, d):
        self.d = d

    def cases(self, sigma):
        """Probabilities of the four cases."""
        d = self.d
        return np.array(
            [1 - 2 * d + d * sigma, d * (1 - sigma), d * (1 - sigma), d * sigma]
        )

    def case_deficit(self, x):
        """Information between the cases of the two pairs (SY17), x = logit sigma.

        Returns the value and its derivative in sigma.
        """
        d, sigma, other = self.d, expit(x), expit(-x)
        gap = sigma - d
        first = np.log1p(d * gap / (1 - d) ** 2)
        if abs(gap) < 0.5 * d:
            mixed, last = np.log1p(-gap / (1 - d)), np.log1p(gap / d)
        else:
            mixed, last = log_expit(-x) - np.log1p(-d), log_expit(x) - np.log(d)
        value = (1 - 2 * d + d * sigma) * first + 2 * d * other * mixed
        return value + d * sigma * last, d * (first - 2 * mixed + last)

    def deficit(self, logits):
        """2 (log 2 + h) - S4 >= 0 (SY18), the four overlaps, and their derivatives.

        Returns value, gradient (5,), overlaps (4,), Jacobian (4, 5).
        """
        sigma, other = expit(logits[0]), expit(-logits[0])
        tilt = np.tanh(0.5 * logits[1:])
        share = self.cases(sigma)
        cases, slope = self.case_deficit(logits[0])
        coin, bend = _coin(logits[1:], tilt)
        move = self.d * sigma * other
        gradient = np.empty(5)
        gradient[0] = (slope + self.d * (BOTH_DIFFER @ coin)) * sigma * other
        gradient[1:] = share * 0.5 * logits[1:] * bend
        jacobian = np.empty((4, 5))
        jacobian[:, 0] = CROSS @ (BOTH_DIFFER * tilt) * move
        jacobian[:, 1:] = CROSS * (share * bend)
        return cases + share @ coin, gradient, CROSS @ (share * tilt), jacobian


def _coin(x, tilt):
    """log 2 less the entropy of coins of logits x and means `tilt`; d tilt/dx."""
    minus, plus = 2 * expit(-x), 2 * expit(x)
    value = np.log(2) + 0.5 * (plus * log_expit(x) + minus * log_expit(-x))
    small = np.abs(tilt) < 0.5
    t = tilt[small]
    value[small] = 0.5 * ((1 + t) * np.log1p(t) + (1 - t) * np.log1p(-t))
    return value, 0.5 * plus * minus
