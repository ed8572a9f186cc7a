"""Local entropy of y replicas at mutual overlap q1, one point: docs/finite_y.md."""

import math

import numpy as np

from replicas import _finite_y, rsb_equations, tree_centre
from replicas.channels import Tree, single_unit
from replicas.model import Model
from replicas.priors import Spherical
from replicas.quadrature import Rule
from replicas.results import failed_point
from replicas.rs import rs

__all__ = ["point"]

EPS = 2.0**-52
TOLERANCE = 1e-12  # absolute, of the entropy
PRIOR = Spherical()
NO_MINIMUM = (
    "no minimum with q0 < q1: the distance exceeds that of typical solutions, "
    "or alpha the capacity"
)


def point(channel, alpha, eps, y, *, start=None):
    r"""Point at 1 - q1 = eps: the 1-RSB free entropy at m = y, stationary in q0.

    phi_y(q1) = min_{q0 <= q1} [G_S + alpha G_E](q0, q1, m = y).

    Parameters
    ----------
    channel : Perceptron, Wide, or Tree with K = 2 or 3.
    alpha : patterns per weight, > 0.
    eps : 1 - q1 in (0, 1).
    y : number of replicas, real, >= 1.
    start : a neighbouring point; it saves time and does not change the result.

    Returns
    -------
    dict with "entropy" (un-normalised), "normalised" (minus its value at alpha = 0),
    "order" ("q0", "q1"), "stability" (replicon index of the centre), "error",
    "residual", "success", "message". Without a minimum at q0 < q1 (a distance above
    that of typical solutions, or alpha above the capacity) success is False. Scalar
    channels: error below 1e-11 for y up to 1e4 and eps down to 1e-8.

    Source: docs/finite_y.md (FY1)-(FY6).
    """
    channel = single_unit(channel)
    if isinstance(channel, Tree):
        tree_centre.require_units("local_entropy", channel)
        return _tree_point(channel, alpha, eps, y)
    rule, best = Rule(), None
    x = _start(start)
    while rule.step > 0.05:
        fine = rule.finer()
        rules = rule.step, rule.window, fine.step, fine.window
        q0, dq, *out = _finite_y.solve(channel.kernel, alpha, eps, y, x, *rules)
        if math.isnan(q0):
            return _failed(eps, NO_MINIMUM)
        if best is None or out[2] < best[4]:
            best = q0, dq, *out
        if best[4] < TOLERANCE:
            break
        rule, x = (
            Rule(rule.step / 1.5, rule.window + 0.2),
            math.log(q0 / dq) if q0 else x,
        )
    return assemble(alpha, eps, y, *best)


def _tree_point(channel, alpha, eps, y):
    """The lowest of the minima in q0."""
    message, solutions, starts = "", [], []
    try:
        starts = tree_centre.minima(channel, alpha, eps, y)
    except rsb_equations.NoSaddle as reason:
        message = str(reason)
    for x in starts:
        u = np.array([math.log((1 - eps) / eps), x, math.log(y)])
        free = [1] if math.isfinite(x) else []
        try:
            solutions.append(rsb_equations.solve(channel, alpha, u, free))
        except rsb_equations.NoSaddle as reason:
            message = str(reason)
    if not solutions:
        symmetric = rs(Model(PRIOR, channel), alpha)
        if not symmetric.success or symmetric.order["eps"] <= eps:
            message = NO_MINIMUM
        return _failed(eps, message)
    lowest = min(solutions, key=lambda found: found.state.entropy)
    s = lowest.state
    out = s.energetic, s.outer_replicon, lowest.error, lowest.residual
    return assemble(alpha, eps, y, s.q0, s.dq, *out)


def _failed(eps, message):
    return failed_point(message, ("q0",), q1=1 - eps)


def assemble(alpha, eps, y, q0, dq, energetic, stability, error, residual):
    """The point of a solution; dq = q1 - q0, energetic = G_E."""
    entropic = float(PRIOR.one_rsb(q0, dq, eps, y)[0])
    largest = free_entropy_without_patterns(eps, y)
    scale = abs(math.log(eps)) + q0 / (eps + y * dq) + alpha * abs(energetic)
    return {
        "entropy": entropic + alpha * energetic,
        "normalised": entropic - largest + alpha * energetic,
        "order": {"q0": q0, "q1": 1 - eps},
        "stability": stability,
        "error": error + 4 * EPS * scale,
        "residual": residual,
        "success": True,
        "message": "",
    }


def free_entropy_without_patterns(eps, y):
    """phi_y at alpha = 0, (FY3)."""
    return 0.5 * (math.log(eps) + math.log1p(y * (1 - eps) / eps) / y)


def _start(start):
    """log q0/(q1 - q0) of a neighbouring point, if it is one."""
    if start is None or not start["success"] or "q0" not in start["order"]:
        return 0.0
    q0, q1 = start["order"]["q0"], start["order"]["q1"]
    return math.log(q0 / (q1 - q0)) if 0 < q0 < q1 else 0.0
