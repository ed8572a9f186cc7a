"""Belief propagation with a message on every edge, between patterns and weights.

docs/focusing.md derives the updates (FB1)-(FB10), the replicated graph (FB11)-(FB16)
and the free entropies (FB17), (FB18).
"""

import numpy as np

from msgpass.bp_binary import BinaryBp
from msgpass.bp_continuous import ContinuousBp
from msgpass.instance import require_instance
from msgpass.protocols import coupling
from msgpass.results import Beliefs
from msgpass.watch import Watch, at_rest
from replicas import check

__all__ = ["bp", "bp_engine"]

ATTEMPTS = 4
FACTORS = ("gaussian", "expanded", "exact")
STEPS = 10  # couplings on the way to gamma
STALL = 20  # sweeps in which the residual must fall, or the damping grows


def bp(
    instance,
    weights="continuous",
    *,
    factor="gaussian",
    gamma=0.0,
    y=1,
    field=None,
    norm="unit",
    schedule="sequential",
    damping=None,
    tol=1e-11,
    max_sweeps=2000,
    noise=None,
    rng=0,
    state=None,
    callback=None,
    progress=False,
):
    r"""Marginals and entropy of the weights that fit an instance, or of replicas.

    Parameters
    ----------
    instance : Instance; real-valued and correlated patterns too (not for "exact").
    weights : "continuous", of mean square 1, or "binary".
    factor : what a pattern tells a binary weight. "gaussian": the field of the others
        is Gaussian; "expanded": that to first order in 1/sqrt(n) (as in `amp`);
        "exact": its distribution by convolution, O(n^2) per pattern and unit, patterns
        of +-1. Continuous weights: "gaussian".
    gamma, y : coupling of y replicas to their centre: factors exp(gamma W . centre)
        (binary), exp(-gamma (W - centre)^2/2) (continuous). gamma in [0, inf], y >= 1;
        y = 1 or gamma = 0 is the plain graph. Where several fixed points exist, the one
        that continues that of gamma = 0 is sought, unless a state is given.
    field : array (K, n), external field E: a factor exp(E . W).
    norm : continuous weights: mean square 1 in every unit ("unit") or over all of them
        ("global").
    schedule : "sequential": patterns in random order, each sees the others' new
        messages; "parallel": all at once.
    damping : share of the old messages in the new ones, in [0, 1); by default 0 (0.3
        where replicas are coupled), more where the residual does not fall, and a new
        start with more where the messages blow up.
    tol : largest change of a mean in a sweep, undone of the damping.
    max_sweeps : sweeps at most.
    noise : standard deviation of the fields to start from; by default 0 for a tree and
        0.01 where fully connected, whose units are all alike without.
    rng : seed or Generator of the order and the noise.
    state : `Beliefs.state` of an earlier run, to go on from.
    callback : called with (sweep, residual) after every sweep, also of those that lead
        to gamma; True stops there.
    progress : show the sweeps and the residual.

    Returns
    -------
    Beliefs : on the replicated graph the marginals are those of one replica and entropy
        is its free entropy, local_entropy + gamma centre_overlap for binary weights
        (FB17), (FB18); entropies are nan unless it converged, and for infinite gamma.

    Source: docs/focusing.md.
    """
    require_instance("bp", instance)
    gamma, y = coupling("bp", gamma, y)
    gamma = gamma if y > 1 else 0.0  # one replica alone is the plain graph
    share = (0.3 if y > 1 else 0.0) if damping is None else damping
    check.number("bp", "damping", share, "in [0, 1)", lambda x: 0 <= x < 1)
    noise = (0.0 if instance.tree else 0.01) if noise is None else noise
    check.number("bp", "noise", noise, ">= 0", lambda x: 0 <= x < np.inf)
    check.positive_number("bp", "tol", tol)
    check.integer("bp", "max_sweeps", max_sweeps, 1, 1 << 40)
    engine = bp_engine(
        "bp", instance, weights, factor=factor, field=field, norm=norm,
        schedule=schedule, rng=rng,
    )  # fmt: skip
    adapt = damping is None
    with Watch("bp", progress=progress, callback=callback) as watch:
        for _ in range(ATTEMPTS):
            fresh = state is None
            run = engine.start(noise=noise) if fresh else engine.resume(state)
            steps = [(gamma, tol, max_sweeps)]
            if fresh and 0 < gamma < np.inf:
                # the fixed point that continues the plain graph's: others exist
                way = gamma * np.arange(1, STEPS) / STEPS
                steps = [(on_way, 1e-3, 200) for on_way in way.tolist()] + steps
            for here, *limits in steps:
                outcome = _converge(engine, run, here, y, share, adapt, *limits, watch)
                if watch.stopped:
                    break
            if np.isfinite(outcome[1]) or not adapt or watch.stopped:
                break
            share = 0.5 * (1 + share)
    return _beliefs(engine, run, here, y, *outcome)


