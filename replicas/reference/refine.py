"""Results of the fast solvers polished on the twins, docs/reference.md (M22), (M23)."""

from dataclasses import replace

import numpy as np
from mpmath import mp, mpf

from replicas import check
from replicas.channels import Loss
from replicas.priors import Binary
from replicas.reference.binary_large_y import BinaryLargeY
from replicas.reference.franz_parisi import FranzParisi
from replicas.reference.large_y import LargeY
from replicas.reference.newton import polish
from replicas.reference.one_rsb import OneStep, free_volume
from replicas.reference.rs import ReplicaSymmetric
from replicas.results import Curve, Saddle, stack

__all__ = ["refine"]

EXTRA = 2  # digits beyond dps
DOUBLE = 330  # digits that hold 1 - eps for every double eps
SMALL = 1e-10  # an overlap below it may be zero


def refine(result, dps=30):
    """A saddle point or curve point to dps digits, by Newton on its twin.

    Parameters
    ----------
    result : Saddle or Curve of `rs`, `one_rsb`, `local_entropy` or `franz_parisi`,
        scalar or array: channels with one field, and trees with K = 2, 3 for `rs`;
        binary weights for `rs`, and for `local_entropy` at y = infinity.
    dps : integer in [15, 100], digits.

    Returns
    -------
    The same dataclass for the same alpha, distance and y, taken as exact: order,
    entropy, normalised, complexity, error and residual are mpf with dps digits (in
    object arrays for arrays). `stability` stays the double of the fast solver. In an
    array, points that had failed stay nan; a point that does not converge here is
    nan, success False, and says why.

    Raises TypeError for another type of result, ValueError for dps out of range, a
    result without any converged point, or an ansatz or channel without a twin.

    Source: docs/reference.md (M22), (M23).
    """
    check.integer("refine", "dps", dps, 15, 100)
    if not isinstance(result, (Saddle, Curve)):
        raise TypeError(f"refine: result must be a Saddle or a Curve, given {result!r}")
    if not np.any(result.success):
        raise ValueError(
            "refine: result must have converged, given one that failed: "
            f"{result.message}"
        )
    twin = _twin(result)
    shape = np.shape(result.entropy)
    points = [_point(result, twin, index, dps) for index in np.ndindex(shape)]
    return replace(result, **stack(points, shape))


def _twin(result):
    """The function that polishes one point of this ansatz."""
    kinds = {
        (Saddle, "rs"): _rs,
        (Saddle, "1rsb"): _one_rsb,
        (Saddle, "1rsb*"): _one_rsb,
        (Curve, "finite-y"): _local_entropy,
        (Curve, "large-y"): _local_entropy,
        (Curve, "franz-parisi"): _franz_parisi,
    }
    kind = type(result), result.ansatz
    if kind not in kinds or getattr(result, "between", None) == "solution":
        raise ValueError(
            f"refine: the ansatz must be one of {', '.join(k for _, k in kinds)} "
            "(distance to the replicas, their centre or a typical reference), given "
            f"{result.ansatz!r}"
        )
    if isinstance(result.model.prior, Binary):
        kinds = {(Saddle, "rs"): _rs, (Curve, "large-y"): _binary_large_y}
        if kind not in kinds:
            raise ValueError(
                "refine: the ansatz of binary weights must be rs or large-y, "
                f"given {result.ansatz!r}"
            )
    return kinds[kind]


def _point(result, twin, index, dps):
    """The fields of one point that change."""
    given = {key: _entry(value, index) for key, value in result.order.items()}
    if not _entry(result.success, index):
        return _failed(result, given, str(_entry(result.message, index)))
    with mp.workdps(dps + DOUBLE):
        try:
            point = twin(result, index, dps + EXTRA)
        except ArithmeticError as reason:
            return _failed(result, given, f"not refined: {reason}")
    sizes = [abs(point[k]) for k in ("entropy", "normalised") if k in point]
    smallest = min(sizes)
    with mp.workdps(dps):
        point["error"] = max(point["error"], mpf(10) ** -dps * smallest)
        point["order"] = {k: +point["order"][k] for k in given if k in point["order"]}
        rounded = {k: +v for k, v in point.items() if isinstance(v, mpf)}
    # the error holds for both: the entropy keeps the last digit of the normalised one
    with mp.workdps(dps + int(mp.log10(sizes[0] / smallest)) + 1):
        rounded["entropy"] = +point["entropy"]
    return {**point, **rounded, "success": True, "message": ""}


def _failed(result, given, message):
    keys = ["entropy", "error", "residual"]
    keys += ["normalised"] if isinstance(result, Curve) else []
    point = dict.fromkeys(keys, mp.nan)
    order = dict.fromkeys(given, mp.nan)
    return {**point, "order": order, "success": False, "message": message}


