"""Local entropy of binary weights for y -> infinity: the action (BL1)."""

from mpmath import mp

from replicas.reference.average import Rule, gaussian, working_digits
from replicas.reference.channel import number, scalar_field
from replicas.reference.large_y import maximum

__all__ = ["binary_large_y"]

NAMES = ("q1", "delta", "q_hat", "dq_hat", "p_hat")


def binary_large_y(model, alpha, order, p=None, *, dps=30):
    r"""Local entropy (BL1) of docs/binary_local_entropy.md, mpf with dps digits.

    order : {"q1" or "eps", "delta", "q_hat", "dq_hat", "p_hat"}; it is stationary in
    all of them (in all but q1 if p_hat = 0 and p is None) at the saddle. p : overlap
    with the reference, None between replicas.
    """
    field = scalar_field("binary_large_y", model)
    alpha = number("binary_large_y", "alpha", alpha)
    with mp.workdps(dps + 330):
        order = {k: number("binary_large_y", k, v) for k, v in order.items()}
        if "eps" in order:
            order["q1"] = 1 - order["eps"]
        q1, delta, q_hat, dq_hat, p_hat = (order[k] for k in NAMES)
    with mp.workdps(working_digits(dps, 10)):
        overlap = field.overlap(q1)
        noise = 1 - overlap
        c = delta * field.slope(q1) / noise
        energetic, _ = maximum(
            Rule(dps + 4), field.threshold(noise), overlap / noise, c
        )
        value = -q_hat * (1 - q1) / 2 - (q1 * dq_hat + q_hat * delta) / 2
        value += _entropic(q_hat, dq_hat, p_hat) + alpha * energetic
        value -= 0 if p is None else p_hat * number("binary_large_y", "p", p)
    with mp.workdps(dps):
        return +value


def _entropic(q_hat, dq_hat, p_hat):
    """2 int_0^oo Du max_m [log 2cosh(x + dq_hat m) - dq_hat m^2/2]."""
    reach = mp.sqrt(2 * mp.ln10 * mp.dps)
    root = mp.sqrt(q_hat)

    def integrand(u):
        x = root * u + p_hat
        m = mp.one
        for _ in range(100):
            # from m = 1, above the largest root of a convex function
            t = mp.tanh(x + dq_hat * m)
            step = (m - t) / (1 - dq_hat * (1 - t * t))
            m -= step
            if abs(step) < mp.eps * 100:
                break
        value = mp.log(2 * mp.cosh(x + dq_hat * m)) - dq_hat * m * m / 2
        return 2 * gaussian(u, 0, 1) * value

    pieces = [reach * k / 6 for k in range(7)]
    return mp.quad(integrand, pieces, method="gauss-legendre")
