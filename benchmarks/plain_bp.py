"""Textbook NumPy twins of full belief propagation on trees: one pattern at a time."""

import numpy as np
from scipy.special import log_ndtr, ndtr

from benchmarks.plain_msgpass import node

__all__ = ["sweep_continuous", "sweep_expanded", "sweep_perceptron"]


def sweep_continuous(x, T, P, B, A):
    """Update all messages of continuous weights, lam = 1; the new fields (K, n).

    x (M, K, n) patterns, T (K, n), P (K, 1) totals, B (M, K, n), A (M, K, 1) messages.
    """
    n = x.shape[2]
    F = 1 / np.sqrt(n)
    for mu in range(len(x)):
        v = 1 / (P - A[mu])
        m = (T - B[mu]) * v
        omega = F * np.sum(x[mu] * m, axis=1)
        g, Gam = node(omega[None], v[:, 0][None])
        a = Gam[0][:, None] / n
        b = F * g[0][:, None] * x[mu] + a * m
        T += b - B[mu]
        P += a - A[mu]
        B[mu], A[mu] = b, a
    return T


def sweep_perceptron(x, T, U):
    """Update all messages of the binary perceptron, fields Gaussian: the new fields.

    x (M, n), T (n), U (M, n).
    """
    for mu in range(len(x)):
        m = np.tanh(T - U[mu])
        v = 1 - m**2
        mean = np.sum(x[mu] * m) - x[mu] * m
        scale = 1 / np.sqrt(np.sum(v) - v)
        log_p = log_ndtr((mean + 1) * scale) - log_ndtr((mean - 1) * scale)
        u = 0.5 * x[mu] * log_p
        T += u - U[mu]
        U[mu] = u
    return T


def sweep_expanded(x, T, U):
    """The same with messages to first order."""
    n = x.shape[1]
    F = 1 / np.sqrt(n)
    for mu in range(len(x)):
        m = np.tanh(T - U[mu])
        V = np.mean(1 - m**2)
        b = F * np.sum(x[mu] * m) / np.sqrt(V)
        g = np.exp(-0.5 * b * b) / np.sqrt(2 * np.pi * V) / ndtr(b)
        Gam = g * (g + b / np.sqrt(V))
        u = F * g * x[mu] + Gam / n * m
        T += u - U[mu]
        U[mu] = u
    return T
