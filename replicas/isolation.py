"""Distance to the nearest other solutions: where the Franz-Parisi entropy vanishes."""

import math

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import expit, logit

from replicas import check
from replicas.channels import Loss
from replicas.franz_parisi import supported
from replicas.franz_parisi_ansatz import Problem, equations
from replicas.franz_parisi_entropic import free
from replicas.franz_parisi_reference import references, require_reference
from replicas.franz_parisi_saddle import point
from replicas.franz_parisi_terms import Overlaps
from replicas.model import refuse_symmetric, require_constraint
from replicas.priors import Binary
from replicas.quadrature import Rule
from replicas.results import Estimate, failed_estimate

__all__ = ["isolation_distance"]

WALK, LEAP = 0.6, 0.2  # ratios of successive distances on the way inwards
FINEST = 0.99  # ratio at which the zero is solved for instead
RARE = 1e-3  # share of the nearby weights that are no solutions, to leap
CLOSEST, FARTHEST = 1e-9, 0.49
ORDER = "q1", "t"
SLOPE = 1e-3
RULE, RESIDUAL = Rule(0.03), 1e-8  # where d_min is solved for


def isolation_distance(model, alpha, reference=None):
    """Distance below which there are no solutions around a reference.

    d_min > 0 with phi(d) < 0 for 0 < d < d_min and phi(d_min) = 0, phi the
    Franz-Parisi entropy.

    Parameters
    ----------
    model : Model of binary weights.
    alpha : float, patterns per weight, > 0.
    reference : as in `franz_parisi`.

    Returns
    -------
    Estimate of d_min; order has "q1" and "t" there. 0, exactly, around references with
    a larger margin than the solutions. States of a loss violate a few patterns: 0 with
    an error of some 1e-9 where d_min is smaller. message says what the references may
    not be taken for, as in `franz_parisi`. success is False where there are none, where
    no distance has a positive entropy, or where the entropy is lost on the way to small
    distances while it is positive.

    Source: docs/franz_parisi.md (F27).
    """
    require_constraint("isolation_distance", model)
    refuse_symmetric("isolation_distance", model)
    if not isinstance(model.prior, Binary):
        raise ValueError(
            "isolation_distance: the prior must be Binary (the volume of spherical "
            f"weights has no zero), given {model.prior!r}"
        )
    alpha = check.positive_number("isolation_distance", "alpha", alpha)
    reference = require_reference("isolation_distance", model, reference)
    channel = supported("isolation_distance", model)
    measure = references(reference, [alpha])[alpha]
    problem = Problem(model.prior, channel, alpha, measure)
    last = None

    def at(distance):
        nonlocal last
        found, near = point(problem, distance, last)
        last = near or last
        return found

    d, start = _start(at, min(0.5 * measure.eps, FARTHEST))
    if not start["success"]:
        return _failed(start["message"])
    if not start["entropy"] > 0:
        reason = "the entropy at the typical distance is negative"
        return _failed(start["message"] or reason)
    if _margin(measure.channel) > _margin(channel):
        return _zero(0.0, start)
    low, high, message = _bracket(at, d, start)
    if message:
        lost = isinstance(measure.channel, Loss)
        return _solved_for(problem, last, message) if lost else _failed(message)
    if high is None:
        return _zero(low, start)
    ends = np.log([low, high])
    d = math.exp(brentq(lambda x: at(math.exp(x))["entropy"], *ends, xtol=1e-14))
    here, beyond = at(d), at(d * (1 + SLOPE))
    if not here["success"]:
        return _failed(f"at distance {d:.2g}: {here['message']}")
    # towards smaller distances it is steeper, and the saddle may end
    slope = (beyond["entropy"] - here["entropy"]) / (SLOPE * d)
    error = (here["error"] + abs(here["entropy"])) / slope + 4e-14 * d
    order = {name: here["order"][name] for name in ORDER}
    return Estimate(d, error, here["residual"], True, here["message"], order)


def _margin(channel):
    """States of a loss have none."""
    return -math.inf if isinstance(channel, Loss) else getattr(channel, "kappa", 0.0)


def _start(at, d):
    """The distance d, or the first beyond it with a positive entropy; the point.

    References that violate many patterns are closer to one another than solutions.
    """
    here = first = at(d)
    typical = d
    while not here["entropy"] > 0 and d < FARTHEST:
        d = min(d / WALK, FARTHEST)
        here = at(d)
    return (d, here) if here["entropy"] > 0 else (typical, first)


def _bracket(at, d, last):
    """Distances below and above the innermost zero below d; why it is lost.

    None above: there is none down to the distance given.
    """
    low, high, ratio = d, None, WALK
    while d * ratio > CLOSEST:
        here = at(d * ratio)
        if here["success"]:
            if here["entropy"] < 0 <= last["entropy"]:
                low, high = d * ratio, d
            elif last["entropy"] < 0 <= here["entropy"]:
                high = None
            d, last = d * ratio, here
            share = -here["normalised"] / (here["entropy"] - here["normalised"])
            ratio = LEAP if share < RARE else max(ratio, WALK)
        elif last["entropy"] < 0:
            break
        elif ratio > FINEST:
            return d, high, f"at distance {d * ratio:.2g}: {here['message']}"
        else:
            ratio = math.sqrt(ratio)
    return (low if high else d), high, ""


def _solved_for(problem, o, message):
    """d_min as an unknown of the saddle point, with c and delta; from o nearby.

    Where violated patterns are rare, delta jumps to 1 in a narrow range of distances,
    in which phi vanishes.
    """
    x = np.array([math.log(o.c), logit(o.delta), math.log(o.eps_p)])
    found = []
    for rule in RULE, RULE.finer():
        solution = root(_unknowns, x, args=(problem, rule), method="lm")
        x, residual = solution.x, float(np.abs(solution.fun).max())
        if not residual < RESIDUAL:
            return _failed(message)
        found.append(_overlaps(problem, x))
    coarse, o = found
    d = 0.5 * o.eps_p
    error = abs(0.5 * coarse.eps_p - d) + residual * d
    order = {"q1": 1 - o.eps1, "t": o.t}
    return Estimate(d, error, residual, True, problem.reference.message, order)


def _overlaps(problem, x):
    c, delta, eps_p = math.exp(x[0]), float(expit(x[1])), math.exp(x[2])
    return Overlaps(problem.reference.q, problem.reference.eps, eps_p, c, delta)


def _unknowns(x, problem, rule):
    """Residuals of (F25), and phi as a share of h(d)."""
    state = equations(problem, _overlaps(problem, x), rule)
    value = state.s.value + problem.alpha * state.e.f
    return [*state.s.residual, 1 + value / free(problem.prior, state.o)]


def _zero(error, start):
    order = dict.fromkeys(ORDER, math.nan)
    return Estimate(0.0, error, 0.0, True, start["message"], order)


def _failed(message):
    return failed_estimate(message, ORDER)
