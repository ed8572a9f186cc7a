"""What solvers return: frozen, with error, residual, success and message.

Fields are floats (bool, str) for a scalar call and arrays of one shape for an array
call. A point that failed holds nan and says why in `message`.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from replicas.model import Model

__all__ = [
    "Curve",
    "Estimate",
    "Saddle",
    "estimates",
    "failed_estimate",
    "failed_point",
    "failed_saddle",
    "stack",
]


@dataclass(frozen=True)
class Estimate:
    """A number with its error.

    value : the estimate; error : estimated absolute error; residual : norm of the
    equations it solves, there; order : the order parameters at which it is attained.
    """

    value: float
    error: float
    residual: float
    success: bool
    message: str
    order: dict[str, float]


@dataclass(frozen=True)
class Saddle:
    """Saddle point of a free entropy.

    order : order parameters; entropy, complexity : nats per weight (complexity is
    None where the ansatz has none); stability : replicon index, stable below 1;
    error : estimated absolute error of the entropy; residual : norm of the
    stationarity equations.
    """

    model: "Model"
    ansatz: str
    alpha: Any
    order: dict[str, Any]
    entropy: Any
    complexity: Any
    stability: Any
    error: Any
    residual: Any
    success: Any
    message: Any


@dataclass(frozen=True)
class Curve:
    """Local entropy against distance.

    distance : d = (1 - overlap)/2; entropy, normalised : nats per weight, normalised
    is entropy minus its value at alpha = 0, same distance and y; order : order
    parameters; stability : replicon index of the centre, stable below 1; error :
    estimated absolute error of normalised (entropy adds the rounding of the logarithm
    that they differ by); residual : norm of the stationarity equations; between : what
    the distance is measured to.
    """

    model: "Model"
    ansatz: str
    between: str
    alpha: Any
    distance: Any
    y: Any
    entropy: Any
    normalised: Any
    order: dict[str, Any]
    stability: Any
    error: Any
    residual: Any
    success: Any
    message: Any


def failed_saddle(message, names=(), /, **known):
    """A saddle that could not be computed: nan, and why.

    names : its order parameters, all nan; known : those that are not.
    """
    return {
        "order": dict.fromkeys(names, math.nan) | known,
        **dict.fromkeys(("entropy", "stability", "error", "residual"), math.nan),
        "success": False,
        "message": message,
    }


def failed_point(message, names=(), /, **known):
    """As `failed_saddle`, a point of a curve."""
    return failed_saddle(message, names, **known) | {"normalised": math.nan}


def failed_estimate(message, names=()):
    """As `failed_saddle`, an Estimate."""
    order = dict.fromkeys(names, math.nan)
    return Estimate(math.nan, math.nan, math.nan, False, message, order)


def estimates(points, shape):
    """Estimates, stacked to one whose fields are of `shape`."""
    return Estimate(**stack([vars(point) for point in points], shape))


def stack(points, shape):
    """Points (dicts) as a dict of arrays of `shape`; shape () gives scalars.

    A dict-valued column becomes a dict of arrays, nan where a point lacks the key. An
    array-valued one has one more axis, filled up with nan.
    """
    if shape == ():
        return points[0]
    columns = {}
    for key in dict.fromkeys(key for point in points for key in point):
        column = [point.get(key, math.nan) for point in points]
        if isinstance(column[0], dict):
            columns[key] = stack(column, shape)
        elif any(isinstance(entry, np.ndarray) for entry in column):
            column = [np.atleast_1d(entry) for entry in column]
            size = max(map(len, column))
            table = np.full((len(column), size), np.nan)
            for row, entry in zip(table, column, strict=True):
                row[: len(entry)] = entry
            columns[key] = table.reshape(*shape, size)
        else:
            kind = object if isinstance(column[0], str) else None
            columns[key] = np.array(column, dtype=kind).reshape(shape)[()]
    return columns
