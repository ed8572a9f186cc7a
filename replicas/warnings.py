"""What a saddle may not be taken for, as its message says."""

import numpy as np

__all__ = ["UNSTABLE", "joined", "warnings"]

ABOVE = "the RS entropy is negative: above the capacity"
UNSTABLE = "replica symmetry is unstable"


def joined(*messages):
    """One message of those that are not empty."""
    return "; ".join(filter(None, messages))


def warnings(message, entropy, stability):
    """`message`, and what applies to an RS saddle of this entropy; of arrays alike."""
    with np.errstate(invalid="ignore"):  # nan compares as False
        return np.frompyfunc(_warned, 3, 1)(message, entropy, stability)


def _warned(message, entropy, stability):
    above, unstable = entropy < 0, stability > 1
    return joined(message, ABOVE if above else "", UNSTABLE if unstable else "")
