"""What the twins need of a channel: its parameters, written out in mpmath."""

from dataclasses import dataclass

from mpmath import mp, mpf

from replicas.channels import Perceptron, Tree, Wide
from replicas.model import require_model

__all__ = ["Field", "number", "scalar_field"]


@dataclass(frozen=True)
class Field:
    """A single Gaussian field that must exceed kappa.

    wide : K -> infinity, where overlaps q enter as (2/pi) asin q.
    """

    kappa: float
    wide: bool

    def overlap(self, q):
        return 2 / mp.pi * mp.asin(q) if self.wide else q

    def slope(self, q):
        """Derivative of the overlap."""
        return 2 / (mp.pi * mp.sqrt(1 - q * q)) if self.wide else mpf(1)

    def threshold(self, eps):
        """kappa in units of the inner noise, sqrt(eps)."""
        return mpf(self.kappa) / mp.sqrt(eps)


def scalar_field(function, model):
    """The `Field` of a model whose channel has one field; refuses the others."""
    require_model(function, model)
    channel = model.channel
    if isinstance(channel, Perceptron):
        return Field(channel.kappa, False)
    if isinstance(channel, Wide):
        return Field(channel.kappa, True)
    if isinstance(channel, Tree) and channel.K == 1:
        return Field(0.0, False)
    raise ValueError(
        f"{function}: the channel must be Perceptron(kappa), Wide('sign', kappa) or "
        f"Tree(1), given {channel!r}; of the trees with K = 2, 3 only the replica "
        "symmetric ansatz is within reach of many digits"
    )


def number(function, name, value):
    """`value` as a finite mpf, exactly."""
    try:
        x = mpf(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{function}: {name} must be a number, given {value!r}"
        ) from None
    if not mp.isfinite(x):
        raise ValueError(f"{function}: {name} must be finite, given {value!r}")
    return x
