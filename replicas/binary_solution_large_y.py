"""y -> infinity local entropy around binary solutions: docs/binary_local_entropy.md.

References that are solutions. Every average is one-dimensional: given the field of the
replicas, that of the reference is a truncated Gaussian, and its sign a step.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import root
from scipy.special import expit, logit, ndtr, roots_legendre

from replicas.binary_large_y import around_centre, binary_entropy
from replicas.results import failed_point

__all__ = ["ORDER", "around_solution"]

EPS = 2.0**-52
ORDER = ("q1", "eps", "delta", "eps_ref", "theta", "q_hat", "dq_hat", "p_hat")
ORDER += ("a", "tau", "w0", "binding")
TOLERANCE = 1e-11
MANY = 25.0  # log delta beyond which no reference is at the margin
FAR = "the distance exceeds that of two typical solutions"


class Sums:
    """Rules of the averages over the channel's and over the weights' field."""

    def __init__(self, step, window, nodes):
        self.step, self.window = step, window
        x, w = roots_legendre(nodes)
        self.t, self.w = 0.5 + 0.5 * x, 0.5 * w


LADDER = tuple(
    Sums(0.07 / 1.4**k, 8.4 + 0.4 * k, math.ceil(32 * 1.4**k)) for k in range(4)
)


def gauss(x):
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Channel:
    """(BL29)-(BL32), per pattern: averages at overlaps (eps, delta, eps_ref, theta)."""

    norm: float
    value: float
    q_hat: float
    dq_hat: float
    a: float
    tau: float
    slope: float
    binding: float

    @staticmethod
    def at(sums, channel, p, eps, delta, e, theta):
        q1, kappa = 1 - eps, channel.kappa
        # references that satisfy the pattern by themselves: omega0 = h
        field, w, f, f1, f2 = _nodes(sums, channel, eps, delta, 0.0, q1)
        edge = kappa - theta * f1
        w = w * ndtr((p * field / q1 - edge) / math.sqrt(1 - p * p / q1))
        norm, value = np.sum(w), np.sum(w * (f - 0.5 * delta * f1 * f1))
        q_hat, dq_hat = (
            np.sum(w * f1 * f1),
            delta * np.sum(w * f2 * f2 / (1 - delta * f2)),
        )
        # references pushed to the margin: h = omega0 + (kappa - x) theta/e
        pull, D = theta / e, delta - theta * theta / e
        variance = q1 - 2 * p * pull + pull * pull
        field, w, f, f1, f2 = _nodes(sums, channel, eps, D, kappa * pull, variance)
        shared = p - pull
        width = math.sqrt(max(1 - shared * shared / variance, 0.0))
        k = (kappa - theta * f1 - shared * (field - kappa * pull) / variance) / width
        inside = ndtr(k)
        first = width * (gauss(k) + k * inside)
        second = width * width * ((1 + k * k) * inside + k * gauss(k))
        binding = np.sum(w * inside)
        value += np.sum(w * inside * (f - 0.5 * delta * f1 * f1))
        value -= np.sum(w * (0.5 * second + theta * f1 * first)) / e
        bend = f2 / (1 - D * f2)
        return Channel(
            float(norm + binding),
            float(value),
            float(q_hat + np.sum(w * inside * f1 * f1)),
            float(dq_hat + D * np.sum(w * inside * f2 * bend)),
            float(np.sum(w * second)) / e**2,
            float(np.sum(w * first * f1)) / e,
            float(-pull * np.sum(w * inside * bend)),
            float(binding),
        )


def _nodes(sums, channel, V, D, mean, variance):
    """Field h ~ N(mean, variance) of (L7) by nodes in omega: h, weights, f, f', f''."""
    kappa, ratio = channel.kappa, D / V
    reach = sums.window * math.sqrt(variance)
    low = (mean - reach + kappa * ratio) / (1 + ratio)
    high = mean + reach
    high += D * float(channel.log_z(high, V)[1])
    lift = math.sqrt(2 * math.log1p(ratio))
    centre, width = kappa + lift * math.sqrt(V), 2 * math.sqrt(V) / (1 + lift)
    ends = np.arcsinh((np.array([low, high]) - centre) / width)
    if not np.all(np.isfinite(ends)):
        ends = np.zeros(2)  # out of double range: no norm
    t = np.arange(ends[0], ends[1] + sums.step, sums.step)
    omega = centre + width * np.sinh(t)
    f, f1, f2 = channel.log_z(omega, V)
    field, scale = omega - D * f1, math.sqrt(variance)
    w = sums.step * width * np.cosh(t) * (1 - D * f2)
    return field, w * gauss((field - mean) / scale) / scale, f, f1, f2


