"""Franz-Parisi entropy: solutions at a distance from a typical one.

docs/franz_parisi.md derives the formulas.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from replicas import check
from replicas.channels import Tree, single_unit
from replicas.franz_parisi_terms import Overlaps, scalar_averages
from replicas.model import require_spherical
from replicas.quadrature import Rule
from replicas.results import Curve, failed_point, stack
from replicas.rs import rs
from replicas.tree_franz_parisi import LARGEST_OVERLAP, tree_averages

__all__ = ["franz_parisi"]

EPS = 2.0**-52
RESIDUAL = 1e-11
BOUNDARY_RESIDUAL = 1e-6  # at delta = 0 the error of the sums shows as a residual
NEWTON_STEPS = 50
NEAR = 2.0  # in log(1 - p)
WALK = 0.2
ALPHA_STEP = 1e-4
REFERENCE_RESIDUAL = 1e-12


@dataclass(frozen=True)
class Accuracy:
    """Rules to approach the saddle and to start refining there, until `tolerance`
    (of the normalised entropy) or the finest step is met.
    """

    first: Rule
    rule: Rule
    shrink: float
    finest: float
    tolerance: float


SCALAR = Accuracy(Rule(), Rule(), 1.5, 0.03, 1e-11)
TREE = Accuracy(Rule(0.4, 6.5), Rule(0.25, 7.0), 1.25, 0.17, 2e-9)


def franz_parisi(model, alpha, distance, reference=None):
    r"""Local entropy around a typical solution (Franz-Parisi potential).

    phi(d) is the mean log-volume per weight of the solutions at distance d from a
    solution drawn at random: extremum over q1 and t of entropic + alpha energetic.

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.
    distance : float or array in (0, 1/2), d = (1 - overlap)/2.
    reference : None, the typical (replica symmetric) solutions of the same model.

    alpha and distance broadcast against each other; along the last axis each point
    starts from its neighbour. The branch does not depend on it.

    Returns
    -------
    Curve of the broadcast shape. order has "q", the overlap among the references,
    "q1", among the solutions at distance d, and "t", of these with the other
    references. `stability` is the replicon index of the solutions at distance d,
    stable below 1. success is False above the RS capacity, beyond the largest
    distance between solutions and, near p = q, where the references are not replica
    symmetric.

    Trees may have at most three units (ValueError for more), and their references
    an overlap up to 0.7 (three units) or 0.95 (two).

    Source: docs/franz_parisi.md (F1)-(F20).
    """
    require_spherical("franz_parisi", model)
    alpha = check.positive("franz_parisi", "alpha", alpha)
    distance = check.distance("franz_parisi", distance)
    if reference is not None:
        raise ValueError(
            "franz_parisi: reference must be None (typical solutions of the model), "
            f"given {reference!r}"
        )
    channel = _supported(model.channel)
    alpha, distance = check.broadcast("franz_parisi", alpha=alpha, distance=distance)
    references = {a: _reference(model, a) for a in map(float, np.unique(alpha))}
    points, last = [], None
    for a, d in zip(map(float, alpha.flat), map(float, distance.flat), strict=True):
        if len(points) % (alpha.shape or (1,))[-1] == 0:
            last = None
        point, last = _point(model.prior, channel, a, d, references[a], last)
        points.append(point)
    return Curve(
        model=model,
        ansatz="franz-parisi",
        between="reference",
        alpha=alpha[()],
        distance=distance[()],
        y=None,
        **stack(points, alpha.shape),
    )


def _supported(channel):
    """The channel to average over; a tree of one unit is a perceptron."""
    if not isinstance(channel, Tree):
        return channel
    if channel.K > max(LARGEST_OVERLAP):
        raise ValueError(
            "franz_parisi: trees are supported with K = 1 or 3 (majority) and 1, 2 or "
            f"3 (parity), given K = {channel.K}"
        )
    return single_unit(channel)


@dataclass(frozen=True)
class Reference:
    """Replica symmetric measure of the references.

    q : their overlap, eps = 1 - q; dq : the error of q; message : why there is none.
    """

    q: float
    eps: float
    dq: float
    message: str


def _reference(model, alpha):
    """Typical solutions of the model; the residual is a relative change of alpha."""
    saddle = rs(model, np.array([alpha * (1 - ALPHA_STEP), alpha]))
    q, eps = saddle.order["q"], saddle.order["eps"]
    off = max(float(saddle.residual[1]), REFERENCE_RESIDUAL)
    dq = (eps[0] - eps[1]) / ALPHA_STEP * off
    return Reference(float(q[1]), float(eps[1]), float(dq), str(saddle.message[1]))


def energetic(channel, o, rule):
    """Averages (F9), (F10) at the overlaps o."""
    if isinstance(channel, Tree):
        return tree_averages(channel, o, rule)
    return scalar_averages(channel, o, rule)


def _equations(prior, channel, alpha, o, rule):
    """(F7): logs of the two sides of the saddle equations and their Jacobian."""
    e = energetic(channel, o, rule)
    _, slope_q1, slope_t = o.entropic(prior)
    dq1, dt = o.gradients()
    excess = (1 - o.c**2) * o.delta + o.c**2 / o.eps
    dexcess = np.array([2 * o.c * (1 / o.eps - o.delta), 1 - o.c**2]) / excess
    # (F10): logarithmic derivatives of the averages in q1 and t
    f1_squared = e.d2q1 / e.dq1 + e.dq1 * (
        (e.f2_squared - 2 * e.f1_squared_f2) / e.f1_squared
    )
    first = _log(slope_q1 / (0.5 * alpha * e.dq1 * e.f1_squared))
    row = dexcess + (2 / o.eps1 - f1_squared) * dq1
    row += 2 * e.dt * e.f1_f2_g / e.f1_squared * dt
    if o.q == 0:
        # t = c = 0 solves the second equation
        return np.array([first, 0.0]), np.array([row, [1.0, 0.0]]), e
    f1g = e.d2t / e.dt + e.dt * e.f2_g / e.f1g
    second = _log(slope_t / (alpha * e.dt * e.f1g))
    row_t = (1 / o.eps1 + e.dq1 * e.f1_f2_g / e.f1g) * dq1 - f1g * dt
    row_t[0] += 1 / o.c
    return np.array([first, second]), np.array([row, row_t]), e


def _log(x):
    return math.log(x) if x > 0 else math.nan


def _solve(prior, channel, alpha, o, rule):
    """Newton's method from o: the saddle, its averages and its residual.

    nan: none. It stops at delta = 0 as well, the saddle at p = q; elsewhere the
    residual stays large there.
    """
    last = math.inf
    for _ in range(NEWTON_STEPS):
        residual, jacobian, e = _equations(prior, channel, alpha, o, rule)
        worst = float(np.abs(residual).max())
        stuck = o.delta < 1e-16 and worst > 0.5 * last
        if not worst >= RESIDUAL or stuck:
            return o, e, worst
        last = worst
        try:
            o = o.moved(np.linalg.solve(jacobian, -residual))
        except np.linalg.LinAlgError:
            break
        if max(o.c, o.delta) > 1 - 1e-12:
            break
    return o, e, math.nan


def _failed(message, q):
    return failed_point(message, q=q, q1=math.nan, t=math.nan)


def _refusal(o):
    """Why Newton's method failed, from the end of the domain it ran into."""
    if o.delta < 1e-15:
        return "no saddle: the references are not replica symmetric (at_line)"
    if max(o.c, o.delta) > 1 - 1e-9:
        return "no saddle with q1 < 1: there are no solutions so far away"
    return "no saddle: Newton's method did not converge"


