"""Tables of an overlap kernel for the C channel: docs/channels.md (C13)-(C16)."""

import numpy as np
from numpy.polynomial import chebyshev

from replicas import _kernels

__all__ = [
    "LAST",
    "MAX_DEGREE",
    "ORDER",
    "angle_tables",
    "array_of",
    "refuse",
    "series_tables",
]

JOIN = 0.5  # overlap at which a series that does not reach q = 1 is left
LAST = np.arccos(JOIN)
ORDER = 60  # of that series: 2^-60
MAX_DEGREE = 160


def refuse(reason):
    raise ValueError(f"Wide: {reason}")


def array_of(name, f, x):
    """f on an array, as finite floats of the same shape."""
    y = np.asarray(f(x))
    if y.shape != x.shape or y.dtype.kind not in "fiub":
        raise TypeError(
            f"Wide: {name} must map an array of numbers to one of the same shape, "
            f"given {f!r}"
        )
    if not np.isfinite(y).all():
        refuse(f"{name} must be finite, given {f!r}")
    return y.astype(float)


def series_tables(share):
    """(C13) alone."""
    series = np.array([share, np.cumsum(share[::-1])[::-1]])
    return series, 2.0, 2, LAST, np.zeros((3, 1))


def angle_tables(share, power, c):
    """(C13) below the overlap JOIN, (C15) above; they must meet."""
    tail = 1 - np.append(0, np.cumsum(share)[:-1])
    slope = 2 / LAST
    rows = [c, *(np.append(chebyshev.chebder(c, k), [0] * k) for k in (1, 2))]
    tables = np.array([share, tail]), JOIN, power, LAST
    tables = *tables, np.array(rows) * slope ** np.arange(3)[:, None]
    below = share @ JOIN ** np.arange(1, share.size + 1)
    gap = abs(_kernels.tabulated(0.0, *tables).overlap(JOIN, 1 - JOIN)[0] - below)
    if not gap < 1e-10:
        refuse(f"the kernel is not resolved: two ways to compute it differ by {gap}")
    return tables
