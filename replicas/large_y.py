"""y -> infinity local entropy of a scalar channel, one point: docs/large_y.md."""

import math

from replicas import _large_y
from replicas.quadrature import Rule
from replicas.results import failed_point

__all__ = ["point"]

EPS = 2.0**-52
TOLERANCE = 1e-12  # relative, of the normalised entropy


def point(channel, alpha, eps, *, start=None):
    """Point at 1 - q1 = eps: (L3) minimised over c.

    start : log c of a neighbouring point; the saddle is unique, so it only saves time.
    The rule is refined until the relative error is below 1e-12 or stops falling.
    """
    rule, best = Rule(step=0.05, window=8.5), None
    while rule.step > 0.005:
        fine = rule.finer()
        log_c, *out = _large_y.solve(
            channel.kernel,
            alpha,
            eps,
            0.0 if start is None else start,
            rule.step,
            rule.window,
            fine.step,
            fine.window,
        )
        if math.isnan(out[0]):
            return _refusal(eps, log_c)
        if best is None or out[3] < best[4]:
            best = log_c, *out
        if best[4] < TOLERANCE * abs(best[2]):
            break
        rule, start = Rule(rule.step / 1.5, rule.window + 0.2), log_c
    log_c, delta, normalised, stability, error, residual = best
    return {
        "entropy": normalised + 0.5 * math.log(eps),
        "normalised": normalised,
        "order": {"q1": 1 - eps, "c": delta / eps, "delta": delta},
        "stability": stability,
        # rounding: phi is a sum of exp(-x^2/2) at x^2/2 ~ log c
        "error": error + 8 * EPS * (2 + abs(log_c)) * abs(normalised),
        "residual": residual,
        "success": True,
        "message": "",
    }


def _refusal(eps, log_c):
    if log_c > 0:
        message = "the normalised entropy is above -1e-290: c leaves double range"
    else:
        message = "no saddle with c > 0: the distance exceeds the typical one"
    return failed_point(message, ("c", "delta"), q1=1 - eps)
