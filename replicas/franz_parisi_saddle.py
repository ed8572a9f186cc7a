"""Saddle of the Franz-Parisi ansatz at one distance: docs/franz_parisi.md."""

import math
from dataclasses import replace

import numpy as np

from replicas.channels import Tree
from replicas.franz_parisi_ansatz import (
    accuracy_of,
    energetic,
    entropic_of,
    equations,
    hats_of,
    scale,
)
from replicas.franz_parisi_entropic import free
from replicas.franz_parisi_terms import Overlaps
from replicas.priors import Binary, Spherical
from replicas.quadrature import Rule
from replicas.results import failed_point
from replicas.tree_franz_parisi import LARGEST_OVERLAP
from replicas.tree_multisets import TooLarge

__all__ = ["point"]

EPS = 2.0**-52
NEWTON_STEPS = 50
NEAR = 2.0  # in log(1 - p)
WALK = 0.2
CLOSE = 1e-2
FEW, MANY = 2, 30
FROZEN = {Spherical: 1e-12, Binary: 1e-2}  # least 1 - delta


def solve(problem, o, rule, p_hat=1.0):
    """Newton's method from o: the state at the saddle and its residual.

    nan: none. It stops at delta = 0 as well, the saddle at p = q; elsewhere the
    residual stays large there.
    """
    last = math.inf
    end = 1 - FROZEN[type(problem.prior)]
    enough = accuracy_of(problem).residual
    edge = 1e-5 * enough
    for _ in range(NEWTON_STEPS):
        state = equations(problem, o, rule, p_hat)
        worst, p_hat = state.residual, state.s.p_hat
        stuck = o.delta < edge and o.c > 1e-8 and worst > 0.5 * last
        if not worst >= enough or stuck:
            return state, worst
        last = worst
        try:
            o = o.moved(np.linalg.solve(state.jacobian, -state.s.residual))
        except np.linalg.LinAlgError:
            break
        if max(o.c, o.delta) > end:
            break
    return replace(state, o=o), math.nan


def failed(problem, message):
    return failed_point(message, **order_of(problem, math.nan, math.nan))


def order_of(problem, q1, t):
    reference = problem.reference
    stability = reference.stability
    return {"q": reference.q, "q1": q1, "t": t, "reference_stability": stability}


def refusal(problem, o):
    """Why Newton's method failed, from the end of the domain it ran into."""
    if o.delta < 1e-15 and problem.reference.stability > 1:
        return "no saddle: the references are not replica symmetric (at_line)"
    if max(o.c, o.delta) > 1 - 1e-9:
        return "no saddle with q1 < 1: there are no solutions so far away"
    if o.eps_p < o.eps and o.delta > 0.9:
        return "no saddle with q1 < 1: there are no solutions so close"
    return "no saddle: Newton's method did not converge"


def start(problem, eps_p, last, rule):
    """Near the saddle at eps_p: from the last point if near, else from p = q.

    For p > q the saddle scales well with the distance; for p < q it must be followed.
    """
    q, eps = problem.reference.q, problem.reference.eps
    # at p = q: q1 = t = q; the parity at q = 0 has delta below p^2 near p = 0
    delta = 0.05 if q > 0 else 0.05 * (1 - eps_p) ** 2
    typical = Overlaps(q, eps, eps, math.sqrt(q / (1 + q)), delta)
    if last is None or abs(math.log(last.eps_p / eps_p)) > NEAR:
        last = typical
    last = replace(last, q=q, eps=eps)  # that of another load has other references
    if eps_p > eps:
        last = last if last.eps_p > eps else typical
        last, _ = follow(problem, last, eps_p, rule)
    return last.at(eps_p)


def follow(problem, o, eps_p, rule):
    """Solve on the way from the overlaps o to eps_p; p_hat as well."""
    steps = int(abs(math.log(eps_p / o.eps_p)) / WALK)
    p_hat = 1.0
    for x in np.geomspace(o.eps_p, eps_p, steps + 2)[1:-1].tolist():
        state, _ = solve(problem, o.at(x), rule, p_hat)
        o, p_hat = state.o, state.s.p_hat
    return o, p_hat


def approach(problem, eps_p, last, rule):
    """State near the saddle.

    Close to the reference almost all weights are solutions, unless it is a typical
    one: then c and delta are small. From there the equations are iterated (binary
    weights, always inside the domain), or the saddle is followed.
    """
    reference, p_hat, small = problem.reference, 1.0, accuracy_of(problem).boundary
    typical = reference.channel == problem.channel
    close = Overlaps(reference.q, reference.eps, eps_p, 1e-2, 1e-2)
    near = last is not None and abs(math.log(last.eps_p / eps_p)) < NEAR
    if typical or near or not isinstance(problem.prior, Binary):
        o = start(problem, eps_p, last, rule)
    else:
        o, p_hat = iterate(problem, close, rule, FEW)
    state, residual = solve(problem, o, rule, p_hat)
    if not residual < small and last is not None:
        return approach(problem, eps_p, None, rule)  # the neighbour misleads
    if residual < small or typical:
        return state
    if isinstance(problem.prior, Binary):
        o, p_hat = iterate(problem, close, rule, MANY)
    else:
        close = close.at(min(CLOSE * reference.eps, eps_p))
        o, p_hat = follow(problem, close, eps_p, rule)
    other, residual = solve(problem, o.at(eps_p), rule, p_hat)
    return other if residual < small else state


