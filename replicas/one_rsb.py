"""1-RSB saddle: overlaps q0 < q1, entropy and complexity: docs/one_rsb.md."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root
from scipy.special import expit, logit

from replicas import _finite_y, _one_rsb, check
from replicas.model import require_model
from replicas.priors import Spherical
from replicas.quadrature import Rule
from replicas.results import Saddle, failed_point, stack
from replicas.rs import rs

__all__ = ["one_rsb"]

EPS = 2.0**-52
ACCEPTED = 1e-6  # residual of a root
PRIOR = Spherical()
# log (1 - q_RS)/(1 - q1) of the scan in q1, and the m from which m is solved
SCAN = (1e-6, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.6, 1, 1.5, 2, 3, 4, 6, 8, 11, 15, 19)
STARTS = (0.5, 0.8, 0.2, 0.95, 0.05, 0.01)


def one_rsb(model, alpha, m=None):
    r"""1-RSB saddle with Parisi parameter m.

    S(q0, q1, m) = G_S + alpha/m int Dz0 log int Dz1 Z^m, stationary at q0 < q1.

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.
    m : float or array in (0, 1]; None: the m in (0, 1) of zero complexity.
        alpha and m broadcast against each other.

    Returns
    -------
    Saddle with order "q0", "q1", "eps1" = 1 - q1 and "m", entropy in nats per weight,
    complexity -m^2 dS/dm and, as stability, the larger replicon index of the two
    levels (stable below 1). Of several saddles, that of least entropy among those
    minimal in q1. Where only q0 = q1 is stationary success is False.

    Source: docs/one_rsb.md (B1)-(B14).
    """
    require_model("one_rsb", model)
    alpha = check.positive("one_rsb", "alpha", alpha)
    if m is not None:
        m = check.inside("one_rsb", "m", m, "in (0, 1]", lambda x: (x > 0) & (x <= 1))
        alpha, m = np.broadcast_arrays(alpha, m)
        points = [
            _at_m(model, float(a), float(n))
            for a, n in zip(alpha.flat, m.flat, strict=True)
        ]
    else:
        points = [_extremal(model, float(a)) for a in alpha.flat]
    return Saddle(
        model=model,
        ansatz="1rsb*" if m is None else "1rsb",
        alpha=alpha[()],
        **stack(points, alpha.shape),
    )


@dataclass(frozen=True)
class State:
    """One evaluation of the ansatz: its point, equations and what follows."""

    q0: float
    dq: float
    eps: float
    m: float
    entropy: float
    energetic: float
    d_m: float  # of the entropy
    equations: np.ndarray  # (B11), (B12), (B13)
    stability: float
    norm: float


def evaluate(channel, alpha, q0, dq, eps, m, rule):
    """The ansatz at q1 = 1 - eps, q0 = q1 - dq."""
    a, outer, inner = _one_rsb.energetic(
        channel.kernel, q0, eps + dq, 1 - eps, eps, m, rule.step, rule.window
    )
    entropic, _, _, d_m = PRIOR.one_rsb(q0, dq, eps, m)
    lam = eps + m * dq
    d_m += alpha * (a["log_z"] - a["f"]) / m
    spread = inner["d"] * a["d_variance"] + (inner["d"] - outer["d"]) * a["f1_squared"]
    # (B14)
    inner_index = inner["d"] ** 2 * a["d2_squared"] + inner["d2"] * (
        a["f1_squared"] + a["d_variance"]
    )
    outer_index = outer["d"] ** 2 * a["f2_squared"] + outer["d2"] * a["f1_squared"]
    equations = [
        math.log(q0 / (lam**2 * alpha * outer["d"] * a["f1_squared"])),
        math.log(dq / (eps * lam * alpha * spread)),
        d_m * (lam / dq) ** 2,
    ]
    return State(
        q0=q0,
        dq=dq,
        eps=eps,
        m=m,
        entropy=float(entropic + alpha * a["f"]),
        energetic=a["f"],
        d_m=float(d_m),
        equations=np.array(equations),
        stability=alpha * max(eps**2 * inner_index, lam**2 * outer_index),
        norm=a["norm"],
    )


def _at_m(model, alpha, m):
    """The saddle at given m: every minimum in q1 of a scan, the lowest one polished."""
    starts = _scan(model, alpha, m)
    points = [_polish(model.channel, alpha, u, m) for u in starts]
    points = [point for point in points if point["success"]]
    if not points:
        return _failed(f"no saddle with q0 < q1 at m = {m:g}", m)
    return min(points, key=lambda point: point["entropy"])


def _extremal(model, alpha):
    """The saddle in m too: solved from saddles at given m, or bracketed by them."""
    channel, at_m = model.channel, []
    for m in STARTS:
        for u in _scan(model, alpha, m):
            point = _polish(channel, alpha, np.append(u, logit(m)), None)
            if point["success"]:
                return point
            point = _polish(channel, alpha, u, m)
            if point["success"]:
                at_m.append((m, point["complexity"], u))
    if not at_m:
        message = "no saddle with q0 < q1: replica symmetric, or above capacity"
    elif all(complexity > 0 for _, complexity, _ in at_m):
        message = "the complexity is positive for m < 1: the saddle is at m = 1"
    elif all(complexity < 0 for _, complexity, _ in at_m):
        message = "the complexity is negative: alpha is above the 1-RSB capacity"
    else:
        return _bracketed(channel, alpha, sorted(at_m, key=lambda entry: entry[0]))
    return _failed(message, math.nan)


def _bracketed(channel, alpha, at_m):
    """The m of zero complexity between two m of opposite sign, near q0 = q1."""
    low = max(entry for entry in at_m if entry[1] > 0)
    high = min(entry for entry in at_m if entry[1] < 0)
    for _ in range(26):
        m, u = 0.5 * (low[0] + high[0]), 0.5 * (low[2] + high[2])
        point = _polish(channel, alpha, u, m)
        if not point["success"]:
            return point
        entry = m, point["complexity"], u
        low, high = (entry, high) if entry[1] > 0 else (low, entry)
    order = point["order"]
    u = [
        math.log(order["q1"] / order["eps1"]),
        math.log(order["q0"] / (order["q1"] - order["q0"])),
        logit(m),
    ]
    return _polish(channel, alpha, u, None)


def _scan(model, alpha, m):
    """Points (logit q1, logit q0/q1) near the minima in q1, q0 stationary."""
    symmetric = rs(model, alpha)
    if not symmetric.success:
        return []
    rule = Rule()
    rules = rule.step, rule.window, rule.step, rule.window
    starts, last = [], None
    for s in SCAN:
        eps = symmetric.order["eps"] * math.exp(-s)
        q0, dq, *_ = _finite_y.solve(model.channel.kernel, alpha, eps, m, 0.0, *rules)
        if math.isnan(q0):
            continue
        slope = evaluate(model.channel, alpha, q0, dq, eps, m, rule).equations[1]
        u = np.array([math.log((1 - eps) / eps), math.log(q0 / dq)])
        if last is not None and last[1] < 0 <= slope:
            weight = slope / (slope - last[1])
            starts.append(weight * last[0] + (1 - weight) * u)
        last = u, slope
    return starts


def _polish(channel, alpha, u, m):
    """Root of the stationarity equations from u, and its error."""
    rule = Rule()
    solution = root(
        lambda v: _state(channel, alpha, v, m, rule).equations[: len(v)],
        u,
        options={"xtol": 1e-9},
    )
    failed = _failed("the stationarity equations did not converge", math.nan)
    if not np.abs(solution.fun).max() < ACCEPTED:
        return failed
    u, fine = solution.x, rule.finer()
    jacobian, gradient = _derivatives(channel, alpha, u, m, rule)
    equations = _state(channel, alpha, u, m, fine).equations[: len(u)]
    u = u - np.linalg.solve(jacobian, equations)
    state = _state(channel, alpha, u, m, fine)
    coarse = _state(channel, alpha, u, m, rule)
    equations = state.equations[: len(u)]
    residual = float(np.abs(equations).max())
    if not residual < ACCEPTED:
        return failed
    error = alpha * abs(state.energetic - coarse.energetic)
    error += alpha * abs(state.energetic * (state.norm - 1))
    error += abs(gradient @ np.linalg.solve(jacobian, equations))
    scale = abs(math.log(state.eps)) + alpha * abs(state.energetic)
    return {
        "order": {
            "q0": state.q0,
            "q1": 1 - state.eps,
            "eps1": state.eps,
            "m": state.m,
        },
        "entropy": state.entropy,
        "complexity": -(state.m**2) * state.d_m,
        "stability": state.stability,
        "error": error + 4 * EPS * scale / state.m,
        "residual": residual,
        "success": True,
        "message": "",
    }


def _state(channel, alpha, u, m, rule):
    """The ansatz at u = logits of q1, q0/q1 and, unless it is given, m."""
    u = np.clip(u, -40, 40)
    q1, eps = expit(u[0]), expit(-u[0])
    m = float(expit(u[2])) if m is None else m
    return evaluate(
        channel, alpha, q1 * expit(u[1]), q1 * expit(-u[1]), float(eps), m, rule
    )


def _derivatives(channel, alpha, u, m, rule):
    """Jacobian of the equations and gradient of the entropy, by differences."""
    columns, gradient = [], []
    for i in range(len(u)):
        step = np.zeros(len(u))
        step[i] = 1e-5
        high, low = (_state(channel, alpha, u + d, m, rule) for d in (step, -step))
        columns.append((high.equations - low.equations)[: len(u)] / 2e-5)
        gradient.append((high.entropy - low.entropy) / 2e-5)
    return np.array(columns).T, np.array(gradient)


def _failed(message, m):
    point = failed_point(message, q0=math.nan, q1=math.nan, eps1=math.nan, m=m)
    del point["normalised"]
    return point | {"complexity": math.nan}
