"""Channels: what one pattern demands of the local fields.

A channel answers log Z(omega, V), the log-probability that a pattern is satisfied
when its fields are Gaussian with mean omega and variance V. docs/channels.md derives
the formulas.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from replicas import check
from replicas._channels import ScalarChannel, TreeChannel
from replicas.kernels import NAMES, Kernel, kernel_channel

__all__ = ["Perceptron", "Tree", "Wide"]

MAX_K = 63


class _Scalar:
    """A channel with one Gaussian field, held by a `ScalarChannel`."""

    fields = 1

    def log_z(self, omega, V):
        r"""Log-probability that the field exceeds kappa, log H((kappa - omega)/sqrt V).

        Parameters
        ----------
        omega : float or array, mean of the field.
        V : float or array, its variance, > 0; broadcast against omega.

        Returns
        -------
        log_z, d, d2 : arrays of the common shape, log Z and its first and second
            derivative in omega, relative error below 1e-12 also where log Z = -1e4.

        Source: docs/channels.md (C2), (C3).
        """
        omega, V = _mean_and_variance(type(self).__name__, omega, V)
        out = [np.empty(omega.size) for _ in range(3)]
        self.kernel.log_z(omega.ravel(), V.ravel(), *out)
        return tuple(x.reshape(omega.shape)[()] for x in out)


@dataclass(frozen=True)
class Perceptron(_Scalar):
    """One unit: the field must exceed the margin kappa (any finite number)."""

    kappa: float = 0.0
    kernel: ScalarChannel = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        kappa = check.finite("Perceptron", "kappa", self.kappa)
        object.__setattr__(self, "kappa", kappa)
        object.__setattr__(self, "kernel", ScalarChannel(self.kappa, False))

    def __reduce__(self):
        return Perceptron, (self.kappa,)


@dataclass(frozen=True)
class Wide(_Scalar):
    """Committee of K -> infinity units: one field whose overlap is (C4), (C10)-(C17).

    activation : "sign", "relu", "erf", "tanh", "linear", "quadratic"; a function g of
        an array of fields, piecewise smooth; or a `Kernel`, which gives Delta(q).
    kappa : margin of the output field, in units of its standard deviation
        sqrt(Delta(1)).

    `variance` is Delta(1), of the activation as it stands. ValueError where a function
    is not an activation, or a kernel that of no activation.
    """

    activation: str | Callable | Kernel = "sign"
    kappa: float = 0.0
    kernel: ScalarChannel = field(init=False, repr=False, compare=False)
    variance: float = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        if not (isinstance(self.activation, Kernel) or callable(self.activation)):
            check.choice("Wide", "activation", self.activation, NAMES)
        kappa = check.finite("Wide", "kappa", self.kappa)
        kernel, variance = kernel_channel(self.activation, kappa)
        object.__setattr__(self, "kappa", kappa)
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "variance", float(variance))

    def __reduce__(self):
        return Wide, (self.activation, self.kappa)

    @property
    def slope(self):
        """tq'(1), infinite for activations that jump: docs/channels.md (C10)."""
        slope = self.kernel.overlap(1.0, 1e-300)[2]
        return slope if slope < 1e100 else math.inf


@dataclass(frozen=True)
class Tree:
    """Tree of K sign units with disjoint inputs.

    K : number of units, 1 to 63; odd for the majority.
    rule : "majority" (committee) or "parity" (product of the signs).
    """

    K: int
    rule: str = "majority"
    kernel: TreeChannel = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        check.integer("Tree", "K", self.K, 1, MAX_K)
        check.choice("Tree", "rule", self.rule, ("majority", "parity"))
        if self.rule == "majority" and self.K % 2 == 0:
            raise ValueError(f"Tree: K must be odd for the majority, given {self.K}")
        object.__setattr__(self, "kernel", TreeChannel(self.K, self.rule == "parity"))

    def __reduce__(self):
        return Tree, (self.K, self.rule)

    @property
    def fields(self):
        return self.K

    def log_z(self, omega, V):
        r"""Log-probability that the tree's output is +1.

        Parameters
        ----------
        omega : array (..., K), means of the fields.
        V : float or array broadcast against omega, variances, > 0.

        Returns
        -------
        log_z : array (...); d : (..., K); d2 : (..., K, K), derivatives in omega;
            relative error below 1e-12 also where log Z = -1e4.

        Source: docs/channels.md (C5)-(C9).
        """
        omega, V = _mean_and_variance("Tree", omega, V)
        if omega.ndim == 0 or omega.shape[-1] != self.K:
            raise ValueError(
                f"Tree: omega must have {self.K} as last dimension, "
                f"given shape {omega.shape}"
            )
        shape, scale = omega.shape[:-1], 1 / np.sqrt(V)
        b = (omega * scale).reshape(-1, self.K)
        value = np.empty(len(b))
        d = np.empty((len(b), self.K))
        d2 = np.empty((len(b), self.K, self.K))
        self.kernel.log_p(b, value, d, d2)
        return (
            value.reshape(shape)[()],
            d.reshape(omega.shape) * scale,
            d2.reshape(*omega.shape, self.K) * scale[..., None] * scale[..., None, :],
        )


def single_unit(channel):
    """The channel itself; a tree of one unit is the perceptron without margin."""
    if isinstance(channel, Tree) and channel.K == 1:
        return Perceptron()
    return channel


def _mean_and_variance(name, omega, V):
    """omega and V as contiguous float arrays of one shape."""
    omega, V = check.numbers(name, "omega", omega), check.numbers(name, "V", V)
    if not (V > 0).all():
        raise ValueError(f"{name}: V must be > 0, given {V}")
    omega, V = np.broadcast_arrays(omega, V)
    return np.ascontiguousarray(omega), np.ascontiguousarray(V)
