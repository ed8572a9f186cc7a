"""Observables of focusing along its protocol."""

import numpy as np

from msgpass.amp import Amp
from msgpass.replicated import gaussian_centre, spin_centre

__all__ = ["Observer"]

CERTAIN = 0.02  # mean variance of spins


class Observer:
    """Weights, errors and overlaps of messages; remembers the best weights seen."""

    def __init__(self, instance, binary, entropies):
        self.instance, self.binary, self.entropies = instance, binary, entropies
        self.best = np.full((instance.K, instance.n), np.nan), instance.M + 1

    def row(self, engine, state, gamma, y, residual):
        """Observables of `state`, that the last sweep changed by `residual`: a dict."""
        H, P = own_message(engine, state)
        row = {"gamma": gamma, "y": y, "errors": self.errors(state.mean)}
        row["q"] = float(np.mean(state.mean**2))
        coupled = gamma > 0 and y > 1
        if not coupled:
            row |= {"q_centre": 0.0, "centre_overlap": 0.0}
        elif self.binary:
            centre, overlap, _ = spin_centre(H, gamma, y)
            row |= {"q_centre": float(np.mean(centre**2))}
            row |= {"centre_overlap": float(np.mean(overlap))}
        else:
            m = H / P
            square, product, _ = gaussian_centre(m, P, gamma, y)
            overlap = float(np.mean(product) / np.sqrt(np.mean(square)))
            row |= {"q_centre": float(np.mean(m**2)), "centre_overlap": overlap}
        values = np.nan, np.nan
        # spins that are nearly certain and wrong, or still turn, have no entropy
        wrong = self.binary and row["errors"] > 0
        lost = residual > 1 or (wrong and state.variance.mean(axis=1).min() < CERTAIN)
        if self.entropies and gamma < np.inf and not lost:
            gamma, y = (gamma, y) if coupled else (0.0, 1.0)
            values = entropies(engine, state, gamma, y)
        return row | {"free_entropy": values[0], "local_entropy": values[1]}

    def errors(self, mean):
        """Errors of the weights that the means give; the best ones are kept."""
        if self.binary:
            weights = np.where(mean < 0, -1.0, 1.0)
        else:
            norm = np.sqrt(np.mean(mean**2, axis=1, keepdims=True))
            weights = mean / np.where(norm > 0, norm, 1)
        errors = self.instance.errors(weights)
        if errors <= self.best[1]:
            self.best = weights, errors
        return errors


def own_message(engine, state):
    """Fields (K, n) and precisions (K, 1 or n) of the weights without the replicas."""
    if not isinstance(engine, Amp):
        return engine.own(state)
    return state.B + engine.field, state.A + state.lam[:, None]


def entropies(engine, state, gamma, y):
    """Free and local entropy of a replica from messages as they are: (FB17), (FB18)."""
    if not isinstance(engine, Amp):
        return engine.entropies(state, gamma, y)
    if gamma == 0 or y == 1:
        return (engine.entropy(state),) * 2
    given, total = engine.instance, engine.energetic(state)
    H, P = own_message(engine, state)
    if engine.binary:
        _, overlap, site = spin_centre(H, gamma, y)
        total += np.sum(site)
        free = float(total / given.N)
        return free, free - gamma * float(np.mean(overlap))
    m, P = H / P, np.broadcast_to(P, H.shape)
    total += np.sum(0.5 * P * m**2 - 0.5 * np.log(P + gamma) - 0.5 / y)
    total += 0.5 * np.sum(state.lam[:, None] * (state.mean**2 + state.variance))
    free = float(total / given.N - 0.5)
    return free, free + 0.5 * gamma * float(np.mean(gaussian_centre(m, P, gamma, y)[2]))
