"""What a saddle of binary weights may not be taken for."""

import numpy as np

__all__ = ["warnings"]

ABOVE = "the RS entropy is negative: above the capacity"
AT = "replica symmetry is unstable"


def warnings(message, entropy, stability):
    """What a saddle of binary weights may not be taken for."""
    said = [message, np.where(entropy < 0, ABOVE, ""), np.where(stability > 1, AT, "")]
    said = zip(*map(np.ravel, said), strict=True)
    joined = np.array(["; ".join(filter(None, each)) for each in said])
    joined = joined.astype(object).reshape(np.shape(message))
    return joined[()]
