"""Entropic term of the Franz-Parisi ansatz: docs/franz_parisi.md (F4)-(F26).

Given the conjugates of q1 and t, which the energetic term sets, a prior says how far
the overlaps are from the saddle.
"""

import math
from dataclasses import dataclass

import numpy as np

from replicas import _binary_franz_parisi
from replicas.priors import Binary, binary_entropy

__all__ = ["Entropic", "entropic", "free"]

EPS = 2.0**-52
SMALLEST = 1e-200
LEAST = 1e-12  # share of the natural scale of the two sides that is beyond notice


@dataclass(frozen=True)
class Entropic:
    """Entropic term less its value without patterns, and the saddle equations.

    residual : the two equations, zero at the saddle; d_overlaps, d_hats : their
    derivatives in (c, delta) and in the logarithms of (q1_hat, t_hat). response :
    mean square of 1 - <W>^2, for the replicon index. scale : of the terms summed up.
    p_hat : conjugate of p, to start the next point from. image : c and delta that
    the conjugates give, nan if the prior does not say.
    """

    value: float
    residual: np.ndarray
    d_overlaps: np.ndarray
    d_hats: np.ndarray
    response: float
    scale: float
    p_hat: float
    image: tuple[float, float] = (math.nan, math.nan)


def entropic(prior, reference, o, hats, rule, p_hat):
    """`Entropic` at the overlaps o and conjugates hats = (q1_hat, t_hat)."""
    if isinstance(prior, Binary):
        return binary(reference, o, hats, rule, p_hat)
    return spherical(prior, o, hats)


def free(prior, o):
    """Entropy at the distance of o without patterns."""
    if isinstance(prior, Binary):
        return binary_entropy(0.5 * o.eps_p)
    return 0.5 * math.log(o.span)


def spherical(prior, o, hats):
    """(F7): logs of the ratios of the two sides of the saddle equations.

    Both sides may vanish exponentially at small distances: a little is added to them.
    """
    value, slope_q1, slope_t = prior.franz_parisi(o.q, o.eps, o.eps_p, o.c, o.delta)
    dq1, _ = o.gradients()
    excess = (1 - o.c**2) * o.delta + o.c**2 / o.eps
    dexcess = np.array([2 * o.c * (1 / o.eps - o.delta), 1 - o.c**2]) / excess
    rows = np.array([dexcess + 2 * dq1 / o.eps1, dq1 / o.eps1])
    sides = [(2 * slope_q1, hats[0], o.span / o.eps1**2)]
    if o.q > 0:
        rows[1, 0] += 1 / o.c
        sides.append((slope_t, hats[1], slope_t / o.c * math.sqrt(o.span)))
    else:
        # t = c = 0 solves the second equation
        rows[1] = [1.0, 0.0]
        sides.append((0.0, 0.0, 1.0))
    left, right, unit = np.array(sides).T
    left, right = left + LEAST * unit, right + LEAST * unit
    shares = 1 - LEAST * unit / np.array([left, right])
    if o.q == 0:
        shares[0, 1] = 1.0
    return Entropic(
        value=value,
        residual=np.log(left / right),
        d_overlaps=shares[0][:, None] * rows,
        d_hats=np.diag(-shares[1]),
        response=o.eps1**2,
        scale=abs(value),
        p_hat=0.0,
    )


def binary(reference, o, hats, rule, p_hat):
    """(F24), (F25): the overlaps that the conjugates give, against those of o."""
    q1_hat, t_hat = hats
    out = np.empty(10)
    q_hat = max(reference.q_hat, SMALLEST)
    p_hat = _binary_franz_parisi.entropic(
        q_hat, q1_hat, t_hat, o.eps_p, p_hat, rule.step, rule.window, out
    )
    L, _, tau_D, S, TS, tau_S, tau_TS, S_squared, tau2_S, norm = out.tolist()
    S = S or math.nan  # frozen beyond the range of a double
    dt = o.gradients()[1][0]
    # q - t = q (1 - p) - dt c
    terms = [-0.5 * q1_hat * o.eps1, p_hat * o.eps_p, L]
    terms += [-t_hat * o.q * o.eps_p, t_hat * dt * o.c]
    # at q = 0 nothing tells the references apart: t = c = 0
    c = (o.q * o.eps_p - tau_D) / dt if o.q > 0 else 0.0
    # derivatives in q1_hat, t_hat with p_hat eliminated by p
    d_eps1 = [-3 * S_squared + 2 * S - 2 * TS**2 / S, 2 * tau_TS - 2 * TS * tau_S / S]
    d_t = [-tau_TS + tau_S * TS / S, S - 2 * tau2_S + tau_S**2 / S]
    # c falls with the distance, where it may be below the rounding of its average
    unit = math.sqrt(o.span)
    d_hats = np.array([d_eps1, d_t]) * hats / [[S], [dt * unit or math.inf]]
    d_overlaps = [[2 * o.c / (1 - o.c**2), 1 / (1 - o.delta)], [-1 / unit, 0.0]]
    return Entropic(
        value=sum(terms) - free(Binary(), o),
        residual=np.array([_log(S / o.eps1), (c - o.c) / unit]),
        d_overlaps=np.array(d_overlaps),
        d_hats=d_hats,
        response=S_squared,
        scale=sum(map(abs, terms)) * (1 + abs(norm - 1) / EPS),
        p_hat=p_hat,
        image=(c, 1 - S / (o.span * (1 - c * c))),
    )


def _log(x):
    return math.log(x) if x > 0 else math.nan
