"""Approximate message passing: beliefs from fields, one number a weight.

docs/message_passing.md derives the iteration (MP7)-(MP10) and its free entropy.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from msgpass import _amp, _amp_reals, _norm
from msgpass.arrays import weights_array
from msgpass.instance import require_instance
from msgpass.node import output_node
from msgpass.pseudo import pseudo_field, pseudo_precision
from msgpass.results import Beliefs
from msgpass.watch import Watch, at_rest
from replicas import check

__all__ = ["Amp", "AmpState", "amp"]

CHUNKS = 16  # sums over patterns are split so, whatever the number of threads
CHUNK = 256  # patterns in one of them at least
FROZEN = 1e-12  # mean variance of a unit below which its weights are rounding alone
STALL = 50  # iterations in which the residual must fall, or the damping grows


def amp(
    instance,
    weights="continuous",
    *,
    field=None,
    norm="unit",
    damping=None,
    tol=1e-9,
    max_sweeps=2000,
    noise=None,
    rng=0,
    threads=1,
    state=None,
    callback=None,
    progress=False,
):
    r"""Marginals and entropy of the weights that fit an instance.

    Parameters
    ----------
    instance : Instance, patterns +-1 or real; independent of each other.
    weights : "continuous", of mean square 1, or "binary".
    field : array (K, n), external field E: the measure has a factor exp(E . W).
    norm : continuous weights: mean square 1 in every unit ("unit") or over all of them
        ("global"); without a field they have the same fixed points.
    damping : share of the old messages in the new ones, in [0, 1); by default 0.3 for
        a tree, 0.5 where fully connected, and more where the residual does not fall.
    tol : largest change of a mean in an iteration, undone of the damping.
    max_sweeps : iterations at most.
    noise : standard deviation of the fields to start from; by default 0 for a tree and
        0.01 where fully connected, whose units are all alike without. rng : its seed.
    threads : the result does not depend on it, to the last digit.
    state : `Beliefs.state` of an earlier run, to go on from.
    callback : called with (sweep, residual) after every iteration; True stops there.
    progress : show the iterations and the residual.

    Returns
    -------
    Beliefs : entropy is that of the measure with its field; nan unless it converged.

    On trees of a thousand weights the entropy is within 1e-3 of that of `bp`.

    Source: docs/message_passing.md (MP7)-(MP14).
    """
    require_instance("amp", instance)
    start = 0.3 if instance.tree else 0.5
    share = start if damping is None else damping
    check.number("amp", "damping", share, "in [0, 1)", lambda x: 0 <= x < 1)
    if noise is None:
        noise = 0.0 if instance.tree else 0.01
    check.number("amp", "noise", noise, ">= 0", lambda x: 0 <= x < np.inf)
    check.positive_number("amp", "tol", tol)
    check.integer("amp", "max_sweeps", max_sweeps, 1, 1 << 40)
    engine = Amp(instance, weights, field=field, norm=norm, threads=threads)
    fresh = state is None
    state = engine.start(noise=noise, rng=rng) if fresh else engine.resume(state)
    with Watch("amp", progress=progress, callback=callback) as watch:
        outcome = iterate(
            engine, state, fresh=fresh, damping=share, adapt=damping is None, tol=tol,
            max_sweeps=max_sweeps, watch=watch,
        )  # fmt: skip
    return engine.beliefs(state, *outcome)


def iterate(engine, state, *, fresh, damping, adapt, tol, max_sweeps, watch=None):
    """Iterate `state` in place until it is a fixed point or something goes wrong.

    fresh : nothing to damp with yet; adapt : damp more where the residual stalls;
    watch : called with (sweep, residual); True stops.
    Returns sweeps, residual and a message, empty if it converged.
    """
    history, spread = [], state.variance.mean(axis=1)
    for sweep in range(1, max_sweeps + 1):
        residual = engine.step(state, damping=0.0 if fresh else damping)
        old, spread, fresh = spread, state.variance.mean(axis=1), False
        history.append(residual)
        asked = watch is not None and watch(sweep, residual)
        if not np.isfinite(residual):
            return sweep, residual, f"the messages overflow at sweep {sweep}"
        if spread.min() < FROZEN:
            message = f"the variances of a unit vanish at sweep {sweep}"
            return sweep, residual, message
        if asked:
            return sweep, residual, f"stopped by the callback, residual {residual:.1e}"
        if residual <= tol and at_rest(spread, old, tol):
            return sweep, residual, ""
        if adapt and len(history) >= 2 * STALL:
            if min(history[-STALL:]) > 0.9 * min(history[:-STALL]):
                damping, history = min(0.5 * (1 + damping), 0.98), []
    message = f"no convergence in {max_sweeps} sweeps, residual {residual:.1e}"
    return max_sweeps, residual, message


@dataclass
class AmpState:
    """Messages of AMP, from which an iteration starts.

    g : (M, K), derivatives of log Z; A : precisions, (K, 1) for patterns of +-1, (K, n)
    for real ones; B : (K, n), fields; mean : (K, n) and variance : (K, n) or (K, 1), of
    the weights; lam : (K,), norm fields.
    """

    g: np.ndarray
    A: np.ndarray
    B: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    lam: np.ndarray

    def copy(self):
        """A state of its own, to come back to."""
        return AmpState(**{name: x.copy() for name, x in vars(self).items()})


class Amp:
    """The iteration of an instance, step by step; its arguments are those of `amp`.

    function : the one that errors name.
    """

    def __init__(
        self, instance, weights, *, function="amp", field=None, norm="unit", threads=1
    ):
        check.choice(function, "weights", weights, ("continuous", "binary"))
        check.choice(function, "norm", norm, ("global", "unit"))
        check.integer(function, "threads", threads, 1, 1 << 10)
        self.instance, self.binary, self.norm = instance, weights == "binary", norm
        self.function, self.node = function, output_node(function, instance)
        self.kernel, self.patterns = _amp, instance.patterns
        if not instance.signs:
            self.kernel = _amp_reals
            self.patterns = np.ascontiguousarray(instance.patterns, dtype=float)
        K, n, M = instance.K, instance.n, instance.M
        self.field = np.zeros((K, 1))
        if field is not None:
            self.field = weights_array(function, field, K, n, "field")
        chunks = max(1, min(CHUNKS, M // CHUNK))
        self.edges = np.linspace(0, M, chunks + 1).astype(np.intp)
        self.back = np.empty((chunks, K, n))
        self.Gam = np.empty((chunks, K, 1 if instance.signs else n))
        threads = min(threads, chunks)
        bounds = np.linspace(0, chunks, threads + 1).astype(int)
        self.shares = list(pairwise(bounds))
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def start(self, *, noise=0.0, rng=0):
        """Messages to start from: none, but for random fields of that deviation."""
        K, n, M = self.instance.K, self.instance.n, self.instance.M
        B, rng = np.zeros((K, n)), check.generator(self.function, rng)
        if noise:
            B += noise * rng.standard_normal((K, n))
        g, A = np.zeros((M, K)), np.zeros(self.Gam.shape[1:])
        state = AmpState(g, A, B, B, B, np.ones(K))
        self._marginals(state, 0.0, 1.0)
        return state

    def resume(self, state):
        """A copy of `state`, with the marginals that its messages give here."""
        K, n, M = self.instance.K, self.instance.n, self.instance.M
        shapes = (M, K), (K, n), self.Gam.shape[1:]
        fits = isinstance(state, AmpState)
        if not fits or (state.g.shape, state.B.shape, state.A.shape) != shapes:
            raise ValueError(
                f"{self.function}: state must be that of a run on such an instance"
            )
        state = state.copy()
        self._marginals(state, 0.0, 1.0)
        return state

    def step(self, state, *, damping, gamma=0.0, y=1.0):
        """One iteration of `state`, in place: (MP7)-(MP10).

        gamma, y : coupling to the centre and number of the replicas, as in
        `focusing_bp`; y = 1 is the plain graph. Returns the largest change of a mean,
        divided by 1 - damping.
        """
        with np.errstate(all="ignore"):  # what overflows ends as a residual of nan
            self._sweep(state, damping)
            A = self.Gam.sum(axis=0) / self.instance.n
            B = self.back.sum(axis=0)
            B += A * state.mean
            state.A = damping * state.A + (1 - damping) * A
            B *= 1 - damping
            B += damping * state.B
            state.B, old = B, state.mean
            self._marginals(state, gamma, y)
            return np.abs(state.mean - old).max() / (1 - damping)

    def _means(self, x):
        """(K, n) as the kernel takes it: with patterns of +-1 only the units' means."""
        return x.mean(axis=1, keepdims=True) if self.instance.signs else x

    def _spread(self, state):
        """Variances of the weights; a floor keeps spins that froze comparable."""
        V = self._means(state.variance)
        return np.maximum(V, 1e-8) if self.binary else V

    def _sweep(self, state, damping):
        """Fill the chunks' sums; g is damped in place."""
        given, V = self.instance, self._spread(state)

        def visit(share):
            self.kernel.sweep(
                self.node, self.patterns, given.labels, given.tree, self.edges, *share,
                state.mean, V, damping, state.g, self.back, self.Gam,
            )  # fmt: skip

        if self.pool is None:
            visit(self.shares[0])
        else:
            list(self.pool.map(visit, self.shares))

    def _marginals(self, state, gamma, y):
        """Norm fields, means and variances from A and B: (MP9), (MP10)."""
        H = state.B + self.field
        if self.binary:
            state.mean = np.tanh(H + pseudo_field(H, gamma, y))
            state.variance = 1 - state.mean**2
            return
        s = self._means(H**2)
        if not np.isfinite(s).all() or not np.isfinite(state.A).all():
            state.mean = np.full_like(H, np.nan)
            return
        units = [slice(l, l + 1) for l in range(len(s))]
        for unit in units if self.norm == "unit" else [slice(None)]:
            moments = s[unit].ravel(), state.A[unit].ravel()
            state.lam[unit] = _norm.norm_field(*moments, gamma, y)
        P = state.A + state.lam[:, None]
        state.mean = H / P
        state.variance = 1 / (P + pseudo_precision(P, gamma, y))

    def beliefs(self, state, sweeps, residual, message):
        """`Beliefs` of the plain graph; an empty message says that it converged."""
        nan, success = float("nan"), message == ""
        mean = state.mean
        return Beliefs(
            mean=mean,
            variance=np.broadcast_to(state.variance, mean.shape).copy(),
            entropy=self.entropy(state) if success else nan,
            local_entropy=nan,
            q=float(np.mean(mean**2)),
            q_centre=nan,
            centre_overlap=nan,
            lam=None if self.binary else state.lam.copy(),
            sweeps=sweeps,
            residual=float(residual),
            success=success,
            message=message,
            state=state,
        )

    def entropy(self, state):
        """Bethe entropy at a fixed point, nats per weight: (MP13), (MP14)."""
        given = self.instance
        log_z, H = self.energetic(state), state.B + self.field
        if self.binary:
            log_z += np.sum(np.abs(H) + np.log1p(np.exp(-2 * np.abs(H))))
            volume = 0.0
        else:
            P = state.A + state.lam[:, None]
            log_z += np.sum(0.5 * H**2 / P - 0.5 * np.log(P))
            log_z += 0.5 * given.n * np.sum(state.lam)
            volume = 0.5  # of the sphere, log(2 pi e)/2, less log(2 pi)/2 of a Gaussian
        return float((log_z - np.sum(self.field * state.mean)) / given.N - volume)

    def energetic(self, state):
        """The sums over patterns in (MP13), (MP14)."""
        given = self.instance
        bracket = state.mean**2
        if not self.binary:
            bracket = 0.5 * (bracket - state.variance)
        return self.kernel.energetic(
            self.node, self.patterns, given.labels, given.tree,
            state.mean, self._spread(state), state.g, self._means(bracket),
        )  # fmt: skip
