"""Belief propagation of binary weights: docs/focusing.md (FB7)-(FB13), (FB17)."""

from dataclasses import dataclass

import numpy as np

from msgpass import _bp_binary
from msgpass.bp_engine import Engine
from msgpass.pseudo import pseudo_field
from msgpass.replicated import log_2cosh, spin_centre

__all__ = ["BinaryBp", "BinaryMessages"]


U_MAX = 30.0  # ROW_U_MAX of _rows.h
FROZEN = 1e-4  # mean variance of a unit below which its weights are as good as known


@dataclass
class BinaryMessages:
    """Messages of binary weights, from which sweeps start.

    edges : (M, K, n), fields U from the patterns; fields : (K, n), their sums with the
    external and the pseudo field; pseudo : (K, n); mean, variance : (K, n).
    """

    edges: np.ndarray
    fields: np.ndarray
    pseudo: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def copy(self):
        """Messages of their own, to come back to."""
        return BinaryMessages(**{name: x.copy() for name, x in vars(self).items()})


class BinaryBp(Engine):
    """Sweeps over the patterns of an instance, `factor` as in `bp`."""

    State, bounded = BinaryMessages, True

    def __init__(self, function, instance, *, factor, **common):
        super().__init__(function, instance, **common)
        K, n = self.shape
        self.factor = factor
        self.scratch = np.empty(self.shape), np.empty(self.shape)
        if factor != "exact":
            return
        if not instance.signs:
            raise ValueError(
                f"{function}: exact needs patterns of +-1, given real ones"
            )
        if instance.rule == "parity" and K > 1 and n % 2 == 0:
            raise ValueError(
                f"{function}: exact needs an odd number of inputs a unit for parity, "
                f"given {n}"
            )
        field = (2 * np.arange(n + 1) - n) / np.sqrt(n)
        if instance.rule == "symmetric":
            self.positive = (np.abs(field) < instance.kappa).astype(float)
        else:
            self.positive = (field > instance.kappa).astype(float)
        self.counts = np.empty((K, n + 1, n + 1)), np.empty(n + 1)

    def start(self, *, noise=0.0):
        """Messages to start from: none, but for random fields of that deviation."""
        edges = np.zeros((self.instance.M, *self.shape))
        pseudo = self.noise(noise)
        fields = pseudo + self.field
        mean = np.tanh(fields)
        return BinaryMessages(edges, fields, pseudo, mean, 1 - mean**2)

    def visit(self, state, order, damping):
        """Update the messages of the patterns in `order`; the sum of log Z."""
        new = state.fields if self.sequential else state.fields.copy()
        given = self.instance
        args = self.node, self.patterns, self.labels, order, given.tree
        messages = state.fields, new, state.edges, damping, *self.scratch
        if self.factor == "exact":
            log_z = _bp_binary.sweep_exact(
                *args, self.positive, *messages, *self.counts
            )
        else:
            symmetric, expanded = given.rule == "symmetric", self.factor == "expanded"
            log_z = _bp_binary.sweep_gaussian(*args, symmetric, expanded, *messages)
        state.fields = new
        return log_z

    def take_sums(self, state):
        state.fields = self.field + state.pseudo + state.edges.sum(axis=0)

    def conclude(self, state, damping, gamma, y):
        """Fields from the replicas, means and variances: (FB12)."""
        H = state.fields - state.pseudo
        pseudo = damping * state.pseudo + (1 - damping) * pseudo_field(H, gamma, y)
        state.pseudo, state.fields = pseudo, H + pseudo
        state.mean = np.tanh(state.fields)
        state.variance = np.exp(2 * np.log(2) - 2 * log_2cosh(state.fields))

    def saturated(self, state):
        """Whether weights are certain, or a message as large as can be, and wrong."""
        known = np.abs(state.edges).max() >= U_MAX
        known = known or state.variance.mean(axis=1).min() < FROZEN
        return bool(known and self.instance.errors(np.sign(state.mean)) > 0)

    def own(self, state):
        """Fields of the weights without the replicas, (K, n); no precisions."""
        return state.fields - state.pseudo, None

    def norms(self, state):
        """Binary weights have no norm to hold."""
        return None

    def centre(self, state, gamma, y):
        """Mean square of the centre's means, its overlap with a replica: (FB13)."""
        mean, overlap, _ = spin_centre(state.fields - state.pseudo, gamma, y)
        return float(np.mean(mean**2)), float(np.mean(overlap))

    def entropies(self, state, gamma, y):
        """Free and local entropy of a replica, nats per weight: (FB17)."""
        T = state.fields
        # damping 1 leaves the messages as they are
        total = self.visit(state, np.arange(self.instance.M), 1.0)
        for rows in self.blocks():
            edges = state.edges[rows]
            total += np.sum(log_2cosh(T - edges)) - len(edges) * np.sum(log_2cosh(T))
        _, overlap, site = spin_centre(T - state.pseudo, gamma, y)
        total += np.sum(site) - np.sum(self.field * state.mean)
        free, N = float(total / self.instance.N), self.instance.N
        if gamma == 0:
            return free, free
        return free, float(free - gamma * np.sum(overlap) / N)
