r"""Overlap kernels of wide committees, Delta(q) = E g(u) g(v) - (E g)^2.

u and v are standard Gaussians of overlap q. Activations without a closed form, and
kernels of a user, become tables: docs/channels.md (C10)-(C17).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import nnls

from replicas import _kernels
from replicas.activations import activation_tables
from replicas.kernel_tables import (
    LAST,
    ORDER,
    angle_tables,
    array_of,
    refuse,
)

__all__ = ["NAMES", "Kernel", "kernel_channel"]

# Delta(1) where it has a closed form
VARIANCE = {
    "sign": 1.0,
    "relu": (np.pi - 1) / (2 * np.pi),
    "erf": 2 / np.pi * np.arcsin(2 / 3),
    "linear": 1.0,
    "quadratic": 2.0,
}
NAMES = (*VARIANCE, "tanh")


@dataclass(frozen=True)
class Kernel:
    """A kernel given as a function, for `Wide(Kernel(delta))`.

    delta : maps an array of overlaps in [-0.7, 1] to Delta, any positive scale.
    Valid kernels are those of some activation: a power series in q without
    constant term whose coefficients are not negative.
    """

    delta: Callable

    def __post_init__(self):
        if not callable(self.delta):
            raise TypeError(
                f"Kernel: delta must be a function of the overlap, given {self.delta!r}"
            )


def kernel_channel(activation, kappa):
    """The C channel of a named activation, a function or a `Kernel`; its Delta(1)."""
    if isinstance(activation, str) and activation in VARIANCE:
        return _kernels.closed(activation, kappa), VARIANCE[activation]
    if isinstance(activation, Kernel):
        tables, variance = _tables_of_kernel(activation.delta)
    else:
        g = np.tanh if activation == "tanh" else activation
        tables, variance = activation_tables(g)
    return _kernels.tabulated(kappa, *tables), variance


def _tables_of_kernel(delta):
    inside = 0.7 * np.cos(np.linspace(0, np.pi, 161))
    values = array_of("the kernel", delta, np.append(inside, [0.0, 1.0]))
    *low, origin, variance = values.tolist()
    if not variance > 0:
        refuse(f"the kernel must have Delta(1) > 0, given {variance}")
    if not abs(origin) <= 1e-12 * variance:
        refuse(f"the kernel must vanish at q = 0, given Delta(0) = {origin}")
    share = _power_series(inside, np.array(low) / variance)

    def lost(theta):
        values = array_of("the kernel", delta, np.cos(theta))
        return 1 - values / variance

    near = np.log2(np.divide(*lost(np.array([2e-3, 1e-3]))))
    power = int(np.rint(near))
    if not (power in (1, 2) and abs(near - power) < 0.02):
        refuse(
            "the kernel must be less than Delta(1) by a multiple of 1 - q or of its "
            f"square root near q = 1, given the power {0.5 * near:.3g}"
        )
    tables = angle_tables(share[:ORDER], power, _fit(lost, power))
    check = _kernels.tabulated(0.0, *tables)
    for eps in np.geomspace(1e-6, 0.5, 60):
        *_, d, d2 = check.overlap(1 - eps, eps)
        if not (d > 0 and d2 > -1e-6 * d / eps):
            refuse(f"the kernel must increase and be convex, it is not at {1 - eps}")
    return tables, variance


def _power_series(q, values):
    """Coefficients c_n >= 0 of a kernel with Delta(1) = 1; refuses where none fit."""
    n = np.arange(1, 2 * ORDER + 1)
    # the last column is what only q near 1 sees
    table = np.append(q[:, None] ** n, np.zeros((q.size, 1)), axis=1)
    table = np.append(table, np.ones((1, n.size + 1)), axis=0)
    share, _ = nnls(table, np.append(values, 1.0))
    worst = np.abs(table @ share - np.append(values, 1.0)).max()
    if not worst < 1e-9:
        refuse(
            "the kernel must be a power series in q with coefficients >= 0 "
            f"(Schoenberg); the nearest one is off by {worst:.1e} of Delta(1)"
        )
    share[share < 1e-13] = 0
    return share[:-1]


def _fit(lost, power):
    """Chebyshev coefficients of E, least squares for lost = W^power E.

    Of the fits as good as the best one, that of the lowest degree is taken: at
    theta = 0 the noise of the kernel is amplified by about degree^(2 power).
    """
    fits = []
    for degree in range(8, 65, 8):
        x = np.cos(np.pi * (np.arange(6 * degree) + 0.5) / (6 * degree))
        theta = 0.5 * LAST * (1 + x)
        W = (2 * np.sin(0.5 * theta))[:, None] ** power
        right = lost(theta)
        c = np.linalg.lstsq(W * chebyshev.chebvander(x, degree), right, rcond=None)[0]
        off = np.abs(W[:, 0] * chebyshev.chebval(x, c) - right).max()
        fits.append((off, c))
        if off < 1e-15:
            break
    best = min(off for off, _ in fits)
    if not best < 1e-10:
        refuse("the kernel must be smooth in arccos q between 0 and pi/3")
    return next(c for off, c in fits if off < 3 * best)
