"""State evolution: what AMP does on typical instances as N -> infinity."""

import numpy as np
from scipy.special import log_expit

from msgpass.results import Evolution
from replicas import check, tree_rs
from replicas.channels import Tree, single_unit
from replicas.model import require_constraint
from replicas.priors import Binary
from replicas.quadrature import gaussian_average

__all__ = ["state_evolution"]

ACCURACY = 1e-13
LEAST = 1e-60  # variance of a field whose overlap goes to 1


def state_evolution(model, alpha, *, tol=1e-12, max_steps=1000):
    r"""Overlaps that undamped AMP passes through, started without knowledge.

    q_hat = alpha sum_l E g_l^2 at fields of mean square q and variance 1 - q, then
    q = E tanh^2(sqrt(q_hat) z) for binary weights, q = q_hat (1 - q)^2 on the sphere.

    Parameters
    ----------
    model : Model, no Loss; trees have at most 9 units.
    alpha : patterns per weight, > 0.
    tol : change of q (or of log(1 - q), if that is larger) at which to stop.
    max_steps : steps at most.

    Returns
    -------
    Evolution : q, eps = 1 - q and q_hat step by step, from q = 0. If success, the last
        is a fixed point, the replica symmetric saddle; entropy is the saddle's, in nats
        per weight, error its estimated absolute error (else nan). On the way to it the
        sums of trees are coarser: q to 1e-8 for K = 3, 5, to 5e-4 for K = 9.

    Source: docs/message_passing.md (MP15)-(MP18).
    """
    require_constraint("state_evolution", model)
    alpha = check.positive_number("state_evolution", "alpha", alpha)
    check.positive_number("state_evolution", "tol", tol)
    check.integer("state_evolution", "max_steps", max_steps, 1, 1 << 40)
    channel = single_unit(model.channel)
    if isinstance(channel, Tree):
        tree_rs.require_units("state_evolution", channel)
    marginals = _binary if isinstance(model.prior, Binary) else _spherical
    q, eps, q_hat, change, response = [0.0], [1.0], [0.0], np.inf, 0.0
    # far from the fixed point the coarse sums of a tree suffice
    rule = tree_rs.SCAN if isinstance(channel, Tree) else {}
    for _ in range(max_steps):
        if _variance(channel, q[-1], eps[-1]) < LEAST:
            break
        response = _response(channel, q[-1], eps[-1], rule)
        if not np.isfinite(response):
            break
        q_hat.append(alpha * response)
        new = marginals(q_hat[-1])
        q.append(new[0])
        eps.append(new[1])
        change = abs(np.log(eps[-1] / eps[-2]))
        if change <= tol and not rule:
            break
        if change <= 1e-6:
            rule = {}
    if change <= tol and not rule:
        message = ""
    elif _variance(channel, q[-1], eps[-1]) < LEAST:
        message = f"the overlap reaches 1 at step {len(q)}: no solution in reach"
    elif not np.isfinite(response):
        message = f"the sums of trees do not reach beyond q = {q[-1]:.6f}"
    else:
        message = f"no fixed point in {max_steps} steps, change {change:.1e}"
    size, success = len(q), message == ""
    entropy = error = float("nan")
    if success:
        entropy, error = _entropy(
            model.prior, channel, alpha, q[-1], eps[-1], q_hat[-1]
        )
    return Evolution(
        model=model,
        alpha=alpha,
        q=np.array(q),
        eps=np.array(eps),
        q_hat=np.array(q_hat[:size]),
        entropy=entropy,
        error=error,
        residual=float(change),
        success=success,
        message=message,
    )


def _entropy(prior, channel, alpha, q, eps, q_hat):
    """Replica symmetric entropy, stationary in q and q_hat, and its error: (MP18)."""
    if isinstance(channel, Tree):
        energetic = tree_rs.averages(channel, q / eps, f=True)[0]
        wider = {"coarser": 1.3, "window": tree_rs.WINDOW + 0.5}
        off = abs(tree_rs.averages(channel, q / eps, f=True, **wider)[0] - energetic)
    else:
        average = _average(channel, q, eps, lambda log_z, d: log_z)
        energetic, off = average.value, average.error
    rest = 0.5 * (np.log(eps) + q / eps)
    if isinstance(prior, Binary):
        root = np.sqrt(q_hat)
        free = gaussian_average(
            lambda z: np.logaddexp(root * z, -root * z), width=1 / (1 + root)
        )
        rest, off = free.value - 0.5 * q_hat * eps, off + free.error
    entropy = rest + alpha * energetic
    return float(entropy), float(alpha * off + 1e-14 * (1 + abs(rest) + 1 / eps))


def _variance(channel, q, eps):
    """Variance of a field, given the weights' means."""
    return eps if isinstance(channel, Tree) else channel.kernel.overlap(q, eps)[1]


def _response(channel, q, eps, rule):
    """sum_l E g_l^2, fields of mean square q and variance eps = 1 - q: (MP15)."""
    if isinstance(channel, Tree):
        with np.errstate(all="ignore"):
            return channel.K * tree_rs.averages(channel, q / eps, **rule)[1] / eps
    slope = channel.kernel.overlap(q, eps)[2]
    return slope * _average(channel, q, eps, lambda log_z, d: d * d).value


def _average(channel, q, eps, function):
    """Mean of function(log Z, its derivative) over the field of a scalar channel."""
    field_q, field_eps, _, _ = channel.kernel.overlap(q, eps)
    root = np.sqrt(field_q)
    centre, width = 0.0, 1.0
    if root > 0:
        centre = float(np.clip(channel.kappa / root, -10, 10))
        width = float(min(1.0, np.sqrt(field_eps) / root))
    return gaussian_average(
        lambda z: function(*channel.log_z(root * z, field_eps)[:2]),
        centre=centre,
        width=width,
        tol=ACCURACY / field_eps,
    )


def _spherical(q_hat):
    """q and 1 - q of a Gaussian weight that keeps the norm: (MP16)."""
    P = 0.5 * (1 + np.sqrt(1 + 4 * q_hat))
    return q_hat / P**2, 1 / P


def _binary(q_hat):
    """q and 1 - q of a spin in a Gaussian field of variance q_hat: (MP17)."""
    root = np.sqrt(q_hat)

    def outside(z):
        # 1 - tanh^2 = 4 s (1 - s), s the logistic function of twice the field
        h = 2 * root * z
        return 4 * np.exp(log_expit(h) + log_expit(-h))

    eps = gaussian_average(outside, width=1 / (1 + root), tol=ACCURACY).value
    eps = min(eps, 1.0)  # without a field, but for rounding
    return 1 - eps, eps
