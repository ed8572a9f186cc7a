"""Saddles of y binary replicas near given starts: docs/binary_local_entropy.md."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import root

from replicas.binary_large_y import PLATEAU
from replicas.quadrature import Rule
from replicas.results import failed_point
from replicas.tree_one_rsb import TooFine

__all__ = ["LOST", "ORDER", "RULES", "TREE_RULES", "Rules", "described", "refined"]

EPS = 2.0**-52
ORDER = (
    "q0",
    "q1",
    "eps",
    "q0_hat",
    "dq_hat",
    "p_hat",
    "local_entropy",
    "external_entropy",
)


LOST = "no saddle with 0 < q0 < q1 was found"


class Rules(NamedTuple):
    """To find a saddle; to evaluate it, each by the next; the error to be reached, and
    the residual under the next rule to be accepted.
    """

    coarse: Rule
    ladder: tuple
    tolerance: float
    met: float


RULES = Rules(
    Rule(0.2, 7.5),
    tuple(Rule(0.125 / 1.3**k, 8.5 + 0.5 * k) for k in range(5)),
    1e-12,
    1e-7,
)
TREE_RULES = {
    K: Rules(Rule(0.25, 6.5), ladder, 1e-10, 1e-3)
    for K, ladder in {
        2: (Rule(0.16, 7.0), Rule(0.125, 7.5), Rule(0.1, 7.7), Rule(0.08, 8.0)),
        3: (Rule(0.2, 7.0), Rule(0.16, 7.5), Rule(0.125, 7.7)),
    }.items()
}


def refined(at, walk, y, free, sign, rules=RULES):
    """The first walk that arrives, by finer rules until the error meets the tolerance.

    at : State as a function of (rule, y, unknowns); free : the entropy at alpha = 0;
    sign : that of the Jacobian where Phi is convex in y, (BL20). Raises TooFine where a
    tree needs more nodes than there may be.
    """
    arrived = reason = None
    for start, steps in walk:
        try:
            arrived = _arrive(partial(at, rules.coarse), start, steps, sign)
        except TooFine:
            try:
                at(rules.coarse, y, start)
            except TooFine as limit:  # not only at iterates far off
                reason = limit
        if arrived is not None:
            break
    if arrived is None:
        if reason is not None:
            raise reason
        return failed_point(LOST, ORDER)
    unknowns, inverse = arrived
    best = None
    for rule, finer in pairwise(rules.ladder):
        try:
            state, unknowns = _polish(partial(at, rule, y), unknowns, inverse)
            point = described(state, at(finer, y, unknowns), free)
        except TooFine:
            if best is None:
                raise
            break
        if best is not None and not point["error"] < 0.3 * best["error"]:
            break
        best = point
        if best["error"] < rules.tolerance:
            break
    if not best["residual"] < rules.met:
        return failed_point(LOST, ORDER)
    if best["order"]["p_hat"] < 0:
        return failed_point(PLATEAU, ORDER)
    return best


def _arrive(at, unknowns, steps, sign):
    """Unknowns near the saddle, through numbers of replicas, and the inverse Jacobian
    there; None where a step fails.
    """
    for y in steps:

        def residuals(v, y=y):
            return at(y, v).residuals[:2]

        found = root(residuals, unknowns, tol=1e-5)
        unknowns, here = found.x, found.fun
        if not max(abs(here)) < 0.01:
            return None
    moved = [residuals(unknowns + 1e-5 * unit) for unit in np.eye(2)]
    jacobian = (np.array(moved) - here).T / 1e-5
    if not np.isfinite(jacobian).all() or not sign * np.linalg.det(jacobian) > 1e-10:
        return None
    return unknowns, np.linalg.inv(jacobian)


def _polish(at, unknowns, inverse):
    """State and unknowns of the saddle by Newton steps with a nearby Jacobian."""
    state = at(unknowns)
    best = state, unknowns
    for _ in range(20):
        unknowns = unknowns - inverse @ state.residuals[:2]
        state = at(unknowns)
        if not _size(state) < 0.5 * _size(best[0]):
            break
        best = state, unknowns
    return best


def _size(state):
    return max(map(abs, state.residuals))


def described(state, fine, free):
    """The point at a State, `fine` the same by a finer rule; free : as in `refined`."""
    q1 = 1 - state.eps
    value, residual = fine.entropy, _size(fine)
    norm = abs(fine.weights.norm - 1) * abs(fine.weights.value)
    norm += state.alpha * abs(fine.patterns["f"] * (fine.patterns["norm"] - 1))
    scale = fine.q0_hat * (state.eps + state.y * state.dq) + fine.dq_hat
    # what a window misses is where the integrand is larger than on average; the entropy
    # is stationary, residuals enter squared
    error = abs(value - state.entropy) + 4 * norm
    external = fine.external_entropy
    order = {
        "q0": q1 - state.dq,
        "q1": q1,
        "eps": state.eps,
        "q0_hat": fine.q0_hat,
        "dq_hat": fine.dq_hat,
        "p_hat": fine.weights.p_hat,
        "local_entropy": value - external / state.y,
        "external_entropy": external,
    }
    return {
        "entropy": value,
        "normalised": value - free,
        "order": order,
        "stability": fine.stability,
        "error": error + scale * (residual**2 + 8 * EPS),
        "residual": residual,
        "success": True,
        "message": "",
    }
