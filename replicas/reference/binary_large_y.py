"""Local entropy of binary weights for y -> infinity: the action (BL1)."""

from mpmath import mp

from replicas.priors import Binary
from replicas.reference.average import Rule, gaussian, working_digits
from replicas.reference.channel import number, require_arguments, scalar_field
from replicas.reference.large_y import maximum

__all__ = ["BinaryLargeY", "binary_large_y"]

NAMES = ("q1", "delta", "q_hat", "dq_hat", "p_hat")
PIECES = 6  # of the half line of u


class BinaryLargeY:
    """V of (BL1) and its derivatives; p is None between replicas."""

    def __init__(self, function, model, alpha, p=None):
        self.field = scalar_field(function, model)
        self.alpha = number(function, "alpha", alpha)
        self.p = p

    def guard(self, order):
        return 10 + int(abs(mp.log10(order["q_hat"])))

    def evaluate(self, order, rule):
        """V, and its derivatives in all order parameters."""
        q1, delta, q_hat, dq_hat, p_hat = (order[k] for k in NAMES)
        overlap, slope = self.field.overlap(q1), self.field.slope(q1)
        noise = 1 - overlap
        threshold, rate = self.field.threshold(noise), slope / noise
        energetic, square, d_mean, d_variance = maximum(
            rule, threshold, overlap / noise, delta * rate
        )
        free, m, m2, um = _entropic(rule, q_hat, dq_hat, p_hat)
        value = -q_hat * (1 - q1) / 2 - (q1 * dq_hat + q_hat * delta) / 2
        value += free + self.alpha * energetic
        value -= 0 if self.p is None else p_hat * self.p
        # (BL2), (BL6), (BL5), (BL4) and the derivative in q1
        d_rate = mp.diff(self.field.slope, q1) / noise + rate * rate
        d_q1 = d_mean * threshold * rate / 2 + d_variance * rate / noise
        d_q1 += square * delta * d_rate / 2
        return value, {
            "delta": (self.alpha * rate * square - q_hat) / 2,
            "q_hat": (um / mp.sqrt(q_hat) - (1 - q1 + delta)) / 2,
            "dq_hat": (m2 - q1) / 2,
            "p_hat": m - (self.p or 0),
            "q1": (q_hat - dq_hat) / 2 + self.alpha * d_q1,
        }


def binary_large_y(model, alpha, order, p=None, *, dps=30):
    r"""Local entropy (BL1) of docs/binary_local_entropy.md, mpf with dps digits.

    order : {"q1" or "eps", "delta", "q_hat", "dq_hat", "p_hat"}; it is stationary in
    all of them (in all but q1 if p_hat = 0 and p is None) at the saddle. p : overlap
    with the reference, None between replicas.
    """
    names = ("q1", "eps"), *NAMES[1:]
    require_arguments("binary_large_y", model, order, names, dps, Binary)
    with mp.workdps(dps + 330):
        p = None if p is None else number("binary_large_y", "p", p)
        order = {k: number("binary_large_y", k, v) for k, v in order.items()}
        if "eps" in order:
            order["q1"] = 1 - order["eps"]
    twin = BinaryLargeY("binary_large_y", model, alpha, p)
    with mp.workdps(working_digits(dps, 10)):
        value, _ = twin.evaluate(order, Rule(dps + 4))
    with mp.workdps(dps):
        return +value


def _entropic(rule, q_hat, dq_hat, p_hat):
    """2 int_0^oo Du of max_m [log 2cosh(x + dq_hat m) - dq_hat m^2/2], m, m^2, u m."""
    reach = mp.sqrt(2 * mp.ln10 * mp.dps)
    root, seen = mp.sqrt(q_hat), {}

    def maximiser(u):
        if u not in seen:
            x, m = root * u + p_hat, mp.one
            for _ in range(100):
                # from m = 1, above the largest root of a convex function
                t = mp.tanh(x + dq_hat * m)
                step = (m - t) / (1 - dq_hat * (1 - t * t))
                m -= step
                if abs(step) < mp.eps * 100:
                    break
            value = mp.log(2 * mp.cosh(x + dq_hat * m)) - dq_hat * m * m / 2
            w = 2 * gaussian(u, 0, 1)
            seen[u] = w * value, w * m, w * m * m, w * u * m
        return seen[u]

    count = PIECES + rule.trial
    pieces = [reach * k / count for k in range(count + 1)]
    return tuple(
        mp.quad(lambda u, i=i: maximiser(u)[i], pieces, method="gauss-legendre")
        for i in range(4)
    )
