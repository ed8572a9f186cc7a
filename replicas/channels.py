"""Channels: what one pattern demands of the local fields.

A channel answers log Z(omega, V), the log-probability that a pattern is satisfied
when its fields are Gaussian with mean omega and variance V. docs/channels.md derives
the formulas.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import numpy as np

from replicas import check
from replicas._channels import ScalarChannel, TreeChannel
from replicas._loss import loss_channel
from replicas._symmetric import SymmetricChannel
from replicas.kernels import NAMES, Kernel, kernel_channel

__all__ = ["MAX_K", "Loss", "Perceptron", "Symmetric", "Tree", "Wide", "single_unit"]

MAX_K = 63


class _Scalar:
    """A channel with one Gaussian field, held by a `ScalarChannel`."""

    fields = 1

    @property
    def is_even(self):
        """Whether tq'(0) = 0: fields of orthogonal weights do not attract."""
        return self.kernel.overlap(0.0, 1.0)[2] == 0

    @property
    def is_linear(self):
        """Whether tq = q; a series with positive coefficients of sum 1 is below."""
        return abs(self.kernel.overlap(0.5, 0.5)[0] - 0.5) < 1e-12

    slope_error: ClassVar[float] = 0.0

    @property
    def slope(self):
        """tq'(1), infinite for activations that jump: docs/channels.md (C10)."""
        slope = self.kernel.overlap(1.0, 1e-300)[2]
        return slope if slope < 1e100 else math.inf

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
    def slope_error(self):
        """Relative error of the slope of what a user gives: a kernel or a function."""
        if isinstance(self.activation, Kernel):
            return 2e-11
        return 0.0 if self.activation in NAMES else 1e-12


@dataclass(frozen=True)
class Loss(_Scalar):
    """Gibbs weight exp(-beta loss(field)) instead of a constraint.

    kind : "errors", loss 1 for a negative field, else 0; or "cross-entropy", loss
        log(1 + exp(-2 gamma field))/(2 gamma).
    gamma : slope of the cross-entropy, in [0.01, 100]; None for "errors".
    beta : inverse temperature, in (0, 1e100]; None: that at which the entropy of binary
        weights vanishes, `freezing`; the channel has no log_z then.

    log_z, the log of the mean weight, has an absolute error of about 1e-14, and its
    derivatives a relative one of 1e-12: docs/channels.md (C20)-(C30).
    """

    kind: str
    gamma: float | None = None
    beta: float | None = field(default=None, kw_only=True)
    kernel: ScalarChannel | None = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        check.choice("Loss", "kind", self.kind, ("errors", "cross-entropy"))
        if self.kind == "errors" and self.gamma is not None:
            raise ValueError(
                f"Loss: gamma must be None for errors, given {self.gamma!r}"
            )
        if self.kind == "cross-entropy":
            self._set("gamma", 0.01, 100)
        if self.beta is not None:
            self._set("beta", 0, 1e100)
        made = None if self.beta is None else loss_channel(self.beta, self.gamma or 0.0)
        object.__setattr__(self, "kernel", made)

    def _set(self, name, low, high):
        value = check.finite("Loss", name, getattr(self, name))
        if not low <= value <= high or value == 0:
            raise ValueError(
                f"Loss: {name} must be > 0 and in [{low}, {high:g}], given {value!r}"
            )
        object.__setattr__(self, name, value)

    def __reduce__(self):
        return partial(Loss, beta=self.beta), (self.kind, self.gamma)

    def log_z(self, omega, V):
        """As for the Perceptron; log of the mean weight of a pattern."""
        if self.beta is None:
            raise ValueError("Loss: beta must be given for log_z, given None")
        return super().log_z(omega, V)


@dataclass(frozen=True)
class Symmetric(_Scalar):
    """One unit: the absolute value of the field must be less than kappa > 0.

    log_z(omega, V) = log P(|omega + sqrt(V) z| < kappa), to a relative 1e-12 also where
    it is -1e4; docs/symmetric.md (SY1)-(SY4).
    """

    kappa: float
    kernel: SymmetricChannel = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        kappa = check.positive_number("Symmetric", "kappa", self.kappa)
        object.__setattr__(self, "kappa", kappa)
        object.__setattr__(self, "kernel", SymmetricChannel(kappa, False))

    def __reduce__(self):
        return Symmetric, (self.kappa,)


@dataclass(frozen=True)
class Tree:
    """Tree of K sign units with disjoint inputs.

    K : number of units, 1 to 63; odd for the majority.
    rule : "majority" (committee) or "parity" (product of the signs).
    """

    K: int
    rule: str = "majority"
    slope: ClassVar[float] = 1.0  # its fields overlap as the weights do
    slope_error: ClassVar[float] = 0.0
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

    def accepts(self, positive):
        """Whether the output is +1 with so many positive units; of arrays alike."""
        if self.rule == "majority":
            return 2 * positive > self.K
        return (self.K - positive) % 2 == 0

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
    omega = check.inside(name, "omega", omega, "finite", np.isfinite)
    omega, V = check.broadcast(name, omega=omega, V=check.positive(name, "V", V))
    # ascontiguousarray makes a number an array of one
    return tuple(np.ascontiguousarray(x).reshape(x.shape) for x in (omega, V))
