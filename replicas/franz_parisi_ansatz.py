"""The Franz-Parisi ansatz at given overlaps: docs/franz_parisi.md (F7)-(F10), (F25)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from replicas.channels import Tree
from replicas.franz_parisi_entropic import Entropic, entropic, free
from replicas.franz_parisi_reference import Reference
from replicas.franz_parisi_terms import Energetic, Overlaps, scalar_averages
from replicas.priors import Binary
from replicas.quadrature import Rule
from replicas.tree_franz_parisi import tree_averages
from replicas.tree_multisets import multiset_averages

__all__ = [
    "Problem",
    "accuracy_of",
    "energetic",
    "entropic_of",
    "equations",
    "hats_of",
    "scale",
]

GRID_UNITS = 3  # trees whose fields are summed over on a grid, not over multisets


@dataclass(frozen=True)
class Problem:
    """Solutions of `channel` at a load, around one of the references."""

    prior: Any
    channel: Any
    alpha: float
    reference: Reference


@dataclass(frozen=True)
class Accuracy:
    """Rules to approach the saddle and to start refining there, until `tolerance`
    (of the normalised entropy) or the finest step is met. residual : one that is
    enough; boundary : largest one, at delta = 0 the error of the sums shows as such.
    """

    first: Rule
    rule: Rule
    shrink: float
    finest: float
    tolerance: float
    residual: float = 1e-11
    boundary: float = 1e-6


SCALAR = Accuracy(Rule(), Rule(), 1.5, 0.03, 1e-11)
BINARY = Accuracy(Rule(0.15, 8.0), Rule(0.1, 8.5), 1.5, 0.02, 1e-12)
TREE = Accuracy(Rule(0.4, 6.5), Rule(0.25, 7.0), 1.25, 0.17, 2e-9)
# of many units: one rule, and another for its error
FIVE = Accuracy(Rule(0.7, 5.5), Rule(0.55, 6.0), 1.25, 1.0, 1e-6, 1e-6, 1e-2)
SEVEN = Accuracy(Rule(0.9, 5.5), Rule(0.9, 5.5), 1.25, 1.0, 1e-6, 1e-5, 3e-2)


def accuracy_of(problem):
    if isinstance(problem.channel, Tree):
        K = problem.channel.K
        return TREE if K <= GRID_UNITS else FIVE if K <= 5 else SEVEN
    return BINARY if isinstance(problem.prior, Binary) else SCALAR


def scale(problem, o, value):
    """What the tolerance is relative to."""
    if isinstance(problem.channel, Tree):
        return 1.0
    return free(problem.prior, o) if isinstance(problem.prior, Binary) else abs(value)


def energetic(problem, o, rule):
    """Averages (F9), (F10) at the overlaps o."""
    if isinstance(problem.channel, Tree):
        few = problem.channel.K <= GRID_UNITS
        return (tree_averages if few else multiset_averages)(problem.channel, o, rule)
    return scalar_averages(problem.reference.channel, problem.channel, o, rule)


def hats_of(problem, e):
    """Conjugates of q1 and t that the averages give.

    The field of binary weights has a variance >= 0, by Cauchy and Schwarz; near p = q,
    where it vanishes, sums may miss this.
    """
    q1_hat, t_hat = problem.alpha * e.dq1 * e.f1_squared, problem.alpha * e.dt * e.f1g
    if isinstance(problem.prior, Binary) and problem.reference.q > 0:
        q1_hat = max(q1_hat, t_hat**2 / problem.reference.q_hat)
    return q1_hat, t_hat


def entropic_of(problem, o, hats, rule, p_hat):
    """`Entropic`; the sums of trees are coarse, because their fields are many."""
    if isinstance(problem.channel, Tree):
        rule = Rule(min(0.5 * rule.step, 0.08 + 0.1 * rule.step), rule.window + 1.5)
    return entropic(problem.prior, problem.reference, o, hats, rule, p_hat)


@dataclass(frozen=True)
class State:
    """A point of the search: both terms at the overlaps, equations and Jacobian."""

    o: Overlaps
    e: Energetic
    s: Entropic
    hats: tuple[float, float]
    jacobian: np.ndarray

    @property
    def residual(self):
        return float(np.abs(self.s.residual).max())


def equations(problem, o, rule, p_hat=1.0):
    """(F7), (F25): residuals of the saddle equations and their Jacobian."""
    e = energetic(problem, o, rule)
    hats = hats_of(problem, e)
    s = entropic_of(problem, o, hats, rule, p_hat)
    dq1, dt = o.gradients()
    # (F10): logarithmic derivatives of the averages in q1 and t
    slopes = np.empty((2, 2))
    f1_squared = e.d2q1 / e.dq1 + e.dq1 * (
        (e.f2_squared - 2 * e.f1_squared_f2) / e.f1_squared
    )
    slopes[0] = f1_squared * dq1 - 2 * e.dt * e.f1_f2_g / e.f1_squared * dt
    slopes[1] = 0.0
    if o.q > 0:
        slopes[1] = (e.d2t / e.dt + e.dt * e.f2_g / e.f1g) * dt
        slopes[1] -= e.dq1 * e.f1_f2_g / e.f1g * dq1
    return State(o, e, s, hats, s.d_overlaps + s.d_hats @ slopes)
