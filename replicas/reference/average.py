"""Gaussian averages in mpmath: special functions, nodes, and rules to compare.

docs/reference.md (M1)-(M4). Every sum is a trapezoid in a variable s in which the
nodes crowd at the feature of the integrand and spread like a sinh away from it.
"""

from dataclasses import dataclass

from mpmath import mp, mpf

__all__ = [
    "GH",
    "STRIP",
    "Rule",
    "Unresolved",
    "converge",
    "gaussian",
    "log_H",
    "nodes",
    "require_normalised",
    "window",
    "working_digits",
]

GUARD = 6  # digits kept beyond those asked for
STRIP = mpf(3) / 4  # the integrands are analytic within about this of real s
TRIALS = 16


def log_H(x):
    """log H(x), H(x) = int_x^oo G; GH loses log10(x^2/2) digits to rounding."""
    half = mp.erfc(abs(x) / mp.sqrt(2)) / 2
    return mp.log1p(-half) if x < 0 else mp.log(half)


def GH(x):
    """G(x)/H(x) = -(log H)', G(x) = exp(-x^2/2)/sqrt(2 pi)."""
    return mp.exp(-x * x / 2) * mp.sqrt(2 / mp.pi) / mp.erfc(x / mp.sqrt(2))


def gaussian(x, mean, variance):
    """Density at x of a Gaussian."""
    return mp.exp(-((x - mean) ** 2) / (2 * variance)) / mp.sqrt(2 * mp.pi * variance)


@dataclass(frozen=True)
class Rule:
    """A trapezoid rule for `digits` digits; each trial has finer, shifted nodes.

    Two trials share no node and have incommensurate steps, so where they agree the
    sum has converged; halving the step would double the number of correct digits.
    """

    digits: int
    trial: int = 0

    @property
    def scale(self):
        return mpf("0.88") ** self.trial

    @property
    def step(self):
        # error exp(-2 pi STRIP/step) = exp(-cut)
        return 2 * mp.pi * STRIP / self.cut * self.scale

    @property
    def shift(self):
        return (mpf("0.381966") * (self.trial + 1)) % 1

    @property
    def cut(self):
        """Terms below exp(-cut) are dropped."""
        return (self.digits + GUARD) * mp.ln10


def window(rule):
    """Number of standard deviations beyond which a Gaussian is dropped."""
    return mp.sqrt(2 * rule.cut)


def nodes(rule, low, high, *, left, right, scale=1, centre=0):
    r"""Nodes x and weights dx on [low, high], (M2).

    x = centre + right log(1 + e^s scale/right) - left log(1 + e^-s scale/left):
    spacing `scale` (in s) at the centre, growing like e^|s| up to `left`, `right`.
    """
    left, right = mpf(left), mpf(right)
    scale = min(mpf(scale), left, right)
    points = []
    for sign, s in ((1, rule.shift * rule.step), (-1, (rule.shift - 1) * rule.step)):
        while True:
            up, down = mp.exp(s) * scale, mp.exp(-s) * scale
            x = right * mp.log1p(up / right) - left * mp.log1p(down / left) + centre
            slope = up / (1 + up / right) + down / (1 + down / left)
            if (x > high) if sign > 0 else (x < low):
                break
            if low <= x <= high:
                points.append((x, slope * rule.step))
            s += sign * rule.step
    points.sort()
    return [x for x, _ in points], [dx for _, dx in points]


class Unresolved(ArithmeticError):
    """A rule too coarse for its digits: a normalised weight does not sum to 1."""


def require_normalised(total, rule):
    """Raise `Unresolved` unless a sum of weights is 1 to the rule's digits."""
    if not abs(total - 1) <= mpf(10) ** -rule.digits:
        raise Unresolved(
            f"a rule misses {mp.nstr(1 - total, 3)} of a normalised weight"
        )


def working_digits(digits, guard):
    """Decimal digits to compute with: `guard` are lost to cancellation."""
    return digits + GUARD + guard + 10


def converge(evaluate, digits, guard):
    """Value of evaluate(rule)[0] to `digits` digits, relative, by successive rules.

    Raises ArithmeticError where no two rules in a row agree.
    """
    with mp.workdps(working_digits(digits, guard)):
        last = mp.inf
        for trial in range(TRIALS):
            try:
                value = evaluate(Rule(digits, trial))[0]
            except Unresolved:
                continue
            if abs(value - last) <= abs(value) * mpf(10) ** -digits:
                break
            last = value
        else:
            raise ArithmeticError(f"reference: rules do not agree to {digits} digits")
    with mp.workdps(digits):
        return +value
