"""E log P of trees of sign units by one-dimensional averages, docs/reference.md (M8).

The K-dimensional average factorises under a Laplace transform: with y(b) > 0 a
decreasing function of one field and phi(s) = E exp(-s y),

    majority, K = 3:  E log P = 3 E log H(-b) + int dt e^-t (1 - phi(t)^3)/t,
    parity:           E log P = -log 2 - (1/2) sum_n phi(n)^K/n,

where y = H(b)/H(-b) for the majority and y = -2 log|erf(b/sqrt 2)| for the parity.
"""

from bisect import bisect_left

from mpmath import mp, mpf

from replicas.reference.average import gaussian, log_H, nodes, window

__all__ = ["MAJORITY_K", "tree_average"]

MAJORITY_K = 3
FIRST = 10  # terms of the parity's sum added one by one


def tree_average(tree, gamma, rule):
    """E log P and its derivative in gamma, the fields b ~ N(0, gamma)."""
    if gamma == 0:
        slope = -3 / (4 * mp.pi) if tree.rule == "majority" else mpf(0)
        return -mp.log(2), slope
    if tree.rule == "majority":
        return _majority(gamma, rule)
    return _parity(tree.K, gamma, rule)


def _spacing(gamma, rule):
    """Distance of nodes in b that resolves exp(-s y(b)) for every s, (M9).

    Its front at b has width 1/b and a strip pi/(2b); the Gaussian suppresses it there.
    """
    front = mp.pi**2 * (3 / (2 * rule.cut)) ** mpf("1.5") / mp.sqrt(gamma)
    return min(front, 4 * mp.pi / rule.cut) * rule.step / type(rule)(rule.digits).step


class _Laplace:
    """phi(s) = E exp(-s y) and d phi/d gamma, for y decreasing along the nodes."""

    def __init__(self, b, db, gamma, y, rule):
        self.weights = [gaussian(x, 0, gamma) * dx for x, dx in zip(b, db, strict=True)]
        # of the Gaussian's derivative in gamma
        self.slopes = [
            w * (x * x / gamma - 1) / (2 * gamma)
            for x, w in zip(b, self.weights, strict=True)
        ]
        self.y, self.cut, self.small = y, rule.cut, mp.exp(-rule.cut)
        self.rising = [-float(mp.log(v)) for v in y]
        self.tails = [_tails(w) for w in (self.weights, self.slopes)]

    def __call__(self, s):
        # exp(-s y) is 0 before `first` and 1 from `last` on
        scale = float(mp.log(abs(s)))
        first = bisect_left(self.rising, scale - float(mp.log(self.cut)))
        last = bisect_left(self.rising, scale + float(self.cut))
        factors = [mp.exp(-s * v) for v in self.y[first:last]]
        return [
            mp.fdot(factors, terms[first:last]) + tail[last]
            for terms, tail in zip(
                (self.weights, self.slopes), self.tails, strict=True
            )
        ]


def _tails(terms):
    """Sums of terms[k:] for k = 0, 1, ..., len(terms)."""
    sums = [mpf(0)]
    for term in reversed(terms):
        sums.append(sums[-1] + term)
    return sums[::-1]


def _majority(gamma, rule):
    reach, slope = window(rule) * mp.sqrt(gamma), _spacing(gamma, rule) / rule.step
    b, db = nodes(rule, -reach, reach, left=slope, right=slope)
    low, high = [log_H(x) for x in b], [log_H(-x) for x in b]
    y = [mp.exp(x - z) for x, z in zip(low, high, strict=True)]
    phi = _Laplace(b, db, gamma, y, rule)
    value, derivative = (3 * mp.fdot(w, high) for w in (phi.weights, phi.slopes))
    step = mp.pi**2 / rule.cut * rule.step / type(rule)(rule.digits).step
    # t = exp(s): from e^-t negligible down to 1 - phi negligible
    s = mp.log(rule.cut) + rule.shift * step
    while True:
        t = mp.exp(s)
        f, f_gamma = phi(t)
        missing = 1 - f**3
        value += step * mp.exp(-t) * missing
        derivative -= step * mp.exp(-t) * 3 * f**2 * f_gamma
        if s < 0 and missing < phi.small:
            return value, derivative
        s -= step


def _parity(K, gamma, rule):
    """The sum over n by Abel and Plana's formula from n = FIRST + 1/2 on, (M10)."""
    value, derivative = _first_terms(K, gamma, rule)
    phi = _Laplace(*_half_line(gamma, rule), rule)
    start = FIRST + mpf(1) / 2
    step = mp.pi**2 / rule.cut * rule.step / type(rule)(rule.digits).step
    v = -rule.cut + rule.shift * step
    while True:  # int over n = start + e^v
        n = start + mp.exp(v)
        f, f_gamma = phi(n)
        weight = step * mp.exp(v) / n
        value += weight * f**K
        derivative += weight * K * f ** (K - 1) * f_gamma
        if v > 0 and f**K < phi.small:
            break
        v += step
    step /= 3
    v = -mp.log(rule.cut) + rule.shift * step
    while True:  # int over tau = exp(v - e^-v), (M10)
        tau = mp.exp(v - mp.exp(-v))
        if 2 * mp.pi * tau > rule.cut:
            break
        n = mp.mpc(start, tau)
        f, f_gamma = phi(n)
        weight = 2 * step * tau * (1 + mp.exp(-v)) / (mp.exp(2 * mp.pi * tau) + 1)
        value += weight * (f**K / n).imag
        derivative += weight * (K * f ** (K - 1) * f_gamma / n).imag
        v += step
    return -mp.log(2) - value / 2, -derivative / 2
