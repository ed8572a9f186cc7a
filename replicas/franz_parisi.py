"""Franz-Parisi entropy: solutions at a distance from a typical one.

docs/franz_parisi.md derives the formulas. The overlaps are handled as c and delta in
(0, 1), which keep every iterate admissible, and 1 - p = 2 d is exact.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from replicas import _franz_parisi, check
from replicas.channels import Tree
from replicas.model import require_model
from replicas.quadrature import Rule
from replicas.results import Curve, failed_point, stack
from replicas.rs import rs

__all__ = ["franz_parisi"]

EPS = 2.0**-52
TOLERANCE = 1e-11  # of the normalised entropy
RESIDUAL = 1e-11
FINEST = 0.03
ALPHA_STEP = 1e-4
NEWTON_STEPS = 50
NEAR = 2.0  # in log(1 - p)
WALK = 0.3


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

    Raises ValueError for trees other than the majority of K = 1 or 3 and the parity
    of K = 1, 2 or 3.

    Source: docs/franz_parisi.md (F1)-(F14).
    """
    require_model("franz_parisi", model)
    alpha = check.positive("franz_parisi", "alpha", alpha)
    distance = check.inside(
        "franz_parisi",
        "distance",
        distance,
        "in (0, 1/2)",
        lambda d: (d > 0) & (d < 0.5),
    )
    if reference is not None:
        raise ValueError(
            "franz_parisi: reference must be None (typical solutions of the model), "
            f"given {reference!r}"
        )
    _require_supported(model.channel)
    alpha, distance = np.broadcast_arrays(alpha, distance)
    references = {a: _reference(model, a) for a in map(float, np.unique(alpha))}
    points, last = [], None
    for a, d in zip(map(float, alpha.flat), map(float, distance.flat), strict=True):
        if len(points) % (alpha.shape or (1,))[-1] == 0:
            last = None
        point, last = _point(model, a, d, references[a], last)
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


def _require_supported(channel):
    if isinstance(channel, Tree):
        raise ValueError(f"franz_parisi: no trees yet, given {channel!r}")


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
    dq = (eps[0] - eps[1]) / ALPHA_STEP * saddle.residual[1]
    return Reference(float(q[1]), float(eps[1]), float(dq), str(saddle.message[1]))


@dataclass(frozen=True)
class Overlaps:
    """(F3): the admissible overlaps at 1 - p = eps_p, by two numbers in (0, 1).

    c : partial correlation with another reference; delta : share of the variance
    that the references leave to the solutions which is common to them.
    """

    q: float
    eps: float
    eps_p: float
    c: float
    delta: float

    @property
    def span(self):
        """1 - p^2."""
        return self.eps_p * (2 - self.eps_p)

    @property
    def t(self):
        return self.q * (1 - self.eps_p) + self._dt * self.c

    @property
    def eps_t(self):
        return self.eps + self.q * self.eps_p - self._dt * self.c

    @property
    def eps1(self):
        """1 - q1."""
        return self.span * (1 - self.c**2) * (1 - self.delta)

    @property
    def _dt(self):
        return math.sqrt(self.q * self.eps * self.span)

    def gradients(self):
        """d q1 and d t in (c, delta)."""
        c, delta = self.c, self.delta
        dq1 = self.span * np.array([2 * c * (1 - delta), 1 - c * c])
        return dq1, np.array([self._dt, 0.0])

    def entropic(self, prior):
        return prior.franz_parisi(self.q, self.eps, self.eps_p, self.c, self.delta)

    def at(self, eps_p):
        """Start at another distance: c scales with sqrt(1 - p^2)."""
        c = self.c * math.sqrt(eps_p * (2 - eps_p) / self.span)
        return replace(self, eps_p=eps_p, c=min(c, 0.9), delta=min(self.delta, 0.9))

    def moved(self, step):
        """The point a step (dc, ddelta) away, shortened to stay inside (0, 1)."""
        c = _inside(self.c, step[0], 0.1)
        return replace(self, c=c, delta=_inside(self.delta, step[1], 0.01))


def _inside(x, step, shrink):
    low, high = shrink * x, 1 - 0.1 * (1 - x)
    return float(min(max(x + step, low), high))


@dataclass(frozen=True)
class Energetic:
    """(F9): averages over the fields of f = log Z of the solutions, g of a reference.

    f1g = f' g', f1_squared_f2 = f'^2 f'', f1_f2_g = f' f'' g', f2_g = f'' (g'' - g'^2);
    the rest are derivatives of the field overlaps in q1 and t.
    """

    f: float
    f1_squared: float
    f1g: float
    f2_squared: float
    f1_squared_f2: float
    f1_f2_g: float
    f2_g: float
    norm: float
    dq1: float
    d2q1: float
    dt: float
    d2t: float


def _energetic(channel, o, rule):
    out = np.empty(12)
    _franz_parisi.energetic(
        channel.kernel,
        channel.kernel,
        o.q,
        o.eps,
        o.eps_p,
        o.eps_t,
        o.eps1,
        rule.step,
        rule.window,
        out,
    )
    return Energetic(*out.tolist())