def _converge(engine, state, gamma, y, damping, adapt, tol, max_sweeps, watch):
    """Sweep until a fixed point: sweeps, residual, and what went wrong, if anything."""
    history, spread = [], state.variance.mean(axis=1)
    for sweep in range(1, max_sweeps + 1):
        residual = engine.step(state, damping=damping, gamma=gamma, y=y)
        old, spread = spread, state.variance.mean(axis=1)
        history.append(residual)
        asked = watch(sweep, residual)
        if not np.isfinite(residual):
            return sweep, residual, f"{engine.trouble} at sweep {sweep}"
        if asked:
            message = f"stopped by the callback at gamma = {gamma:g}, "
            return sweep, residual, message + f"residual {residual:.1e}"
        if residual <= tol and (engine.bounded or at_rest(spread, old, tol)):
            return sweep, residual, ""
        if adapt and len(history) >= 2 * STALL:
            if min(history[-STALL:]) > 0.9 * min(history[:-STALL]):
                damping, history = min(max(0.3, 0.5 * (1 + damping)), 0.98), []
    message = f"no convergence in {max_sweeps} sweeps, residual {residual:.1e}"
    if residual <= tol:
        message += ", but variances still shrink: no solution in reach"
    return max_sweeps, residual, message


def bp_engine(
    function, instance, weights, *, factor="gaussian", field=None, norm="unit",
    schedule="sequential", rng=0,
):  # fmt: skip
    """The iteration of `bp`, step by step."""
    check.choice(function, "weights", weights, ("continuous", "binary"))
    check.choice(function, "norm", norm, ("global", "unit"))
    check.choice(function, "schedule", schedule, ("sequential", "parallel"))
    check.choice(function, "factor", factor, FACTORS)
    common = {"field": field, "sequential": schedule == "sequential", "rng": rng}
    if weights == "binary":
        return BinaryBp(function, instance, factor=factor, **common)
    if factor != "gaussian":
        raise ValueError(
            f"{function}: factor must be gaussian for continuous weights, "
            f"given {factor!r}"
        )
    return ContinuousBp(function, instance, joint=norm == "global", **common)


def _beliefs(engine, state, gamma, y, sweeps, residual, message):
    if message == "" and engine.saturated(state):
        message = "messages saturate at a fixed point: no solution in reach"
    success, nan = message == "", float("nan")
    q_centre = overlap = 0.0
    if gamma > 0 and np.isfinite(residual):
        q_centre, overlap = engine.centre(state, gamma, y)
    # infinitely strong couplings have no free entropy of their own
    told = success and gamma < np.inf
    entropies = engine.entropies(state, gamma, y) if told else (nan, nan)
    return Beliefs(
        mean=state.mean,
        variance=state.variance,
        entropy=entropies[0],
        local_entropy=entropies[1],
        q=float(np.mean(state.mean**2)),
        q_centre=q_centre,
        centre_overlap=overlap,
        lam=engine.norms(state),
        sweeps=sweeps,
        residual=float(residual),
        success=success,
        message=message,
        state=state,
    )
