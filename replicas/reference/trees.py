"""E log P of trees of sign units as single averages, docs/reference.md (M7)-(M11).

The K-dimensional average factorises under a Laplace transform: with y(b) > 0 a
decreasing function of one field and phi(s) = E exp(-s y),

    majority, K = 3:  E log P = 3 E log H(-b) + int dt e^-t (1 - phi(t)^3)/t,
    parity:           E log P = -log 2 - (1/2) sum_n phi(n)^K/n,

where y = H(b)/H(-b) for the majority and y = -2 log|erf(b/sqrt 2)| for the parity.
"""

from bisect import bisect_left

from mpmath import mp, mpf

from replicas.reference.average import (
    STRIP,
    gaussian,
    log_H,
    nodes,
    require_normalised,
    window,
)

__all__ = ["MAJORITY_K", "tree_average"]

MAJORITY_K = 3


def tree_average(tree, gamma, rule):
    """E log P and its derivative in gamma, the fields b ~ N(0, gamma)."""
    if gamma == 0:
        slope = -3 / (4 * mp.pi) if tree.rule == "majority" else mpf(0)
        return -mp.log(2), slope
    if tree.rule == "majority":
        return _majority(gamma, rule)
    return _parity(tree.K, gamma, rule)


def _spacing(gamma, rule):
    """Distance of nodes in b that resolves exp(-s y(b)) for every s, (M11).

    Its front at b has width 1/b and a strip pi/(2b); the Gaussian suppresses it there.
    """
    front = mp.pi**2 * (3 / (2 * rule.cut)) ** mpf("1.5") / mp.sqrt(gamma)
    return min(front * rule.scale, _step(rule, mpf(2)))


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
        # exp(-s y) is 0 before `first` and 1 from `last` on; s may be complex
        first = bisect_left(self.rising, float(mp.log(mp.re(s) / self.cut)))
        last = bisect_left(self.rising, float(mp.log(abs(s)) + self.cut))
        factors = [mp.exp(-s * v) for v in self.y[first:last]]
        return [
            mp.fdot(factors, terms[first:last]) + tail[last]
            for terms, tail in zip((self.weights, self.slopes), self.tails, strict=True)
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
    require_normalised(mp.fsum(phi.weights), rule)
    value, derivative = (3 * mp.fdot(w, high) for w in (phi.weights, phi.slopes))
    # t = e^v: from e^-t negligible down to 1 - phi negligible
    step = _step(rule, mp.pi / 2)
    v = mp.log(rule.cut) + rule.shift * step
    while True:
        t = mp.exp(v)
        f, f_gamma = phi(t)
        value += step * mp.exp(-t) * (1 - f**3)
        derivative -= step * mp.exp(-t) * 3 * f**2 * f_gamma
        if v < 0 and 1 - f**3 < phi.small:
            return value, derivative
        v -= step


def _parity(K, gamma, rule):
    phi = _Laplace(*_half_line(gamma, rule), rule)

    def term(n):
        """phi(n)^K/n and its derivative in gamma."""
        f, f_gamma = phi(n)
        return mp.matrix([f**K / n, K * f ** (K - 1) * f_gamma / n])

    start = mpf(3) / 2
    total = term(mpf(1))
    # (M10), first integral: n = start + e^v
    step = _step(rule, mp.pi / 2)
    v = -rule.cut + rule.shift * step
    while True:
        part = term(start + mp.exp(v)) * mp.exp(v)
        total += part * step
        if v > 0 and part[0] < phi.small:
            break
        v += step
    # second integral: n = start + i tau, tau = exp(v - e^-v)
    step = _step(rule, mpf(1) / 2)
    v = -mp.log(rule.cut) + rule.shift * step
    while True:
        tau = mp.exp(v - mp.exp(-v))
        if 2 * mp.pi * tau > rule.cut:
            return -mp.log(2) - total[0] / 2, -total[1] / 2
        weight = 2 * step * tau * (1 + mp.exp(-v)) / (mp.exp(2 * mp.pi * tau) + 1)
        total += term(mp.mpc(start, tau)).apply(mp.im) * weight
        v += step


def _step(rule, strip):
    """Step for an integrand analytic within `strip` of the real axis."""
    return rule.step * strip / STRIP


def _half_line(gamma, rule):
    """b > 0, weights (both signs of b) and y: b = A log(1 + e^u scale/A).

    |x|^2n of (M10) is analytic in log b, not in b.
    """
    A, scale = _spacing(gamma, rule) / rule.step, min(mpf(1), mp.sqrt(gamma))
    reach = window(rule) * mp.sqrt(gamma)
    u = -rule.cut / 3 + rule.shift * rule.step
    b, db, y = [], [], []
    while True:
        rise = mp.exp(u) * scale
        x = A * mp.log1p(rise / A)
        if x > reach:
            return b, db, gamma, y
        b.append(x)
        db.append(2 * rule.step * rise / (1 + rise / A))
        root = x / mp.sqrt(2)
        y.append(-2 * (mp.log1p(-mp.erfc(root)) if x > 1 else mp.log(mp.erf(root))))
        u += rule.step
