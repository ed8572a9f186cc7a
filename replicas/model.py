"""A model of the theory: a prior on the weights and a channel."""

from dataclasses import dataclass

from replicas.channels import Loss, Perceptron, Symmetric, Tree, Wide, single_unit
from replicas.priors import Binary, Spherical

__all__ = [
    "Model",
    "refuse_symmetric",
    "require_binary",
    "require_channel",
    "require_constraint",
    "require_model",
    "require_spherical",
]


@dataclass(frozen=True)
class Model:
    """Weights drawn from `prior` that must satisfy patterns through `channel`."""

    prior: Binary | Spherical
    channel: Loss | Perceptron | Symmetric | Tree | Wide

    def __post_init__(self):
        if not isinstance(self.prior, (Binary, Spherical)):
            raise TypeError(f"Model: prior must be a prior, given {self.prior!r}")
        if not isinstance(self.channel, (Loss, Perceptron, Symmetric, Tree, Wide)):
            raise TypeError(f"Model: channel must be a channel, given {self.channel!r}")


def require_model(function, model):
    """Refuse what is not a `Model`."""
    if not isinstance(model, Model):
        raise TypeError(f"{function}: model must be a Model, given {model!r}")


def require_constraint(function, model):
    """Refuse what is not a `Model` whose patterns are accepted or not."""
    require_model(function, model)
    if isinstance(model.channel, Loss):
        raise ValueError(
            f"{function}: the channel must accept or refuse a pattern, "
            f"given {model.channel!r}"
        )


def require_spherical(function, model):
    """Refuse what is not a `Model` of spherical weights that accepts or refuses."""
    require_constraint(function, model)
    if not isinstance(model.prior, Spherical):
        raise ValueError(
            f"{function}: the prior must be Spherical, given {model.prior!r}"
        )


def require_binary(function, model):
    """Refuse what is not a `Model` of binary weights."""
    require_model(function, model)
    if not isinstance(model.prior, Binary):
        raise ValueError(f"{function}: the prior must be Binary, given {model.prior!r}")


def require_channel(function, model, *channels):
    """The channel of a `Model`, refused unless it is one of these.

    A tree of one unit is the perceptron.
    """
    require_model(function, model)
    channel = single_unit(model.channel)
    if not isinstance(channel, channels):
        names = " or ".join(kind.__name__ for kind in channels)
        raise ValueError(f"{function}: the channel must be {names}, given {channel!r}")
    return channel


def refuse_symmetric(function, model):
    """Refuse the channel whose field is bounded on both sides."""
    if isinstance(model.channel, Symmetric):
        raise ValueError(
            f"{function}: the sums over fields are made for one margin, not the two of "
            f"the Symmetric channel, given {model.channel!r}"
        )