def _equations(model, alpha, o, rule):
    """(F7): logs of the two sides of the saddle equations and their Jacobian."""
    e = _energetic(model.channel, o, rule)
    _, slope_q1, slope_t = o.entropic(model.prior)
    residual = np.array(
        [
            _log(slope_q1 / (0.5 * alpha * e.dq1 * e.f1_squared)),
            _log(slope_t / (alpha * e.dt * e.f1g)),
        ]
    )
    # (F10): logarithmic derivatives of the averages in (q1, t)
    averages = np.array(
        [
            [
                e.d2q1 / e.dq1
                + e.dq1 * (e.f2_squared - 2 * e.f1_squared_f2) / e.f1_squared,
                -2 * e.dt * e.f1_f2_g / e.f1_squared,
            ],
            [-e.dq1 * e.f1_f2_g / e.f1g, e.d2t / e.dt + e.dt * e.f2_g / e.f1g],
        ]
    )
    dq1, dt = o.gradients()
    c, excess = o.c, (1 - o.c**2) * o.delta + o.c**2 / o.eps
    dexcess = np.array([2 * c * (1 / o.eps - o.delta), 1 - c * c]) / excess
    jacobian = np.array([dexcess, [1 / c, 0]]) - averages @ [dq1, dt]
    return residual, jacobian + np.outer([2, 1], dq1) / o.eps1, e


def _log(x):
    return math.log(x) if x > 0 else math.nan


def _solve(model, alpha, o, rule):
    """Newton's method from o: the saddle, its averages and residual (nan: none)."""
    for _ in range(NEWTON_STEPS):
        residual, jacobian, e = _equations(model, alpha, o, rule)
        worst = float(np.abs(residual).max())
        if not worst >= RESIDUAL:
            return o, e, worst
        try:
            o = o.moved(np.linalg.solve(jacobian, -residual))
        except np.linalg.LinAlgError:
            break
        if max(o.c, o.delta) > 1 - 1e-12 or o.delta < 1e-25:
            break
    return o, e, math.nan


def _refusal(o):
    """Why Newton's method failed, from the end of the domain it ran into."""
    if o.delta < 1e-20:
        return "no saddle: the references are not replica symmetric (at_line)"
    if max(o.c, o.delta) > 1 - 1e-9:
        return "no saddle with q1 < 1: there are no solutions so far away"
    return "no saddle: Newton's method did not converge"


def _start(model, alpha, reference, eps_p, last):
    """A start at eps_p: from the last point if near, else from p = q.

    For p > q the saddle scales well with the distance; for p < q it must be followed.
    """
    q, eps = reference.q, reference.eps
    # at p = q: q1 = t = q
    typical = Overlaps(q, eps, eps, math.sqrt(q / (1 + q)), 0.01)
    if last is None or abs(math.log(last.eps_p / eps_p)) > NEAR:
        last = typical
    if eps_p > eps:
        last = last if last.eps_p > eps else typical
        steps = int(abs(math.log(eps_p / last.eps_p)) / WALK)
        for x in np.geomspace(last.eps_p, eps_p, steps + 2)[1:-1].tolist():
            last, *_ = _solve(model, alpha, last.at(x), Rule())
    return last.at(eps_p)


def _point(model, alpha, distance, reference, last):
    """The point of the curve, and its overlaps to start the next one from."""
    if reference.message:
        return failed_point(f"reference: {reference.message}"), None
    o, rule = _start(model, alpha, reference, 2 * distance, last), Rule()
    while True:
        o, coarse, residual = _solve(model, alpha, o, rule)
        if math.isnan(residual):
            return failed_point(_refusal(o), q=reference.q), None
        entropic, *_ = o.entropic(model.prior)
        fine = _energetic(model.channel, o, rule.finer())
        normalised = entropic + alpha * fine.f
        error = alpha * abs(fine.f - coarse.f) + abs(normalised * (fine.norm - 1))
        if error < TOLERANCE * abs(normalised) or rule.step < FINEST:
            break
        rule = Rule(rule.step / 1.5, rule.window + 0.3)
    moved = replace(o, q=o.q + reference.dq, eps=o.eps - reference.dq)
    drift = alpha * (_energetic(model.channel, moved, rule).f - coarse.f)
    drift += moved.entropic(model.prior)[0] - entropic
    rounding = 8 * EPS * (abs(entropic) + alpha * abs(fine.f))
    eps1 = o.eps1
    return {
        "entropy": normalised + 0.5 * math.log(o.span),
        "normalised": normalised,
        "order": {"q": o.q, "q1": 1 - eps1, "t": o.t},
        # (F12)
        "stability": alpha
        * eps1**2
        * (fine.dq1**2 * fine.f2_squared + fine.d2q1 * fine.f1_squared),
        "error": error + abs(drift) + abs(normalised) * residual + rounding,
        "residual": residual,
        "success": True,
        "message": "",
    }, o
