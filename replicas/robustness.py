r"""Robustness of solutions to noise on the inputs or on the weights.

docs/robustness.md derives the formulas.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, roots_legendre

from replicas import check
from replicas.channels import Perceptron, Tree, Wide
from replicas.local_entropy import local_entropy
from replicas.model import Model, require_channel
from replicas.quadrature import Rule, sinh_nodes
from replicas.results import stack
from replicas.rs import rs
from replicas.tree_robustness import typical_flips
from replicas.tree_rs import require_units
from replicas.warnings import UNSTABLE, joined

__all__ = ["Robustness", "flip_error"]

SOLUTIONS = ("typical", "dense")
DROP = 40.0  # fall of a log-density beyond which it is left out
EPS = np.finfo(float).eps
X, W = roots_legendre(16)


@dataclass(frozen=True)
class Robustness:
    """Fraction of the patterns whose output is wrong under noise.

    overlap : of the noisy inputs (or weights) with the true ones; flip_error in
    [0, 1/2]; error : its estimated absolute error; order, stability, residual : of the
    saddle that gives the solutions.
    """

    model: Model
    alpha: Any
    overlap: Any
    solutions: str
    distance: Any
    flip_error: Any
    order: dict[str, Any]
    stability: Any
    error: Any
    residual: Any
    success: Any
    message: Any


def flip_error(model, alpha, overlap, *, solutions="typical", distance=None):
    r"""Probability that the noisy output is wrong on a pattern of the training set.

    eps(tau) = int dv P(v) H(rho v/sqrt(1 - rho^2)), rho = Delta(tau)/Delta(1), P(v)
    the law of the stabilities of the solutions. At margins below 0 some outputs are
    wrong without noise too.

    Parameters
    ----------
    model : Model of a Perceptron, Wide or Tree channel; a tree of at most 9 units.
    alpha : float or array, patterns per weight, > 0.
    overlap : float or array in [0, 1), tau. Inputs flipped with probability p, or
        weights at distance p, have tau = 1 - 2p.
    solutions : "typical", drawn at random (replica symmetric); "dense", those of the
        y = infinity local entropy at mutual distance `distance` (not of trees, whose
        fields are known only where the sums of that entropy put them).
    distance : float or array in (0, 1/2), for "dense".

    The arrays broadcast against each other.

    Returns
    -------
    Robustness of the broadcast shape. Where the saddle of the solutions failed, success
    is False; where it is unstable (stability > 1) the message says so.

    Source: docs/robustness.md (RO1)-(RO8).
    """
    channel = require_channel("flip_error", model, Perceptron, Wide, Tree)
    alpha = check.positive("flip_error", "alpha", alpha)
    overlap = check.inside(
        "flip_error", "overlap", overlap, "in [0, 1)", lambda t: (t >= 0) & (t < 1)
    )
    check.choice("flip_error", "solutions", solutions, SOLUTIONS)
    if (solutions == "dense") != (distance is not None):
        raise ValueError(
            "flip_error: distance must be given for dense solutions and for them only, "
            f"given {distance!r} for {solutions}"
        )
    if isinstance(channel, Tree):
        require_units("flip_error", channel)
        if distance is not None:
            raise ValueError(
                "flip_error: dense solutions are those of channels with one field; of "
                f"a tree there are the typical ones, given {solutions} for {channel!r}"
            )
    if distance is None:
        loads, saddles = alpha, rs(model, alpha)
    else:
        distance = check.distance("flip_error", distance)
        loads, distance = check.broadcast("flip_error", alpha=alpha, distance=distance)
        saddles = local_entropy(model, loads, distance)
    # a saddle serves all overlaps
    which = np.arange(loads.size).reshape(loads.shape)
    which, overlap = check.broadcast("flip_error", alpha=which, overlap=overlap)
    points = [
        _point(channel, float(tau), *_saddle(saddles, np.unravel_index(i, loads.shape)))
        for i, tau in zip(which.flat, overlap.flat, strict=True)
    ]
    alpha = loads.ravel()[which]
    if distance is not None:
        distance = distance.ravel()[which][()]
    return Robustness(
        model=model,
        alpha=alpha[()],
        overlap=overlap[()],
        solutions=solutions,
        distance=distance,
        **stack(points, overlap.shape),
    )


def _saddle(saddles, index):
    """Order parameters of one saddle, and what a point inherits from it."""

    def entry(column):
        return column[index] if index else column

    columns = ("stability", "residual", "success", "message")
    order = {name: entry(column) for name, column in saddles.order.items()}
    return order, {name: entry(getattr(saddles, name)) for name in columns}


def _point(channel, tau, order, saddle):
    """The flip error at one saddle, its error and what it inherits."""
    point = {"flip_error": math.nan, "error": math.nan, "order": order, **saddle}
    if not saddle["success"]:
        return point
    eps = order["eps"] if "eps" in order else 1 - order["q1"]
    if "delta" not in order:
        # the typical ones; q moves by at most this with the residual of the saddle
        shift = (10 * saddle["residual"] + 1e-13) * eps * (1 - eps)
        laws = (eps, 0.0), (eps + shift, 0.0)
    else:
        delta = order["delta"]
        laws = (eps, delta), (eps, delta * (1 + 10 * saddle["residual"] + 1e-13))
    rule = Rule(step=0.05, window=8.5)
    if isinstance(channel, Tree):
        value, error = _tree_flips(channel, tau, laws[0][0], laws[1][0], rule)
    else:
        value = _average(channel, tau, *laws[0], rule.finer())
        error = abs(value - _average(channel, tau, *laws[0], rule))
        error += abs(value - _average(channel, tau, *laws[1], rule.finer()))
    point |= {"flip_error": value, "error": error + 8 * EPS}
    if saddle["stability"] > 1 and UNSTABLE not in saddle["message"]:
        point["message"] = joined(saddle["message"], UNSTABLE)
    return point


def _tree_flips(channel, tau, eps, other, rule):
    """The flip error of typical solutions of a tree, (RO8), and its error."""
    slope = tau / math.sqrt((1 - tau) * (1 + tau))

    def average(eps, coarser):
        def flips(b):
            return _flips(0.0, math.sqrt(eps) * b, eps, slope, rule)

        return typical_flips(channel, 1 - eps, flips, coarser)

    value = average(eps, 1.0)
    # the sums of large overlaps converge slowly
    error = 3 * abs(value - average(eps, 1.25)) + abs(value - average(other, 1.0))
    return value, error


def _average(channel, tau, eps, delta, rule):
    """eps(tau) over the fields omega of the solutions, (RO2) or (RO4)."""
    rho, lost, *_ = channel.kernel.overlap(tau, 1 - tau)
    noise = math.sqrt(lost * (1 + rho))  # sqrt(1 - rho^2)
    tq, V, slope, _ = channel.kernel.overlap(1 - eps, eps)
    omega, weight = _fields(channel, max(tq, 1e-300), V, delta * slope, rule)
    return float(weight @ _flips(channel.kappa, omega, V, rho / noise, rule))


def _fields(channel, tq, V, D, rule):
    """Nodes of the field omega of the solutions before their own noise, and weights.

    h = omega - D f'(omega) is Gaussian of variance tq, f = log H; D = 0 for typical
    solutions.
    """
    lift = math.sqrt(2 * math.log1p(D / V))
    centre = channel.kappa + lift * math.sqrt(V)
    edge = rule.window * math.sqrt(tq)
    low, high = (_omega_of(channel, V, D, h) for h in (-edge, edge))
    width = min(2 * math.sqrt(V) / (1 + lift), 0.7 * edge)
    # the rest of the Gaussian needs its nodes when the front is far away
    step = rule.step * min(1.0, 5.6 * math.sqrt(tq) / math.hypot(width, centre))
    omega, weight = sinh_nodes(centre, width, low, high, step)
    _, d, d2 = channel.log_z(omega, V)
    h = (omega - D * d) / math.sqrt(tq)
    weight = weight * (1 - D * d2)
    return omega, weight * np.exp(-0.5 * h * h) / math.sqrt(2 * math.pi * tq)


def _omega_of(channel, V, D, h):
    """The field omega with omega - D f'(omega) = h."""
    if D == 0:
        return h

    def miss(omega):
        return omega - D * channel.log_z(omega, V)[1].item() - h

    return brentq(miss, h, max(h, channel.kappa + 40 * math.sqrt(V)) + 1.0)


