"""What belief propagation of binary and of continuous weights have in common."""

import numpy as np

from msgpass.arrays import row_blocks, weights_array
from msgpass.node import output_node
from replicas import check

__all__ = ["Engine"]

REFRESH = 50  # sweeps after which running sums are taken anew


class Engine:
    """Messages on the edges of an instance, sweep by sweep.

    A kind of weights says how to visit patterns, what weights conclude from their
    fields and what the free entropy is; and whether its messages are bounded, so that
    variances need not be watched.
    """

    def __init__(self, function, instance, *, field, sequential, rng):
        self.function, self.instance, self.sequential = function, instance, sequential
        self.rng = check.generator(function, rng)
        self.node = output_node(function, instance)
        parity = instance.rule == "parity" and instance.K > 1
        patterns = instance.patterns if parity else instance.absorbed()
        if not instance.signs:
            patterns = np.ascontiguousarray(patterns, dtype=float)
        self.patterns = patterns
        self.labels = instance.labels if parity else np.ones(instance.M, np.int8)
        self.shape = instance.K, instance.n
        self.field = 0.0
        if field is not None:
            self.field = weights_array(function, field, *self.shape, "field")
        self.trouble = "the messages overflow"
        self.sweeps = 0

    def noise(self, size):
        """Random fields, (K, n), of that standard deviation."""
        if size == 0:
            return np.zeros(self.shape)
        return size * self.rng.standard_normal(self.shape)

    def resume(self, state):
        """A copy of `state`, to go on from."""
        shape = (self.instance.M, *self.shape)
        if not isinstance(state, self.State) or state.edges.shape != shape:
            raise ValueError(
                f"{self.function}: state must be that of a run on such an instance"
            )
        return state.copy()

    def step(self, state, *, damping, gamma=0.0, y=1.0):
        """One sweep over all patterns, in place.

        Returns the largest change of a mean, divided by 1 - damping; nan if a message
        is not a number.
        """
        order = self.rng.permutation(self.instance.M)
        self.sweeps += 1
        old = state.mean
        with np.errstate(all="ignore"):  # what overflows ends as a residual of nan
            if not np.isfinite(self.visit(state, order, damping)):
                return float("nan")
            if self.sweeps % REFRESH == 0:
                self.take_sums(state)
            self.conclude(state, damping, gamma, y)
            return float(np.abs(state.mean - old).max() / (1 - damping))

    def blocks(self):
        """Slices of patterns whose messages make arrays of moderate size."""
        messages = np.broadcast_to(0, (self.instance.M, self.instance.N))
        return row_blocks(messages)