def _psi(y, dq_hat):
    """Psi(y) and m = Psi'(y), the largest root with the sign of y."""
    size = np.abs(y)
    X = size + dq_hat
    for _ in range(60):
        slope = 1 - dq_hat / np.cosh(X) ** 2
        step = (X - dq_hat * np.tanh(X) - size) / np.maximum(slope, 1e-14)
        X = np.maximum(X - step, 0)
        if np.all(np.abs(step) < 1e-15 * (1 + X)):
            break
    m = np.tanh(X)
    return X + np.log1p(np.exp(-2 * X)) - 0.5 * dq_hat * m * m, np.sign(y) * m


@dataclass(frozen=True)
class Weights:
    """(BL26)-(BL28): averages over the weights' field y, reference +1, twice."""

    norm: float
    value: float
    gap: float
    gap2: float
    spread: float
    e: float
    theta: float

    @staticmethod
    def at(sums, root_a, chi, q_hat, dq_hat, w0):
        scale = math.sqrt(q_hat)
        rho = chi / scale
        across = math.sqrt(1 - rho * rho)
        m0 = float(_psi(w0, dq_hat)[1])
        # the reference switches within about `width` of y = 0
        width = across / (m0 / root_a + rho / scale)
        y, w = _panels(sums, sums.window * scale, w0, width)
        w = w * gauss(y / scale) / scale
        up, m = _psi(y + w0, dq_hat)
        down, other = _psi(y - w0, dq_hat)
        c, step = y / scale, 0.5 * (up - down)
        s = 1 - m0 * m0
        bend = -m0 * s / (3 * (1 - dq_hat * s) ** 3)
        # the difference cancels at small y
        near = np.abs(y) < 1e-3 * min(w0, 1.0)
        step = np.where(near, m0 * y + bend * y**3, step)
        k = (step / root_a + rho * c) / across
        plus, bell = ndtr(k), gauss(k)
        xw = rho * c * plus + across * bell
        return Weights(
            2 * float(np.sum(w * plus)),
            2 * float(root_a * np.sum(w * xw) + np.sum(w * plus * up)),
            2 * float(np.sum(w * plus * (1 - m))),
            2 * float(np.sum(w * plus * (1 - m * m))),
            2 * float(np.sum(w * m * (y * plus - chi * xw))) / (q_hat - chi * chi),
            2 * float(np.sum(w * bell)) / (across * root_a),
            float(np.sum(w * bell * (m - other))) / (across * root_a),
        )


def _panels(sums, reach, w0, width):
    """Nodes and weights on |y| < reach; panels end at the kinks y = +-w0 of m, where
    the nodes crowd like a cube, and around the switch.
    """
    inner = [b for b in (w0, 8 * width, reach / 3) if b < reach]
    ends = np.unique([*inner, 0.0, reach])
    x, w = [], []
    for left, right in pairwise(ends):
        middle = 0.5 * (left + right)
        # each piece from where its nodes may crowd
        pieces = [(left, right)]
        if right == w0:
            pieces = [(left, middle), (right, middle)]
        for start, end in pieces:
            length = end - start
            if start == w0:
                x.append(start + length * sums.t**3)
                w.append(abs(length) * 3 * sums.t**2 * sums.w)
            else:
                x.append(start + length * sums.t)
                w.append(abs(length) * sums.w)
    x, w = np.concatenate(x), np.concatenate(w)
    return np.concatenate([-x[::-1], x]), np.concatenate([w[::-1], w])


@dataclass(frozen=True)
class State:
    """Both averages at the unknowns (log eps_ref, logit correlation, log delta,
    log eps, log w0), with the hats that the channel's imply.
    """

    alpha: float
    distance: float
    overlaps: tuple
    w0: float
    channel: Channel
    weights: Weights

    @staticmethod
    def at(sums, channel, alpha, distance, v):
        p = 1 - 2 * distance
        e, delta, eps, w0 = np.exp(np.clip([v[0], *v[2:]], -690, 200)).tolist()
        eps = min(eps, (1 - p * p) * (1 - 1e-12))  # q1 > p^2
        theta = float(expit(min(v[1], 36.0))) * math.sqrt(e * delta)
        seen = Channel.at(sums, channel, p, eps, delta, e, theta)
        root_a, q_hat = _root_a(alpha, seen), alpha * seen.q_hat
        chi = min(alpha * seen.tau / root_a, 0.999999 * math.sqrt(q_hat))
        weights = Weights.at(sums, root_a, chi, q_hat, alpha * seen.dq_hat, w0)
        return State(alpha, distance, (eps, delta, e, theta), w0, seen, weights)

    @property
    def residuals(self):
        """Logarithms of the two sides of (BL27), (BL28)."""
        (eps, delta, e, theta), w = self.overlaps, self.weights
        sides = (w.e, w.theta, w.spread, w.gap2, w.gap)
        if not all(x > 0 for x in sides):
            return (math.nan,) * 5
        targets = (e, theta, eps + delta, eps, 2 * self.distance)
        return tuple(math.log(x / y) for x, y in zip(sides, targets, strict=True))

    @property
    def entropy(self):
        """(BL25)."""
        (eps, delta, e, theta), c, alpha = self.overlaps, self.channel, self.alpha
        value = -0.5 * alpha * c.a * e - self.w0 * (1 - 2 * self.distance)
        value -= alpha * (c.tau * theta + 0.5 * c.q_hat * (eps + delta))
        value -= 0.5 * (1 - eps) * alpha * c.dq_hat
        return value + self.weights.value + alpha * c.value

    @property
    def p_hat(self):
        """(BL33)."""
        return self.w0 - self.alpha * self.channel.slope


