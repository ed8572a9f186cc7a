"""Entropy of the solutions at a given distance from a reference configuration.

A field gamma along the reference holds the overlap, as lam holds the norm; gamma is
adjusted in every iteration of AMP. docs/message_passing.md derives (MP19)-(MP22).
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import xlogy
from tqdm import tqdm

import replicas as rp
from msgpass import _norm
from msgpass.amp import Amp, iterate
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from msgpass.node import channel_of
from replicas import check
from replicas.results import Curve, failed_point, stack

__all__ = ["local_entropy"]


def local_entropy(
    instance,
    reference,
    weights="continuous",
    *,
    distance,
    damping=None,
    tol=1e-9,
    max_sweeps=2000,
    threads=1,
    callback=None,
    progress=False,
):
    r"""Bethe entropy S(d) of the weights that fit an instance at distance d.

    Parameters
    ----------
    instance : Instance, patterns +-1 or real; on correlated ones `bp` with the field
        gamma W~ gives the point (d, S) that belongs to gamma.
    reference : array (K, n), configuration that distances are measured to, a solution
        or not; +-1 for binary weights, else its units are normalised to sqrt(n).
    weights : "continuous", on the sphere |W|^2 = N, or "binary".
    distance : float or array, d = (1 - overlap)/2 in (0, 1/2).
    damping, tol, max_sweeps, threads : as in `amp`.
    callback : called after every distance with (distance, normalised), nan where AMP
        did not converge; True stops there: the distances that are left hold nan.
    progress : show a progress bar over the distances.

    Returns
    -------
    Curve : entropy in nats per weight; normalised is entropy less that of the shell,
        log(1 - (1 - 2d)^2)/2 or -d log d - (1 - d) log(1 - d). order : "gamma", the
        field along the reference (dS/dd = 2 gamma), "q", mean square of the means,
        "lam", the norm field (nan for binary weights), "sweeps". error : of the
        solution of the Bethe equations, not what they neglect on a finite instance.
        A distance at which AMP does not converge holds nan and says why. y and
        stability have no meaning here and are nan.

    Distances are taken in increasing order, each from the messages of the one before.

    Source: docs/message_passing.md (MP19)-(MP22).
    """
    require_instance("local_entropy", instance)
    check.choice("local_entropy", "weights", weights, ("continuous", "binary"))
    distances = check.distance("local_entropy", distance)
    check.positive_number("local_entropy", "tol", tol)
    check.integer("local_entropy", "max_sweeps", max_sweeps, 1, 1 << 40)
    check.flag("local_entropy", "progress", progress)
    check.callback("local_entropy", callback)
    share = (0.3 if instance.tree else 0.5) if damping is None else damping
    check.number("local_entropy", "damping", share, "in [0, 1)", lambda x: 0 <= x < 1)
    reference = _reference(instance, reference, weights)
    engine = _AtDistance(instance, weights, reference, threads)
    run = {"damping": share, "adapt": damping is None, "tol": tol}
    run["max_sweeps"] = max_sweeps
    left = _failed("stopped by the callback before", 0)
    points, state = [left] * distances.size, None
    outward = np.argsort(distances, axis=None)
    for i in tqdm(outward, disable=not progress, desc="distances", leave=False):
        d = float(distances.flat[i])
        points[i], state = _point(engine, state, d, run)
        if callback is not None and callback(d, points[i]["normalised"]):
            break
    columns = stack(points, distances.shape)
    prior = rp.Binary() if weights == "binary" else rp.Spherical()
    return Curve(
        model=rp.Model(prior, channel_of("local_entropy", instance)),
        ansatz="amp",
        between="reference",
        alpha=instance.alpha,
        distance=distances[()],
        y=float("nan"),
        **columns,
    )


def _reference(instance, reference, weights):
    """The reference as an array (K, n), its units normalised to sqrt(n)."""
    reference = weights_array(
        "local_entropy", reference, instance.K, instance.n, "reference"
    )
    if weights == "binary":
        if not (np.abs(reference) == 1).all():
            raise ValueError(
                "local_entropy: reference must be +-1 for binary weights, "
                f"given {reference[np.abs(reference) != 1][0]}"
            )
        return reference
    size = np.mean(reference**2, axis=1, keepdims=True)
    if not (np.isfinite(size) & (size > 0)).all():
        raise ValueError("local_entropy: no unit of reference may be zero or infinite")
    return reference / np.sqrt(size)


def _failed(message, sweeps):
    """A point of the curve that is nan, and why."""
    nan = float("nan")
    return failed_point(message, gamma=nan, q=nan, lam=nan, sweeps=float(sweeps))


def _point(engine, state, d, run):
    """One point of the curve, and the messages to start the next one from."""
    engine.overlap = 1 - 2 * d
    fresh = state is None
    trial = engine.start() if fresh else engine.resume(state)
    sweeps, residual, message = iterate(engine, trial, fresh=fresh, **run)
    if message:
        return _failed(message, sweeps), state
    value = engine.entropy(trial)
    # one more iteration shows how far the entropy still moves
    gamma, lam = engine.gamma, np.nan if engine.binary else trial.lam[0]
    after = trial.copy()
    engine.step(after, damping=0.0)
    moved = abs(engine.entropy(after) - value)
    if engine.binary:
        shell = -xlogy(d, d) - xlogy(1 - d, 1 - d)
    else:
        shell = 0.5 * np.log(4 * d * (1 - d))
    return {
        "entropy": value,
        "normalised": value - shell,
        "order": {
            "gamma": gamma,
            "q": float(np.mean(trial.mean**2)),
            "lam": float(lam),
            "sweeps": float(sweeps),
        },
        "stability": float("nan"),
        "error": 10 * moved + 1e-13 * (1 + abs(gamma)),
        "residual": float(residual),
        "success": True,
        "message": "",
    }, trial


class _AtDistance(Amp):
    """AMP in the field along a reference that gives the means a set overlap with it."""

    def __init__(self, instance, weights, reference, threads):
        super().__init__(instance, weights, function="local_entropy", threads=threads)
        self.reference, self.overlap, self.gamma = reference, 0.0, 0.0

    def _marginals(self, state, gamma, y):
        """gamma, lam, means and variances from A and B: (MP21), (MP22)."""
        B, W = state.B, self.reference
        if not np.isfinite(B).all() or not np.isfinite(state.A).all():
            state.mean = np.full_like(B, np.nan)
            return
        if self.binary:
            self.gamma = spin_coupling(B * W, self.overlap, self.gamma)
            self.field = self.gamma * W
            state.mean = np.tanh(B + self.field)
            state.variance = 1 - state.mean**2
            return
        moments = (self._means(x).ravel() for x in (B**2, B * W, W**2, state.A))
        self.gamma, lam = _norm.coupling_field(*moments, self.overlap)
        self.field = self.gamma * W
        state.lam[:] = lam
        P = state.A + lam
        state.mean = (B + self.field) / P
        state.variance = 1 / P


def spin_coupling(h, overlap, gamma):
    """Solve mean tanh(h + gamma) = overlap: Newton from gamma, else in a bracket."""
    for _ in range(8):
        m = np.tanh(h + gamma)
        excess, slope = m.mean() - overlap, 1 - np.mean(m * m)
        if not abs(excess) < slope:
            break
        gamma -= excess / slope
        if abs(excess) <= 1e-14 * slope * (1 + abs(gamma)):
            return float(gamma)
    centre, reach = np.arctanh(overlap), 1e-6 + np.abs(h).max()
    return brentq(
        lambda x: np.mean(np.tanh(h + x)) - overlap,
        centre - reach,
        centre + reach,
        xtol=1e-14,
        rtol=1e-14,
    )