def _entry(value, index):
    """Entry of a field, which may be a scalar where the others are arrays."""
    value = np.asarray(value)
    return value[index] if value.ndim else value[()]


def _given(result, index):
    """alpha and the order parameters of one point, exactly."""
    order = {k: mpf(float(_entry(v, index))) for k, v in result.order.items()}
    return mpf(float(_entry(result.alpha, index))), order


def _rs(result, index, digits):
    if isinstance(result.model.channel, Loss):
        raise ValueError(
            "refine: the channel must accept or refuse patterns, "
            f"given {result.model.channel!r}"
        )
    alpha, order = _given(result, index)
    q = 1 - order["eps"] if "eps" in order else order["q"]
    twin = ReplicaSymmetric("refine", result.model, alpha)
    start = {"q": q}
    if twin.binary:
        start["q_hat"] = order["q_hat"]
    if q < SMALL and twin.zero_is_stationary():
        start = dict.fromkeys(start, mpf(0))
    free = tuple(start) if start["q"] else ()
    point = _polished(twin, start, digits, free)
    point["order"]["eps"] = 1 - point["order"]["q"]
    return point


def _one_rsb(result, index, digits):
    alpha, order = _given(result, index)
    q1 = 1 - order["eps1"] if "eps1" in order else order["q1"]
    start = {"q0": order["q0"], "q1": q1, "m": order["m"]}
    free = ("q0", "q1", "m") if result.ansatz == "1rsb*" else ("q0", "q1")
    twin = OneStep("refine", result.model, alpha)
    point = _polished(twin, start, digits, free)
    point["order"]["eps1"] = 1 - point["order"]["q1"]
    return point


def _local_entropy(result, index, digits):
    alpha, order = _given(result, index)
    d, y = (mpf(float(_entry(v, index))) for v in (result.distance, result.y))
    eps = 2 * d
    if result.between == "centre":
        eps = 4 * d * (1 - d) * (1 if mp.isinf(y) else y / (y - 1))
    if mp.isinf(y):
        delta = order["delta"] if "delta" in order else order["c"] * eps
        start, free = {"q1": 1 - eps, "delta": delta}, ("delta",)
        point = _polished(LargeY("refine", result.model, alpha), start, digits, free)
        point["order"]["c"] = point["order"]["delta"] / eps
        point["normalised"] = point["entropy"]
        point["entropy"] = point["normalised"] + mp.log(eps) / 2
    else:
        start = {"q0": order["q0"], "q1": 1 - eps, "m": y}
        twin = OneStep("refine", result.model, alpha)
        point = _polished(twin, start, digits, ("q0",))
        point["normalised"] = point["entropy"] - free_volume(start)
        del point["complexity"]
    point["order"]["eps"] = eps
    return point


def _binary_large_y(result, index, digits):
    alpha, order = _given(result, index)
    if not order["delta"]:
        raise ArithmeticError("the point is that of typical solutions")
    d = mpf(float(_entry(result.distance, index)))
    order["q1"] = 1 - (2 * d if result.between == "replicas" else order["eps"])
    r, free = mp.sqrt(1 - 2 * d), ("delta", "q_hat", "dq_hat")
    p = None
    if result.between == "centre":
        r = p = 1 - 2 * d
        free += ("q1", "p_hat")
    twin = BinaryLargeY("refine", result.model, alpha, p)
    point = _polished(twin, order, digits, free)
    up, down = (1 + r) / 2, (1 - r) / 2
    point["normalised"] = point["entropy"] + up * mp.log(up) + down * mp.log(down)
    point["order"]["eps"] = 1 - point["order"]["q1"]
    return point


def _franz_parisi(result, index, digits):
    alpha, order = _given(result, index)
    # the references' overlap first: it is a saddle of its own
    references = ReplicaSymmetric("refine", result.model, alpha)
    q = _polished(references, {"q": order["q"]}, digits + EXTRA, ("q",))["order"]["q"]
    p = 1 - 2 * mpf(float(_entry(result.distance, index)))
    start = {"q": q, "p": p, "q1": order["q1"], "t": order["t"]}
    twin = FranzParisi("refine", result.model, alpha)
    point = _polished(twin, start, digits, ("q1", "t"))
    point["normalised"] = point["entropy"] - mp.log(1 - p**2) / 2
    point["order"]["eps"] = 1 - point["order"]["q1"]
    return point


def _polished(twin, start, digits, free):
    """`polish` as a dict of fields."""
    order, (entropy, _, *complexity), error, residual = polish(
        twin, start, digits, free
    )
    point = {"order": order, "entropy": entropy, "error": error, "residual": residual}
    if complexity:
        point["complexity"] = complexity[0]
    return point