def _start(prior, channel, alpha, reference, eps_p, last, rule):
    """Near the saddle at eps_p: from the last point if near, else from p = q.

    For p > q the saddle scales well with the distance; for p < q it must be followed.
    """
    q, eps = reference.q, reference.eps
    # at p = q: q1 = t = q; the parity at q = 0 has delta below p^2 near p = 0
    delta = 0.05 if q > 0 else 0.05 * (1 - eps_p) ** 2
    typical = Overlaps(q, eps, eps, math.sqrt(q / (1 + q)), delta)
    if last is None or abs(math.log(last.eps_p / eps_p)) > NEAR:
        last = typical
    if eps_p > eps:
        last = last if last.eps_p > eps else typical
        steps = int(abs(math.log(eps_p / last.eps_p)) / WALK)
        for x in np.geomspace(last.eps_p, eps_p, steps + 2)[1:-1].tolist():
            last, *_ = _solve(prior, channel, alpha, last.at(x), rule)
    return last.at(eps_p)


def _point(prior, channel, alpha, distance, reference, last):
    """The point of the curve, and its overlaps to start the next one from."""
    if reference.message:
        return _failed(f"reference: {reference.message}", math.nan), None
    if isinstance(channel, Tree) and reference.q > LARGEST_OVERLAP[channel.K]:
        message = f"reference: its overlap exceeds {LARGEST_OVERLAP[channel.K]}"
        return _failed(f"{message}, which the sums do not resolve", reference.q), None
    accuracy = TREE if isinstance(channel, Tree) else SCALAR
    o = _start(prior, channel, alpha, reference, 2 * distance, last, accuracy.first)
    rule = accuracy.rule
    if accuracy.first != rule:
        near, _, residual = _solve(prior, channel, alpha, o, accuracy.first)
        o = o if math.isnan(residual) else near
    while True:
        o, coarse, residual = _solve(prior, channel, alpha, o, rule)
        if not residual < BOUNDARY_RESIDUAL:
            return _failed(_refusal(o), reference.q), None
        entropic, *_ = o.entropic(prior)
        fine = energetic(channel, o, rule.finer())
        normalised = entropic + alpha * fine.f
        error = alpha * abs(fine.f - coarse.f) + abs(normalised * (fine.norm - 1))
        scale = 1.0 if isinstance(channel, Tree) else abs(normalised)
        done = error < accuracy.tolerance * scale and residual < RESIDUAL
        if done or rule.step < accuracy.finest:
            break
        rule = Rule(rule.step / accuracy.shrink, rule.window + 0.3)
    error += abs(_slope_q(prior, channel, alpha, o, accuracy.first) * reference.dq)
    error += 8 * EPS * (abs(entropic) + alpha * abs(fine.f))
    return {
        "entropy": normalised + 0.5 * math.log(o.span),
        "normalised": normalised,
        "order": {"q": o.q, "q1": 1 - o.eps1, "t": o.t},
        "stability": _replicon(alpha, o, fine),
        "error": error + abs(normalised) * residual,
        "residual": residual,
        "success": True,
        "message": "",
    }, o


def _replicon(alpha, o, e):
    """(F12)."""
    return alpha * o.eps1**2 * (e.dq1**2 * e.f2_squared + e.d2q1 * e.f1_squared)


def _slope_q(prior, channel, alpha, o, rule):
    """(F13): derivative of the entropy in q, the overlap of the references."""
    if o.q == 0:
        return 0.0
    h = 1e-4 * min(o.q, o.eps)
    moved = replace(o, q=o.q + h, eps=o.eps - h)
    low, high = energetic(channel, o, rule), energetic(channel, moved, rule)
    difference = moved.entropic(prior)[0] - o.entropic(prior)[0]
    return (difference + alpha * (high.f - low.f)) / h
