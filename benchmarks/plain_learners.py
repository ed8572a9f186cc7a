"""Training epochs in plain NumPy: a loop over patterns, BLAS for batches."""

import numpy as np

__all__ = ["CESGD", "elal_epoch", "lal_epoch"]


def present(weights, xi, tree, eta):
    """Show one pattern to a machine, (K, n); True if it was wrong."""
    seen = xi.reshape(weights.shape) if tree else xi
    fields = (weights * seen).sum(axis=1) if tree else weights @ seen
    if np.sum(np.where(fields > 0, 1, -1)) > 0:
        return False
    unit = np.argmin(np.where(fields > 0, np.inf, np.abs(fields)))
    weights[unit] += eta * (seen[unit] if tree else seen)
    return True


def lal_epoch(weights, patterns, order, tree, eta):
    return sum(present(weights, patterns[mu], tree, eta) for mu in order)


def elal_epoch(machines, patterns, order, tree, eta, lam, every):
    wrong = 0
    for t in range(order.shape[1]):
        for weights, mu in zip(machines, order[:, t], strict=True):
            wrong += present(weights, patterns[mu], tree, eta)
        if (t + 1) % every == 0:
            machines += lam * (machines.mean(axis=0) - machines)
    return wrong


class CESGD:
    """An epoch of cross-entropy SGD; patterns are kept as float64 for BLAS."""

    def __init__(self, patterns, K, n, tree):
        self.K, self.n, self.tree = K, n, tree
        real = patterns.astype(float)
        # (K, M, n) in a tree: one contiguous block a unit
        self.real = (
            np.ascontiguousarray(real.reshape(-1, K, n).swapaxes(0, 1))
            if tree
            else real
        )

    def epoch(self, weights, order, size, beta, gamma, lr):
        for i in range(0, len(order), size):
            batch = order[i : i + size]
            x = self.real[:, batch] if self.tree else self.real[batch]
            if self.tree:
                h = (x @ weights[:, :, None])[:, :, 0].T / np.sqrt(self.n)
            else:
                h = x @ weights.T / np.sqrt(self.n)
            t = np.tanh(beta * h)
            out = t.sum(axis=1, keepdims=True) / np.sqrt(self.K)
            slope = -0.5 * (1 - np.tanh(gamma * out)) * beta * (1 - t * t)
            slope /= np.sqrt(self.K * self.n) * len(batch)
            if self.tree:
                gradient = (slope.T[:, None, :] @ x)[:, 0]
            else:
                gradient = slope.T @ x
            weights -= lr * self.n * gradient
            weights *= np.sqrt(self.n / np.sum(weights**2, axis=1, keepdims=True))
