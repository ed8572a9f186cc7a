"""Protocols of focusing: iterables of (gamma, y), the coupling and number of replicas.

docs/focusing.md (FB19)-(FB22). Any iterable of such pairs serves as one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from replicas import check

__all__ = [
    "FreeScoping",
    "PseudoReinforcement",
    "Scoping",
    "StandardReinforcement",
    "coupling",
]


def coupling(function, gamma, y):
    """gamma in [0, inf] and y, finite and >= 1, as floats."""
    gamma = check.number(function, "gamma", gamma, "in [0, inf]", lambda x: x >= 0)
    return gamma, _replicas(function, y)


def _replicas(function, y):
    """A finite number of replicas y >= 1."""
    rule = "finite and >= 1"
    return check.number(function, "y", y, rule, lambda x: 1 <= x < np.inf)


def _ramp(function, parameter, value, low, high):
    """A tuple of floats in [low, high)."""
    values = check.inside(
        function, parameter, value, f"in [{low:g}, {high:g})",
        lambda x: (x >= low) & (x < high),
    )  # fmt: skip
    return tuple(np.atleast_1d(values).ravel().tolist())


@dataclass(frozen=True)
class Scoping:
    """A number y of replicas, coupled more and more.

    gamma : the couplings, one after the other; by default 0.05 to 8 by 0.05, then
        40 geometric steps to 100. y : finite and >= 1.
    """

    gamma: Any = (*np.arange(0.05, 8.001, 0.05), *np.geomspace(8, 100, 41)[1:])
    y: float = 10.0

    def __post_init__(self):
        gamma = _ramp("Scoping", "gamma", self.gamma, 0, np.inf)
        object.__setattr__(self, "gamma", gamma)
        _replicas("Scoping", self.y)

    def __iter__(self):
        return ((gamma, float(self.y)) for gamma in self.gamma)

    def __len__(self):
        return len(self.gamma)


@dataclass(frozen=True)
class PseudoReinforcement:
    """gamma = atanh(rho^x), y = 1 + rho^(1 - 2 x)/(1 - rho), for growing rho.

    rho : values in [0, 1); by default 0.001 to 0.999 by 0.001. x in [0, 1/2]: with 1/2,
    y = (2 - rho)/(1 - rho).
    """

    rho: Any = tuple(np.arange(1, 1000) / 1000)
    x: float = 0.5

    def __post_init__(self):
        rho = _ramp("PseudoReinforcement", "rho", self.rho, 0, 1)
        object.__setattr__(self, "rho", rho)
        check.number(
            "PseudoReinforcement", "x", self.x, "in [0, 1/2]", lambda x: 0 <= x <= 0.5
        )

    def __iter__(self):
        rho, x = np.array(self.rho), self.x
        with np.errstate(divide="ignore"):  # x = 0: gamma is infinite
            gamma = np.arctanh(rho**x)
        y = 1 + rho ** (1 - 2 * x) / (1 - rho)
        return zip(gamma.tolist(), y.tolist(), strict=True)

    def __len__(self):
        return len(self.rho)


@dataclass(frozen=True)
class StandardReinforcement:
    """gamma infinite, y = 1/(1 - rho): fields are fed back rho/(1 - rho) times.

    rho : values in [0, 1); by default 0.001 to 0.999 by 0.001.
    """

    rho: Any = tuple(np.arange(1, 1000) / 1000)

    def __post_init__(self):
        rho = _ramp("StandardReinforcement", "rho", self.rho, 0, 1)
        object.__setattr__(self, "rho", rho)

    def __iter__(self):
        return ((np.inf, 1 / (1 - rho)) for rho in self.rho)

    def __len__(self):
        return len(self.rho)


@dataclass(frozen=True)
class FreeScoping:
    """Given pairs (gamma, y), gamma in [0, inf], y >= 1 and finite."""

    pairs: Any

    def __post_init__(self):
        pairs = self.pairs
        if isinstance(pairs, Iterable) and not isinstance(pairs, np.ndarray):
            pairs = list(pairs)
        pairs = check.numbers("FreeScoping", "pairs", pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(
                f"FreeScoping: pairs must be (gamma, y), given {self.pairs}"
            )
        check.inside("FreeScoping", "gamma", pairs[:, 0], ">= 0", lambda x: x >= 0)
        check.inside(
            "FreeScoping", "y", pairs[:, 1], "finite and >= 1",
            lambda y: (y >= 1) & (y < np.inf),
        )  # fmt: skip
        object.__setattr__(self, "pairs", tuple(map(tuple, pairs.tolist())))

    def __iter__(self):
        return iter(self.pairs)

    def __len__(self):
        return len(self.pairs)