def iterate(problem, o, rule, steps):
    """Some steps of (F25) as a map of the overlaps; p_hat as well."""
    p_hat = 1.0
    for _ in range(steps):
        s = equations(problem, o, rule, p_hat).s
        c, delta = s.image
        if not (0 < c < 1 and delta < 0.95):
            break
        o, p_hat = replace(o, c=c, delta=max(delta, 1e-12)), s.p_hat
    return o, p_hat


def point(problem, distance, last):
    """The point of the curve, and its overlaps to start the next one from."""
    try:
        return refined(problem, distance, last)
    except TooLarge as reason:
        return failed(problem, str(reason)), None


def refined(problem, distance, last):
    """`point`; TooLarge where the sums of a tree are."""
    reference, channel, alpha = problem.reference, problem.channel, problem.alpha
    if reference.failure:
        return failed(problem, reference.message), None
    if isinstance(channel, Tree) and reference.q > LARGEST_OVERLAP[channel.K]:
        message = f"reference: its overlap exceeds {LARGEST_OVERLAP[channel.K]}"
        return failed(problem, f"{message}, which the sums do not resolve"), None
    accuracy = accuracy_of(problem)
    state, rule = approach(problem, 2 * distance, last, accuracy.first), accuracy.rule
    o, p_hat = state.o, state.s.p_hat
    if rule.step < accuracy.finest and not state.residual < accuracy.boundary:
        # the only rule takes long to fail
        return failed(problem, refusal(problem, o)), None
    while True:
        state, residual = solve(problem, o, rule, p_hat)
        o, p_hat = state.o, state.s.p_hat
        if not residual < accuracy.boundary:
            if rule.step < accuracy.finest or max(o.c, o.delta) > 0.9:
                return failed(problem, refusal(problem, o)), None
            # near an instability Newton's method itself asks for finer sums
            rule = Rule(rule.step / accuracy.shrink, rule.window + 0.3)
            continue
        fine, value, error = check(problem, state, rule)
        if not math.isfinite(error):
            return failed(problem, "the sums do not resolve the references"), None
        done = error < accuracy.tolerance * scale(problem, o, value)
        done = done and residual < accuracy.residual
        if done or rule.step < accuracy.finest:
            break
        rule = Rule(rule.step / accuracy.shrink, rule.window + 0.3)
    error += abs(reference_slope(problem, state, accuracy.first)) * reference.shift
    # the weights of the fields have exponents of order q/eps
    lost = (8 + 2 * o.q / o.eps) * alpha * abs(fine.f)
    error += EPS * (8 * max(state.s.scale, abs(state.s.value)) + lost)
    return {
        "entropy": value + free(problem.prior, o),
        "normalised": value,
        "order": order_of(problem, 1 - o.eps1, o.t),
        "stability": replicon(alpha, state.s, fine),
        "error": error + abs(value) * residual,
        "residual": residual,
        "success": True,
        "message": reference.message,
    }, o


def check(problem, state, rule):
    """Averages by a finer rule, the normalised entropy they give, and its error."""
    fine = energetic(problem, state.o, rule.finer())
    hats, p_hat = hats_of(problem, fine), state.s.p_hat
    other = entropic_of(problem, state.o, hats, rule.finer(), p_hat)
    value = other.value + problem.alpha * fine.f
    error = problem.alpha * abs(fine.f - state.e.f) + abs(other.value - state.s.value)
    error += moved_entropy(problem, state, fine)
    return fine, value, error + problem.alpha * abs(fine.f * (fine.norm - 1))


def moved_entropy(problem, state, fine):
    """Change of the entropy on the way to the saddle of finer averages, a bound."""
    e, (dq1, dt) = state.e, state.o.gradients()
    ratios = np.zeros(2)
    ratios[0] = math.log(fine.f1_squared / e.f1_squared)
    if state.o.q > 0:
        ratios[1] = math.log(fine.f1g / e.f1g)
    step = np.linalg.lstsq(state.jacobian, state.s.d_hats @ ratios)[0]
    slope = 0.5 * e.dq1 * (fine.f1_squared - e.f1_squared) * dq1
    slope += e.dt * (fine.f1g - e.f1g) * dt
    return problem.alpha * abs(float(slope @ step))


def replicon(alpha, s, e):
    """(F12)."""
    return alpha * s.response * (e.dq1**2 * e.f2_squared + e.d2q1 * e.f1_squared)


def reference_slope(problem, state, rule):
    """(F13): change of the entropy on the way to the neighbouring measure."""
    if state.o.q == 0:
        return 0.0
    values = []
    for reference in (problem.reference, problem.reference.moved()):
        o = replace(state.o, q=reference.q, eps=reference.eps)
        moved = replace(problem, reference=reference)
        f = energetic(moved, o, rule).f
        s = entropic_of(moved, o, state.hats, rule, state.s.p_hat)
        values.append(s.value + problem.alpha * f)
    return values[1] - values[0]
