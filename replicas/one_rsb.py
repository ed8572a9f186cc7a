"""1-RSB saddle: overlaps q0 < q1, entropy and complexity: docs/one_rsb.md."""

import math

import numpy as np

from replicas import _finite_y, check, rsb_equations, tree_centre
from replicas.channels import Tree, single_unit
from replicas.model import Model, refuse_symmetric, require_spherical
from replicas.results import Saddle, failed_saddle, stack
from replicas.rs import rs

__all__ = ["one_rsb"]

# log (1 - q_RS)/(1 - q1) of the scan in q1, and the m from which m is solved
SCAN = (1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.6, 1, 1.5, 2, 3, 4, 6, 8, 11, 15, 19)
STARTS = (0.5, 0.8, 0.2, 0.95, 0.05, 0.01)
TREE_STARTS = (0.5, 0.8, 0.2)
TREE_SCAN = (0.01, 0.1, 0.3, 0.6, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
Q1, Q0, M = 0, 1, 2  # places in u


def one_rsb(model, alpha, m=None):
    r"""1-RSB saddle with Parisi parameter m.

    S(q0, q1, m) = G_S + alpha/m int Dz0 log int Dz1 Z^m, stationary at q0 < q1.

    Parameters
    ----------
    model : Model of spherical weights. Binary weights freeze, see `capacity`.
    alpha : float or array, patterns per weight, > 0.
    m : float or array in (0, 1]; None: the m in (0, 1) of zero complexity.
        alpha and m broadcast against each other.

    Returns
    -------
    Saddle with order "q0", "q1", "eps1" = 1 - q1 and "m", entropy in nats per weight,
    complexity -m^2 dS/dm and, as stability, the larger replicon index of the two
    levels (stable below 1). Of several saddles, that of least entropy among those
    minimal in q1. Where only q0 = q1 is stationary success is False.

    Source: docs/one_rsb.md (B1)-(B14).
    """
    require_spherical("one_rsb", model)
    refuse_symmetric("one_rsb", model)
    alpha = check.positive("one_rsb", "alpha", alpha)
    channel = single_unit(model.channel)
    if isinstance(channel, Tree):
        tree_centre.require_units("one_rsb", channel)
    solved = Model(model.prior, channel)
    if m is not None:
        m = check.inside("one_rsb", "m", m, "in (0, 1]", lambda x: (x > 0) & (x <= 1))
        alpha, m = check.broadcast("one_rsb", alpha=alpha, m=m)
        points = [
            _at_m(solved, float(a), float(n))
            for a, n in zip(alpha.flat, m.flat, strict=True)
        ]
    else:
        points = [_extremal(solved, float(a)) for a in alpha.flat]
    return Saddle(
        model=model,
        ansatz="1rsb*" if m is None else "1rsb",
        alpha=alpha[()],
        **stack(points, alpha.shape),
    )


def _at_m(model, alpha, m):
    """The saddle at given m: every minimum in q1 of a scan, the lowest of them."""
    message, solutions = f"no saddle with q0 < q1 at m = {m:g}", []
    for u in _scan(model, alpha, m):
        try:
            solutions.append(_solve(model.channel, alpha, u))
        except rsb_equations.NoSaddle as reason:
            message = str(reason)
    if not solutions:
        return _failed(message, m)
    return _point(min(solutions, key=lambda found: found.state.entropy))


def _solve(channel, alpha, u, *more):
    free = [Q1, Q0, *more] if math.isfinite(u[Q0]) else [Q1, *more]
    found = rsb_equations.solve(channel, alpha, u, free)
    if not found.state.m <= 1:
        raise rsb_equations.NoSaddle("the complexity vanishes at m > 1 only")
    return found


def _extremal(model, alpha):
    """The saddle in m too: solved from saddles at given m, or bracketed by them."""
    channel, at_m = model.channel, []
    for m in TREE_STARTS if isinstance(channel, Tree) else STARTS:
        for u in _scan(model, alpha, m):
            try:
                return _point(_solve(channel, alpha, u, M))
            except rsb_equations.NoSaddle:
                pass
            try:
                at_m.append((m, _solve(channel, alpha, u).state.d_m, u))
            except rsb_equations.NoSaddle:
                pass
    if not at_m:
        message = "no saddle with q0 < q1: replica symmetric, or above capacity"
    elif all(d_m < 0 for _, d_m, _ in at_m):
        message = "the complexity is positive for m < 1: the saddle is at m = 1"
    elif all(d_m > 0 for _, d_m, _ in at_m):
        message = "the complexity is negative: alpha is above the 1-RSB capacity"
    else:
        try:
            return _point(_bracketed(channel, alpha, at_m))
        except rsb_equations.NoSaddle as reason:
            message = str(reason)
    return _failed(message, math.nan)


def _bracketed(channel, alpha, at_m):
    """The m of zero complexity between two m of opposite sign, near q0 = q1."""
    low = max((entry for entry in at_m if entry[1] < 0), key=lambda entry: entry[0])
    high = min((entry for entry in at_m if entry[1] > 0), key=lambda entry: entry[0])
    for _ in range(26):
        u = 0.5 * (low[2] + high[2])
        s = _solve(channel, alpha, u).state
        u = rsb_equations.point_of(s.q0, s.dq, s.eps, s.m)
        low, high = (low, (s.m, s.d_m, u)) if s.d_m > 0 else ((s.m, s.d_m, u), high)
    return _solve(channel, alpha, u, M)


def _scan(model, alpha, m):
    """Points near the minima in q1, at stationary q0."""
    symmetric = rs(model, alpha)
    if not symmetric.success:
        return []
    channel, rule = model.channel, rsb_equations.scan_rule(model.channel)
    starts, last = [], {}
    for s in TREE_SCAN if isinstance(channel, Tree) else SCAN:
        eps = symmetric.order["eps"] * math.exp(-s)
        for branch, x in _stationary(channel, alpha, eps, m):
            u = np.array([math.log((1 - eps) / eps), x, math.log(m)])
            slope = rsb_equations.state(channel, alpha, u, rule).equations[Q1]
            if branch in last and last[branch][1] < 0 <= slope:
                starts.append(_between(*last[branch], u, slope))
            last[branch] = u, slope
    return starts


def _between(u_low, slope_low, u_high, slope_high):
    """Linear interpolation to zero slope; q0 = 0 stays."""
    weight = slope_high / (slope_high - slope_low)
    u = u_high.copy()
    free = np.isfinite(u)
    u[free] = weight * u_low[free] + (1 - weight) * u_high[free]
    return u


def _stationary(channel, alpha, eps, m):
    """(branch, logit q0/q1) of the minima in q0; branch 0 is q0 = 0."""
    if isinstance(channel, Tree):
        try:
            found = tree_centre.minima(channel, alpha, eps, m)
        except rsb_equations.NoSaddle:
            found = []
        return [(int(math.isfinite(x)), x) for x in found]
    rule = rsb_equations.scan_rule(channel)
    rules = rule.step, rule.window, rule.step, rule.window
    q0, dq, *_ = _finite_y.solve(channel.kernel, alpha, eps, m, 0.0, *rules)
    if math.isnan(q0):
        return []
    return [(1, math.log(q0 / dq)) if q0 > 0 else (0, -math.inf)]


def _point(solution):
    s = solution.state
    return {
        "order": {"q0": s.q0, "q1": 1 - s.eps, "eps1": s.eps, "m": s.m},
        "entropy": s.entropy,
        "complexity": -(s.m**2) * s.d_m,
        "stability": max(s.inner_replicon, s.outer_replicon),
        "error": solution.error,
        "residual": solution.residual,
        "success": True,
        "message": "",
    }


def _failed(message, m):
    point = failed_saddle(message, ("q0", "q1", "eps1"), m=m)
    return point | {"complexity": math.nan}
