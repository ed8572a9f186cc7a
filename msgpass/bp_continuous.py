"""Belief propagation of continuous weights: docs/focusing.md (FB3)-(FB6), (FB18)."""

from dataclasses import dataclass

import numpy as np

from msgpass import _bp_continuous
from msgpass.bp_engine import Engine
from msgpass.pseudo import pseudo_precision
from msgpass.replicated import gaussian_centre

__all__ = ["ContinuousBp", "ContinuousMessages"]


@dataclass
class ContinuousMessages:
    """Messages of continuous weights, from which sweeps start.

    edges : (M, K, n), fields B; A : (M, K), their precisions for patterns of +-1 (times
    x^2 else); fields, precision : (K, n), (K, 1 or n), of the weights, with all that
    they are told; pseudo, pseudo_A : the part of the replicas; lam : (K,), the norm's;
    mean, variance : (K, n).
    """

    edges: np.ndarray
    A: np.ndarray
    fields: np.ndarray
    precision: np.ndarray
    pseudo: np.ndarray
    pseudo_A: np.ndarray
    lam: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def copy(self):
        """Messages of their own, to come back to."""
        return ContinuousMessages(**{name: x.copy() for name, x in vars(self).items()})


class ContinuousBp(Engine):
    """Sweeps over the patterns of an instance; `joint`: one norm for all units."""

    State, bounded = ContinuousMessages, False

    def __init__(self, function, instance, *, joint, **common):
        super().__init__(function, instance, **common)
        self.joint = joint
        self.scratch = np.empty(self.shape)

    def start(self, *, noise=0.0):
        """Messages to start from: none, but for random fields of that deviation."""
        given = self.instance
        wide = (given.K, 1 if given.signs else given.n)
        edges, A = np.zeros((given.M, *self.shape)), np.zeros((given.M, given.K))
        pseudo, lam = self.noise(noise), np.ones(given.K)
        state = ContinuousMessages(
            edges, A, pseudo + self.field, np.ones(wide), pseudo, np.zeros(wide), lam,
            np.zeros(self.shape), np.ones(self.shape),
        )  # fmt: skip
        state.mean = state.fields / state.precision
        return state

    def visit(self, state, order, damping):
        """Update the messages of the patterns in `order`; the sum of log Z."""
        fields, precision = state.fields, state.precision
        if not self.sequential:
            fields, precision = fields.copy(), precision.copy()
        args = self.node, self.patterns, self.labels, order, self.instance.tree
        old, edges = (state.fields, fields), (state.edges, state.A, damping)
        if self.instance.signs:
            P = state.precision[:, 0], precision[:, 0]
            result = _bp_continuous.sweep_signs(*args, *old, *P, *edges)
        else:
            P = state.precision, precision
            result = _bp_continuous.sweep_reals(*args, *old, *P, *edges, self.scratch)
        log_z, least = result
        state.fields, state.precision = fields, precision
        if not least > 0:
            self.trouble = "a precision became negative"
            return float("nan")
        return log_z

    def squares(self, rows):
        """Squares of the patterns as they enter precisions: (rows, 1 or K, 1 or n)."""
        if self.instance.signs:
            return np.ones((1, 1, 1))
        units = self.shape[0] if self.instance.tree else 1
        return np.square(self.patterns[rows]).reshape(-1, units, self.shape[1])

    def take_sums(self, state):
        state.fields = self.field + state.pseudo + state.edges.sum(axis=0)
        state.precision = state.lam[:, None] + state.pseudo_A
        for rows in self.blocks():
            state.precision += np.sum(state.A[rows, :, None] * self.squares(rows), 0)

    def conclude(self, state, damping, gamma, y):
        """Norm fields, what the replicas tell, means and variances: (FB6), (FB14)."""
        B = state.fields - state.pseudo
        A = state.precision - state.pseudo_A - state.lam[:, None]
        if not (np.isfinite(B).all() and np.isfinite(A).all()):
            state.mean = np.full(self.shape, np.nan)
            return
        _bp_continuous.norm_field(B, A, gamma, y, state.lam, self.joint)
        P = A + state.lam[:, None]
        new = pseudo_precision(P, gamma, y)
        state.pseudo_A = damping * state.pseudo_A + (1 - damping) * new
        state.pseudo = damping * state.pseudo + (1 - damping) * new * B / P
        state.fields, state.precision = B + state.pseudo, P + state.pseudo_A
        state.mean = state.fields / state.precision
        state.variance = np.broadcast_to(1 / state.precision, self.shape)

    def saturated(self, state):
        """Messages of continuous weights have no bound."""
        return False

    def own(self, state):
        """Fields (K, n) and precisions (K, 1 or n) without the replicas."""
        return state.fields - state.pseudo, state.precision - state.pseudo_A

    def norms(self, state):
        """Norm fields (K,)."""
        return state.lam.copy()

    def centre(self, state, gamma, y):
        """Mean square of the centre's means, its overlap with a replica: (FB15)."""
        P = state.precision - state.pseudo_A
        m = (state.fields - state.pseudo) / P
        square, product, _ = gaussian_centre(m, P, gamma, y)
        return float(np.mean(m**2)), float(np.mean(product) / np.sqrt(np.mean(square)))

    def entropies(self, state, gamma, y):
        """Free and local entropy of a replica, nats per weight: (FB18)."""
        N, T, P = self.instance.N, state.fields, state.precision
        # damping 1 leaves the messages as they are
        total = self.visit(state, np.arange(self.instance.M), 1.0)
        full = 0.5 * T**2 / P - 0.5 * np.log(P)
        for rows in self.blocks():
            Bc = T - state.edges[rows]
            Pc = P - state.A[rows, :, None] * self.squares(rows)
            cavity = 0.5 * Bc**2 / Pc - 0.5 * np.log(Pc)
            total += np.sum(cavity) - len(Bc) * np.sum(full)
        total -= np.sum(self.field * state.mean)
        total += 0.5 * np.sum(state.lam[:, None] * (state.mean**2 + state.variance))
        if gamma == 0 or y == 1:
            free = float((total + np.sum(full)) / N - 0.5)
            return free, free
        P = np.broadcast_to(P - state.pseudo_A, T.shape)
        m = (T - state.pseudo) / P
        gap = gaussian_centre(m, P, gamma, y)[2]
        with np.errstate(invalid="ignore"):
            total += np.sum(0.5 * P * m**2 - 0.5 * np.log(P + gamma) - 0.5 / y)
            free = float(total / N - 0.5)
            return free, free + 0.5 * gamma * float(np.mean(gap))
