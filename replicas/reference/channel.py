"""What the twins need of a channel: its parameters, written out in mpmath."""

from collections.abc import Mapping
from dataclasses import dataclass

from mpmath import mp, mpf

from replicas import check
from replicas.channels import Perceptron, Tree, Wide
from replicas.model import require_model

__all__ = ["Field", "number", "scalar_field"]

CLOSED = ("sign", "relu", "erf", "linear", "quadratic")


@dataclass(frozen=True)
class Field:
    """A single Gaussian field that must exceed kappa.

    activation : of the wide committee, whose overlaps enter as Delta(q)/Delta(1).
    """

    kappa: float
    activation: str

    def overlap(self, q):
        if self.activation == "relu":
            mixed = mp.sqrt(1 - q * q) + q * (mp.pi / 2 + mp.asin(q)) - 1
            return mixed / (mp.pi - 1)
        overlaps = {
            "sign": lambda: 2 / mp.pi * mp.asin(q),
            "erf": lambda: mp.asin(2 * q / 3) / mp.asin(mpf(2) / 3),
            "linear": lambda: q,
            "quadratic": lambda: q * q,
        }
        return overlaps[self.activation]()

    def slope(self, q):
        """Derivative of the overlap."""
        slopes = {
            "sign": lambda: 2 / (mp.pi * mp.sqrt(1 - q * q)),
            "relu": lambda: (mp.pi / 2 + mp.asin(q)) / (mp.pi - 1),
            "erf": lambda: 2 / (mp.asin(mpf(2) / 3) * mp.sqrt(9 - 4 * q * q)),
            "linear": lambda: mpf(1),
            "quadratic": lambda: 2 * q,
        }
        return slopes[self.activation]()

    def threshold(self, eps):
        """kappa in units of the inner noise, sqrt(eps)."""
        return mpf(self.kappa) / mp.sqrt(eps)


def scalar_field(function, model):
    """The `Field` of a model whose channel has one field; refuses the others."""
    require_model(function, model)
    channel = model.channel
    if isinstance(channel, Perceptron):
        return Field(channel.kappa, "linear")
    if isinstance(channel, Wide) and channel.activation in CLOSED:
        return Field(channel.kappa, channel.activation)
    if isinstance(channel, Tree) and channel.K == 1:
        return Field(0.0, "linear")
    raise ValueError(
        f"{function}: the channel must be Perceptron(kappa), Wide with an activation "
        f"of {', '.join(CLOSED)}, or Tree(1), given {channel!r}; of the trees with "
        "K = 2, 3 only the replica symmetric ansatz is within reach of many digits"
    )


def require_arguments(function, model, order, names, dps, prior=None):
    """Refuse a model, order parameters or digits that a twin cannot use.

    names : keys that order must have; of a tuple, one of them.
    """
    require_model(function, model)
    if prior is not None and not isinstance(model.prior, prior):
        raise ValueError(
            f"{function}: the prior must be {prior.__name__}, given {model.prior!r}"
        )
    check.integer(function, "dps", dps, 1, 10_000)
    if not isinstance(order, Mapping):
        raise TypeError(f"{function}: order must be a dict, given {order!r}")
    for name in names:
        either = (name,) if isinstance(name, str) else name
        if not any(one in order for one in either):
            raise ValueError(
                f"{function}: order must have {' or '.join(either)}, given {order!r}"
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