def _flips(kappa, omega, V, slope, rule):
    """Probability of a flip, E H(slope v) over v > kappa, v ~ N(omega, V): (RO3).

    v = omega + sqrt(V) x, x on Legendre panels graded towards v = 0.
    """
    root = math.sqrt(V)
    start = (kappa - omega) / root
    low = np.maximum(start, -9.0)
    high = np.sqrt(np.maximum(low, 0) ** 2 + 2 * DROP)
    front = -omega / root
    width = 1 / max(slope * root, 1e-3)
    graded = width * 2.0 ** np.arange(-1, max(1, math.ceil(math.log2(20 / width))))
    ends = front[:, None] + np.concatenate([-graded, [0.0], graded])
    parts = np.linspace(0, 1, 1 + round(0.25 / rule.step))
    even = low[:, None] + (high - low)[:, None] * parts
    ends = np.clip(np.append(ends, even, axis=1), low[:, None], high[:, None])
    ends = np.sort(ends, axis=1)
    half = 0.5 * np.diff(ends)[:, :, None]
    x = 0.5 * (ends[:, 1:] + ends[:, :-1])[:, :, None] + half * X
    log_weight = 0.5 * (low[:, None, None] ** 2 - x * x)
    flips = ndtr(-slope * root * (x - front[:, None, None]))
    total = np.einsum("ipn,ipn,ipn->i", half * W, np.exp(log_weight), flips)
    norm = log_ndtr(-start) + 0.5 * low**2 + 0.5 * math.log(2 * math.pi)
    return total * np.exp(-norm)
