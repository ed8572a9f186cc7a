"""Textbook NumPy twin of AMP on trees, continuous weights: float64 patterns, matmul."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

__all__ = ["PlainAmp"]


class PlainAmp:
    """The same iteration as `msgpass.amp`, an array expression a line."""

    def __init__(self, patterns, K):
        self.M, N = patterns.shape
        self.K, self.n = K, N // K
        self.X = patterns.reshape(self.M, K, self.n).astype(float)
        self.m, self.B = np.zeros((K, self.n)), np.zeros((K, self.n))
        self.g, self.A, self.P = np.zeros((self.M, K)), np.zeros(K), np.ones(K)

    def step(self, damping):
        F, V = 1 / np.sqrt(self.n), 1 / self.P
        units = range(self.K)
        omega = F * np.stack([self.X[:, l] @ self.m[l] for l in units], axis=1)
        omega -= V * self.g
        g, Gam = node(omega, V)
        A = Gam.sum(axis=0) / self.n
        B = F * np.stack([g[:, l] @ self.X[:, l] for l in units])
        B += A[:, None] * self.m
        self.g = damping * self.g + (1 - damping) * g
        self.A = damping * self.A + (1 - damping) * A
        self.B = damping * self.B + (1 - damping) * B
        s, low = np.mean(self.B**2, axis=1), -self.A.min()

        def excess(lam):
            return np.mean(s / (self.A + lam) ** 2 + 1 / (self.A + lam)) - 1

        lam = brentq(excess, low + 1e-9, low + 2 + 2 * np.sqrt(1 + 4 * s.max()))
        self.P = self.A + lam
        self.m = self.B / self.P[:, None]
        return self.m


def node(omega, V):
    """g and Gam of the majority: votes counted from both ends."""
    M, K = omega.shape
    b = omega / np.sqrt(V)
    p, q = ndtr(b), ndtr(-b)
    bell = np.exp(-0.5 * b * b) / np.sqrt(2 * np.pi * V)
    T = K // 2 + 1
    before = np.zeros((K + 1, T, M))
    before[0, 0] = 1
    Z = np.zeros(M)
    for l in range(K):
        Z += before[l, -1] * p[:, l]
        before[l + 1] = before[l] * q[:, l]
        before[l + 1, 1:] += before[l, :-1] * p[:, l]
    g, after = np.empty((M, K)), np.zeros((T, M))
    after[0] = 1
    for l in reversed(range(K)):
        g[:, l] = (before[l] * after[::-1]).sum(axis=0) * bell[:, l] / Z
        after[1:] = after[1:] * q[:, l] + after[:-1] * p[:, l]
        after[0] *= q[:, l]
    return g, g * (g + omega / V)
