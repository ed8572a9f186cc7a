"""Priors on the weights: the entropic term of each ansatz, with its gradient.

docs/spherical.md derives the formulas. Overlaps near 1 are given by eps = 1 - q.
"""

from dataclasses import dataclass

__all__ = ["Spherical"]


@dataclass(frozen=True)
class Spherical:
    """Weights on the sphere |W|^2 = N; the unit of volume is the whole sphere."""
