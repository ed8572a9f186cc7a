"""What the learners return."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Trained"]


@dataclass(frozen=True)
class Trained:
    """Weights that an algorithm ended with.

    weights : (K, n), n inputs a unit; solved : no training error; epochs : sweeps over
    the patterns in which something was learned; errors : wrong training patterns;
    history : arrays with one entry an epoch, "errors", counted before or while the
    algorithm learns from them, and what it adds;
    message : "" where solved, else why it stopped.
    """

    weights: np.ndarray
    solved: bool
    epochs: int
    errors: int
    history: dict[str, np.ndarray]
    message: str