def _root_a(alpha, seen):
    """sqrt(a), kept from underflow where no reference is at the margin."""
    return max(math.sqrt(alpha * seen.a), 1e-140)


def around_solution(channel, alpha, distance, *, start=None):
    """Point at distance d from a reference that is a solution: (BL25)."""
    first = None
    if start and start["success"] and start["order"].get("w0", 0) > 0:
        o = start["order"]
        r = o["theta"] / math.sqrt(o["eps_ref"] * o["delta"])
        numbers = o["eps_ref"], r / (1 - r), o["delta"], o["eps"], o["w0"]
        first = _refined(channel, alpha, distance, np.log(numbers))
    if first is None or not first["success"]:
        free = around_centre(channel, alpha, distance)
        if not free["success"]:
            return failed_point(free["message"], **dict.fromkeys(ORDER, math.nan))
        if free["order"]["delta"] == 0:
            return _all_solutions(free, distance)
        unknowns = _from_free(free["order"])
        if _is_free(channel, alpha, distance, unknowns):
            e, w0 = math.exp(unknowns[0]), free["order"]["p_hat"]
            theta = float(expit(unknowns[1])) * math.sqrt(e * free["order"]["delta"])
            extra = {"eps_ref": e, "theta": theta, "w0": w0}
            extra |= dict.fromkeys(("a", "tau", "binding"), 0.0)
            return _with(free, extra)
        first = _refined(channel, alpha, distance, unknowns)
    return first


def _is_free(channel, alpha, distance, unknowns):
    """Whether the best of all references is a solution, within rounding."""
    if unknowns[2] > MANY:
        return True
    state = State.at(LADDER[0], channel, alpha, distance, unknowns)
    return state.channel.binding < EPS


def _with(point, extra):
    order = dict.fromkeys(ORDER, math.nan) | point["order"] | extra
    return point | {"order": {k: order[k] for k in ORDER}}


def _from_free(order):
    """Unknowns where no reference is pushed to the margin: (BL34)."""
    m0 = float(_psi(order["p_hat"], order["dq_hat"])[1])
    e = 2 / (m0 * math.sqrt(2 * math.pi * order["q_hat"]))
    correlation = m0 * math.sqrt(e / order["delta"])
    numbers = e, order["delta"], order["eps"], order["p_hat"]
    e, delta, eps, w0 = np.log(numbers).tolist()
    return np.array([e, logit(min(correlation, 1 - 1e-12)), delta, eps, w0])


def _all_solutions(free, distance):
    """Beyond the typical distance to a free reference: (BL35)."""
    if distance > free["order"]["eps"] / 2:
        return failed_point(FAR, **dict.fromkeys(ORDER, math.nan))
    return _with(free, {"p_hat": 0.0})


def _refined(channel, alpha, distance, unknowns):
    best = None
    for sums, finer in pairwise(LADDER):

        def residuals(v, sums=sums):
            return State.at(sums, channel, alpha, distance, v).residuals

        unknowns = root(residuals, unknowns, tol=1e-12).x
        state = State.at(sums, channel, alpha, distance, unknowns)
        if not max(map(abs, state.residuals)) < 1e-6:
            return failed_point(
                "the saddle was not found", **dict.fromkeys(ORDER, math.nan)
            )
        fine = State.at(finer, channel, alpha, distance, unknowns)
        point = _describe(state, fine)
        if best is not None and point["error"] > 0.3 * best["error"]:
            break
        best = point
        if best["error"] < TOLERANCE:
            break
    return best


def _describe(state, fine):
    eps, delta, e, theta = state.overlaps
    value, c, alpha = fine.entropy, fine.channel, fine.alpha
    residual = max(map(abs, fine.residuals))
    norm = abs(fine.weights.norm - 1) * abs(fine.weights.value)
    norm += alpha * abs(c.value * (c.norm - 1))
    scale = alpha * (c.q_hat * (eps + delta) + c.dq_hat) + fine.w0
    order = (1 - eps, eps, delta, e, theta, alpha * c.q_hat, alpha * c.dq_hat)
    order += (fine.p_hat, alpha * c.a, alpha * c.tau, fine.w0, c.binding)
    return {
        "entropy": value,
        "normalised": value - binary_entropy(state.distance),
        "order": dict(zip(ORDER, order, strict=True)),
        "stability": math.inf,
        "error": abs(value - state.entropy)
        + 4 * norm
        + scale * (residual**2 + 16 * EPS),
        "residual": residual,
        "success": True,
        "message": "",
    }
