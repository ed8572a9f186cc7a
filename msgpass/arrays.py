"""Arrays of an instance: checked, typed and read-only."""

import numpy as np

from replicas import check

__all__ = [
    "check_machine",
    "labels_array",
    "patterns_array",
    "row_blocks",
    "weights_array",
]

RULES = ("majority", "parity", "symmetric")
BLOCK = 1 << 22  # entries handled at a time, so that no large temporary appears


def check_machine(function, K, tree, rule, kappa):
    check.integer(function, "K", K, 1, 1 << 20)
    check.choice(function, "rule", rule, RULES)
    check.flag(function, "tree", tree)
    kappa = check.finite(function, "kappa", kappa)
    if K > 1 and rule == "symmetric":
        raise ValueError(f"{function}: K must be 1 for the rule symmetric, given {K}")
    if rule == "symmetric" and not kappa > 0:
        raise ValueError(
            f"{function}: kappa must be > 0 for the rule symmetric, given {kappa}"
        )
    if (K > 1 or rule == "parity") and kappa != 0:
        raise ValueError(
            f"{function}: kappa must be 0 for K > 1 and for parity, given {kappa}"
        )


def row_blocks(array):
    """Slices of rows with about BLOCK entries each."""
    step = max(1, BLOCK // max(1, array.shape[1]))
    return [slice(i, i + step) for i in range(0, len(array), step)]


def patterns_array(value):
    """Patterns as a read-only array that nobody else can write to."""
    patterns = _array("patterns", value, 2)
    whole = patterns.dtype.kind in "iu"
    signs = True
    for rows in row_blocks(patterns):
        block = patterns[rows]
        if not whole and not np.isfinite(block).all():
            bad = rows.start + np.flatnonzero(~np.isfinite(block).all(axis=1))[0]
            raise ValueError(
                f"Instance: patterns must be finite, given a nan or infinity in "
                f"pattern {bad}"
            )
        if not (np.abs(block) == 1).all():
            signs = False
            if whole:
                bad = block[np.abs(block) != 1][0]
                raise ValueError(
                    f"Instance: patterns must be +-1 or floats, given integers "
                    f"with {bad}"
                )
    kind = np.int8 if signs else np.float32 if patterns.dtype.itemsize <= 4 else float
    below = patterns.base if isinstance(patterns.base, np.ndarray) else patterns
    if not below.flags.writeable and patterns.flags.c_contiguous:
        patterns = patterns.astype(kind, copy=False)
    else:
        patterns = patterns.astype(kind, order="C")
    patterns.flags.writeable = False
    return patterns


def labels_array(value, M):
    labels = _array("labels", value, 1)
    if len(labels) != M:
        raise ValueError(
            f"Instance: labels must be as many as patterns, given {len(labels)} "
            f"labels and {M} patterns"
        )
    bad = labels[~(np.abs(labels) == 1)]
    if len(bad):
        raise ValueError(f"Instance: labels must be +-1, given {bad[0]}")
    labels = labels.astype(np.int8)
    labels.flags.writeable = False
    return labels


def _array(parameter, value, dimensions):
    try:
        array = np.asarray(value)
    except ValueError:
        raise TypeError(
            f"Instance: {parameter} must be an array of numbers, given rows of "
            f"different lengths"
        ) from None
    if array.dtype.kind not in "fiu":
        raise TypeError(
            f"Instance: {parameter} must be an array of numbers, given {array.dtype}"
        )
    if array.ndim != dimensions or array.size == 0:
        raise ValueError(
            f"Instance: {parameter} must be a non-empty array of {dimensions} "
            f"dimensions, given shape {array.shape}"
        )
    return array


def weights_array(function, values, K, n, parameter="weights"):
    """`values` as a float array (K, n)."""
    weights = check.numbers(function, parameter, values)
    if weights.size != K * n:
        raise ValueError(
            f"{function}: {parameter} must have {K} x {n} entries, "
            f"given shape {weights.shape}"
        )
    return np.ascontiguousarray(weights.reshape(K, n))
