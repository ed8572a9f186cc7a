"""Hessian of the cross-entropy at a solution: how narrow it is; docs/learners.md."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from learners.robustness import unit_weights
from replicas import check

__all__ = ["Spectrum", "hessian_spectrum"]

LARGEST_DENSE = 2500  # weights; beyond, the full matrix takes minutes


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a Hessian, per weight of norm 1.

    eigenvalues : ascending; all of them, or the largest; trace : exact sum of all;
    loss : mean loss where the Hessian was taken; residual : largest |H v - lambda v|.
    """

    eigenvalues: np.ndarray
    trace: float
    loss: float
    residual: float
    success: bool
    message: str


def hessian_spectrum(instance, weights, *, beta=3.0, gamma_ce=3.0, largest=None):
    r"""Spectrum of the Hessian of the mean cross-entropy at normalised weights.

    The loss is that of `ce_sgd` at the beta and gamma_ce given: only spectra at the
    same ones compare, and large ones saturate. No norm is constrained: the Hessian
    is that of the loss in all K n weights.

    Parameters
    ----------
    instance : Instance, majority; kappa is no part of the loss. weights : (K, n); each
        unit is set to norm sqrt(n).
    beta, gamma_ce : > 0, see (LN3).
    largest : number of largest eigenvalues, found by Lanczos' method without forming
        the matrix, 1 to K n - 1; None: all, for up to 2500 weights.

    Returns
    -------
    Spectrum; the trace is a sum over the patterns and needs no random probes.

    Source: docs/learners.md (LN10)-(LN12).
    """
    weights = unit_weights("hessian_spectrum", instance, weights)
    if instance.rule != "majority":
        raise ValueError(
            f"hessian_spectrum: the rule must be majority, given {instance.rule!r}"
        )
    check.positive_number("hessian_spectrum", "beta", beta)
    check.positive_number("hessian_spectrum", "gamma_ce", gamma_ce)
    if largest is None and instance.N > LARGEST_DENSE:
        raise ValueError(
            f"hessian_spectrum: largest must be given beyond {LARGEST_DENSE} weights, "
            f"given None with {instance.N}"
        )
    if largest is not None:
        check.integer("hessian_spectrum", "largest", largest, 1, instance.N - 1)
    hessian = Hessian(instance, weights, beta, gamma_ce)
    if largest is None:
        matrix = hessian.matrix()
        values, vectors = np.linalg.eigh(matrix)
        residual = float(np.abs(matrix @ vectors - vectors * values).max())
        return Spectrum(values, hessian.trace, hessian.loss, residual, True, "")
    operator = LinearOperator(
        (instance.N, instance.N), matvec=hessian.times, dtype=float
    )
    start = np.random.default_rng(0).standard_normal(instance.N)
    try:
        values, vectors = eigsh(operator, k=largest, which="LA", v0=start)
    except ArpackError as failure:
        nan = np.full(largest, np.nan)
        return Spectrum(
            nan, hessian.trace, hessian.loss, np.nan, False, f"Lanczos: {failure}"
        )
    moved = np.column_stack([hessian.times(v) for v in vectors.T])
    residual = float(np.abs(moved - vectors * values).max())
    return Spectrum(values, hessian.trace, hessian.loss, residual, True, "")


class Hessian:
    """(LN10): H = mean over patterns of f'' J J^T + f' diag_l(J2_l xi_l xi_l^T / n)."""

    def __init__(self, instance, weights, beta, gamma_ce):
        K, n, M = instance.K, instance.n, instance.M
        self.tree, self.M = instance.tree, M
        inputs = instance.patterns * instance.labels[:, None] / np.sqrt(n)
        self.shape = (K, n)
        # (K, M, n) in a tree, (M, n) shared by the units otherwise
        self.inputs = (
            np.ascontiguousarray(inputs.reshape(M, K, n).swapaxes(0, 1))
            if self.tree
            else inputs
        )
        t = np.tanh(beta * self.fields(weights))
        x = t.sum(axis=0) / np.sqrt(K)
        s = np.tanh(gamma_ce * x)
        slope, self.bend = -0.5 * (1 - s), 0.5 * gamma_ce * (1 - s * s)
        self.first = beta * (1 - t * t) / np.sqrt(K)  # (K, M)
        self.second = slope * (-2 * beta * t * self.first)
        self.loss = float(np.mean(np.logaddexp(0, -2 * gamma_ce * x)) / (2 * gamma_ce))
        square = np.sum(self.inputs**2, axis=-1)  # (K, M) or (M,)
        self.trace = float(
            np.sum((self.bend * self.first**2 + self.second) * square) / M
        )

    def fields(self, weights):
        """xi.W / sqrt(n), (K, M)."""
        if self.tree:
            return (self.inputs @ weights[:, :, None])[:, :, 0]
        return weights @ self.inputs.T

    def times(self, vector):
        """H v, two products with the patterns."""
        moved = self.fields(vector.reshape(self.shape))
        common = self.bend * np.sum(self.first * moved, axis=0)
        slopes = (self.first * common + self.second * moved) / self.M
        if self.tree:
            return (slopes[:, None, :] @ self.inputs).ravel()
        return (slopes @ self.inputs).ravel()

    def matrix(self):
        """H itself, (K n, K n)."""
        K, n = self.shape
        H = np.empty((K, n, K, n))
        for l in range(K):
            left = self.inputs[l] if self.tree else self.inputs
            for m in range(l + 1):
                right = self.inputs[m] if self.tree else self.inputs
                weight = self.bend * self.first[l] * self.first[m]
                weight = weight + self.second[l] if l == m else weight
                block = left.T @ (weight[:, None] * right) / self.M
                H[l, :, m, :] = block
                H[m, :, l, :] = block.T
        return H.reshape(K * n, K * n)
