"""Bayes-optimal learning of a binary teacher: docs/binary.md (BN15)-(BN20).

On the Nishimori line the overlap with the teacher equals that of two solutions. Along
the branch q < 1 the load alpha(x) is explicit, x = log q_hat; it has a maximum, the
spinodal. The state q = 1, the teacher alone, has entropy 0.
"""

import math

import numpy as np
from scipy.optimize import brentq

from replicas import _rs, check, tree_teacher
from replicas._weights import PriorKernel
from replicas.channels import Perceptron, Tree, Wide
from replicas.model import require_binary, require_channel
from replicas.quadrature import Rule
from replicas.results import Estimate, Saddle, stack
from replicas.spherical_capacity import MAX_UNITS

__all__ = ["teacher_student", "teacher_transitions"]

KERNEL = PriorKernel(binary=True, teacher=True)
RULE = Rule(0.08, 8.5)
EPS = np.finfo(float).eps
SCAN = np.arange(-8.0, 5.0, 0.25)  # log q_hat
METASTABLE = "the entropy is negative: metastable, the teacher alone is the equilibrium"
LEARNT = "above the spinodal: only the teacher is left"


def teacher_student(model, alpha):
    """Typical students that label all patterns as a teacher does, drawn alike.

    Parameters
    ----------
    model : Model of Binary weights and a Perceptron or Wide channel of margin 0, whose
        activation is not even, or a majority Tree of at most 9 units.
    alpha : float or array, patterns per weight, > 0.

    Returns
    -------
    Saddle of the branch q < 1: order "q" (overlap of two students, and with the
    teacher), "eps", "q_hat" and "generalisation", the probability of a wrong label;
    entropy in nats per weight, of the students. Between the first-order transition
    and the spinodal that state is metastable, its entropy negative, as the message
    says; above the spinodal the state q = 1 is returned, of entropy 0.

    Trees: errors of 1e-13 (three units) to 1e-10 (seven), larger towards the spinodal
    (itself to 1e-8 with five, 1e-4 with seven).

    Source: docs/binary.md (BN15)-(BN23).
    """
    channel = _require("teacher_student", model)
    alpha = check.positive("teacher_student", "alpha", alpha)
    top = _maximum(channel)
    points = [_point(channel, load, top) for load in alpha.ravel().tolist()]
    points = stack(points, alpha.shape)
    return Saddle(model, "teacher", alpha[()], complexity=None, **points)


def teacher_transitions(model):
    """Loads at which the teacher alone becomes the equilibrium, and the only state.

    Parameters
    ----------
    model : as for `teacher_student`.

    Returns
    -------
    first_order, spinodal : Estimate, patterns per weight, order "q", "eps", "q_hat" of
        the state q < 1 there.

    Source: docs/binary.md (BN19)-(BN22).
    """
    channel = _require("teacher_transitions", model)
    x = _maximum(channel)
    if isinstance(channel, Tree):
        first = tree_teacher.first_order(KERNEL, channel)
    else:
        first = brentq(lambda x: _at(channel, x)["entropy"], SCAN[0], x, xtol=1e-13)
    return _load(channel, first, zero=True), _load(channel, x, zero=False)


def _require(function, model):
    require_binary(function, model)
    channel = require_channel(function, model, Perceptron, Wide, Tree)
    if isinstance(channel, Tree):
        # the parity has q = 0 at every load: nothing is learnt before the teacher is
        if channel.rule != "majority" or channel.K > MAX_UNITS:
            raise ValueError(
                f"{function}: a tree must be a majority of at most {MAX_UNITS} units, "
                f"given {channel!r}"
            )
    elif channel.kappa != 0 or channel.is_even:
        raise ValueError(
            f"{function}: the channel must be of margin 0 and not even, "
            f"given {channel!r}"
        )
    return channel


def _at(channel, x, rule=RULE):
    if isinstance(channel, Tree):
        spacing = tree_teacher.scaled(rule, RULE.finer())
        return tree_teacher.branch(KERNEL, channel, x, **spacing)
    return _rs.branch(KERNEL, channel.kernel, x, rule.step, rule.window)


def _maximum(channel):
    """x at which the load of the branch is largest."""
    if isinstance(channel, Tree):
        return tree_teacher.spinodal(KERNEL, channel)
    slopes = np.array([_at(channel, x)["slope"] for x in SCAN])
    i = int(np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))[0])
    return brentq(lambda x: _at(channel, x)["slope"], SCAN[i], SCAN[i + 1], xtol=1e-13)


def _load(channel, x, *, zero):
    """Load at x: where the entropy vanishes, or is extremal."""
    here, fine = _at(channel, x), _at(channel, x, RULE.finer())
    # both are stationary in x
    loads = [
        -at["entropic"] / at["f"] if zero else math.exp(at["log_load"])
        for at in (here, fine)
    ]
    residual = abs(loads[1] / math.exp(fine["log_load"]) - 1 if zero else fine["slope"])
    error = float(abs(loads[1] - loads[0]) + loads[1] * (residual**2 + 8 * EPS))
    order = {name: fine[name] for name in ("q", "eps", "q_hat")}
    return Estimate(loads[1], error, residual, True, "", order)


def _point(channel, alpha, top):
    log_alpha = math.log(alpha)
    if _log_load(channel, top) <= log_alpha:
        return _learnt()
    low = min(log_alpha - 5, SCAN[0])
    x = brentq(lambda x: _log_load(channel, x) - log_alpha, low, top, xtol=1e-14)
    here, fine = _at(channel, x), _at(channel, x, RULE.finer())
    entropy = fine["entropic"] + alpha * fine["f"]
    residual = abs(fine["log_load"] - log_alpha)
    error = (
        abs(entropy - here["entropic"] - alpha * here["f"])
        + alpha * abs(fine["f"] * (fine["norm"] - 1))
        # second order in the distance to the root, which the slope bounds
        + fine["q_hat"] * fine["dq"] * residual * min(1, residual / abs(fine["slope"]))
        + EPS * (8 + 2 * fine["cancels"])
    )
    order = {name: fine[name] for name in ("q", "eps", "q_hat")}
    order["generalisation"] = _generalisation(channel, fine["q"], fine["eps"])
    return {
        "order": order,
        "entropy": entropy,
        "stability": fine["stability"],
        "error": float(error),
        "residual": residual,
        "success": True,
        "message": METASTABLE if entropy < 0 else "",
    }


def _generalisation(channel, q, eps):
    """Probability that the labels of two solutions, or a solution's, differ."""
    tree = isinstance(channel, Tree)
    eps = eps if tree else channel.kernel.overlap(q, eps)[1]
    differ = 2 * math.asin(math.sqrt(0.5 * eps)) / math.pi
    return tree_teacher.generalisation(channel.K, differ) if tree else differ


def _log_load(channel, x):
    if isinstance(channel, Tree):
        spacing = tree_teacher.scaled(RULE, RULE.finer())
        return tree_teacher.log_load(KERNEL, channel, x, **spacing)
    return _at(channel, x)["log_load"]


def _learnt():
    order = {"q": 1.0, "eps": 0.0, "q_hat": math.inf, "generalisation": 0.0}
    return {
        "order": order,
        "entropy": 0.0,
        "stability": 0.0,
        "error": 0.0,
        "residual": 0.0,
        "success": True,
        "message": LEARNT,
    }
