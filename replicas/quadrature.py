r"""Averages over a Gaussian, int Dz f(z), with an error estimate: docs/quadrature.md.

`Rule` names the accuracy of the fast kernels; `gaussian_average` integrates any
function of a user; `hermite` gives the classical nodes.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.special import roots_hermitenorm, roots_legendre

from replicas import check
from replicas.results import Estimate

__all__ = [
    "Rule",
    "gauss_nodes",
    "gaussian_average",
    "half_gauss_nodes",
    "hermite",
    "refinements",
    "sinh_nodes",
]

WINDOW = 12.0  # the Gaussian weight outside is below 1e-32
ORDER = 12  # Legendre nodes a panel
MAX_PANELS = 4000
ROUNDING = 32 * np.finfo(float).eps


@dataclass(frozen=True)
class Rule:
    """Trapezoid in t, z = centre + width sinh(t), |z| < window: docs (Q1)-(Q3)."""

    step: float = 0.125
    window: float = 8.5

    def finer(self):
        """A rule with a smaller step and shifted, wider window, to estimate errors."""
        return Rule(self.step / 1.3, self.window + 0.5)


def refinements(rule, finest):
    """Pairs of a rule and the next finer one, from `rule` to a step below `finest`."""
    rules = [rule, rule.finer()]
    while rules[-2].step >= finest:
        rules.append(rules[-1].finer())
    return tuple(pairwise(rules))


def hermite(n):
    """Nodes and weights of the n-point Gauss-Hermite rule for int Dz f(z).

    Exact for polynomials up to degree 2n - 1, slow for fronts: with 100 nodes the
    average of log H(10 z) is off by 6e-4. n : 1 to 1000.
    """
    check.integer("hermite", "n", n, 1, 1000)
    x, w = roots_hermitenorm(n)
    return x, w / np.sqrt(2 * np.pi)


def sinh_nodes(centre, width, low, high, step):
    """Trapezoid in t, z = centre + width sinh(t), from low to high: z and step dz/dt.

    docs/quadrature.md (Q1).
    """
    low, high = np.arcsinh((np.array([low, high]) - centre) / width)
    t = np.arange(low, high + step, step)
    return centre + width * np.sinh(t), step * width * np.cosh(t)


def gauss_nodes(centre, width, window, step):
    """The same for int Dz f(z) over |z| < window: z and their weights."""
    z, weight = sinh_nodes(centre, width, -window, window, step)
    return z, weight * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def half_gauss_nodes(width, window, step):
    """The same for an even f, by midpoints in t > 0, without a node at 0."""
    t = step * (0.5 + np.arange(np.ceil(np.arcsinh(window / width) / step)))
    z = width * np.sinh(t)
    weight = 2 * step * width * np.cosh(t) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return z, weight


def gaussian_average(f, *, centre=0.0, width=1.0, kinks=(), tol=1e-12):
    """Adaptive int Dz f(z) by Legendre panels.

    Parameters
    ----------
    f : maps an array of n points z to n values, or to (n, m) values, one column for
        each of m integrals taken together (for instance an outer variable that moves
        the front of f).
    centre, width : where f varies fast and on which scale (width > 0); the first
        panels are graded towards it. A wrong guess costs time, not accuracy.
    kinks : points that must be panel boundaries.
    tol : absolute tolerance, > 0.

    Returns
    -------
    Estimate with value and error floats, or arrays of length m: error adds over the
    panels the difference of the last two refinements, or what the highest Legendre
    coefficients allow where that is more, and rounding. success is False where tol (or,
    if larger, rounding) was not met.

    Source: docs/quadrature.md (Q4)-(Q6).
    """
    check.finite("gaussian_average", "centre", centre)
    width = float(check.positive("gaussian_average", "width", width))
    tol = float(check.positive("gaussian_average", "tol", tol))
    kinks = check.numbers("gaussian_average", "kinks", kinks).ravel()
    left, right = _graded_panels(centre, width, kinks)
    whole, _ = _panels(f, left, right)
    value, error, done = 0.0, 0.0, 0
    while True:
        middle = 0.5 * (left + right)
        low, low_tail = _panels(f, left, middle)
        high, high_tail = _panels(f, middle, right)
        fine = low + high
        gap = np.maximum(np.abs(fine - whole), low_tail + high_tail)
        room = 0.1 * tol / len(left) + ROUNDING * np.abs(fine)
        split = (gap > room).reshape(len(left), -1).any(axis=1)
        done += np.count_nonzero(~split)
        value = value + fine[~split].sum(axis=0)
        error = error + gap[~split].sum(axis=0)
        if not split.any() or done + 2 * np.count_nonzero(split) > MAX_PANELS:
            break
        left, middle, right = left[split], middle[split], right[split]
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        whole = np.concatenate([low[split], high[split]])
    value = value + fine[split].sum(axis=0)
    rounding = ROUNDING * np.abs(value)
    error = error + gap[split].sum(axis=0) + rounding
    success = bool(np.all(error <= np.maximum(tol, 2 * rounding)))
    message = "" if success else f"error {np.max(error):.1e} exceeds tol {tol:.1e}"
    return Estimate(value[()], error[()], 0.0, success, message, {})


def _graded_panels(centre, width, kinks):
    """Left and right ends of first panels, doubling away from the feature."""
    doubling = width * 2.0 ** np.arange(0, max(1, np.ceil(np.log2(2 * WINDOW / width))))
    ends = np.concatenate(
        [[-WINDOW, WINDOW, centre], centre - doubling, centre + doubling, kinks]
    )
    ends = np.concatenate([ends, np.arange(-WINDOW + 2, WINDOW, 2.0)])
    ends = np.unique(np.clip(ends, -WINDOW, WINDOW))
    return ends[:-1], ends[1:]


def _panels(f, left, right):
    """Legendre integral of f over each panel, (panels,) or (panels, m), and the error
    that its Legendre series allows: docs/quadrature.md (Q5), (Q6).
    """
    x, w = roots_legendre(ORDER)
    # the two ends, a little inside since f may jump at a boundary, only test the series
    x = np.concatenate([x, [1 - 1e-10, 1e-10 - 1]])
    legendre = legvander(x, ORDER - 1)
    half = 0.5 * (right - left)
    z = (0.5 * (left + right))[:, None] + half[:, None] * x
    values = np.asarray(f(z.ravel()), dtype=float)
    values = values.reshape(*z.shape, *values.shape[1:])
    gauss = half[:, None] * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    values = np.einsum("pn,pn...->np...", gauss, values)
    project = (w[:, None] * legendre[:ORDER] * (np.arange(ORDER) + 0.5)).T
    c = np.tensordot(project, values[:ORDER], 1)
    middle, high = (2 * np.sqrt((part**2).sum(axis=0)) for part in (c[4:8], c[8:]))
    with np.errstate(invalid="ignore", divide="ignore"):
        decay = np.where(middle > 0, high / middle, 1.0)
    series = np.tensordot(legendre[ORDER:], c, 1)
    ends = np.abs(values[ORDER:] - series).sum(axis=0) * (1 - x[ORDER - 1])
    return 2 * c[0], 3 * (high * np.minimum(1, 4 * decay) ** 3 + ends)
