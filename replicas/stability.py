"""Load at which replica symmetry becomes unstable: docs/rs.md."""

import numpy as np
from scipy.optimize import brentq

from replicas import _rs, symmetric, tree_rs
from replicas.channels import Loss, Symmetric, Tree, single_unit
from replicas.model import require_model
from replicas.priors import Binary
from replicas.quadrature import Rule
from replicas.results import Estimate, failed_estimate

__all__ = ["at_line"]

SCAN = np.arange(-12.0, 30.0, 0.5)  # logit q; log q_hat for binary weights


def at_line(model):
    """Load at which the replicon index of the RS saddle reaches 1.

    The saddle is parametrised by q: alpha(q) is explicit and the index is one
    function of q, whose first crossing of 1 is returned.

    Parameters
    ----------
    model : Model. Trees of at most 9 units.

    Returns
    -------
    Estimate with value alpha (patterns per weight), its error, order "q". success is
    False where RS is stable up to the capacity (spherical weights, one field linear in
    them with kappa >= 0) and for the parity of 3 or more units, whose state q = 0 is
    stable at every load. For even activations the load is where q = 0 is unstable.

    The load of binary weights may lie above their capacity.

    Source: docs/rs.md (R6), (R10), (R13), (R20); docs/binary.md (BN6);
    docs/symmetric.md (SY6).
    """
    require_model("at_line", model)
    prior, channel = model.prior, single_unit(model.channel)
    if isinstance(channel, Symmetric):
        return symmetric.at_line(model)
    if isinstance(channel, Loss) and channel.beta is None:
        raise ValueError("at_line: beta of the Loss must be given, given None")
    if not isinstance(channel, Tree):
        constraint = not isinstance(channel, Loss)
        convex = constraint and channel.is_linear and channel.kappa >= 0
        if convex and not isinstance(prior, Binary):
            return _failure("RS is stable up to capacity")
        return _scalar(prior, channel)
    if channel.rule == "parity" and channel.K > 2:
        return _failure("RS is stable up to capacity: q = 0 is stable at every load")
    if channel.rule == "parity":
        value = np.pi**2 / 8
        return Estimate(value, 4e-16, 0.0, True, "", {"q": 0.0})
    tree_rs.require_units("at_line", channel)
    return _tree(prior, channel)


def _scalar(prior, channel):
    rule = Rule(step=0.03)  # the index asks for more nodes than the saddle

    def at(x, rule):
        return _rs.branch(prior.kernel, channel.kernel, x, rule.step, rule.window)

    def point(x, rule):
        here = at(x, rule)
        return here["log_load"], np.log(here["stability"])

    loads, index = np.array([point(x, rule) for x in SCAN]).T
    if channel.is_even and index[0] > -1e-4:
        return _at_zero(channel, loads)
    turns = np.flatnonzero((index[:-1] < 0) & (index[1:] >= 0))
    if not turns.size:
        return _failure("RS is stable up to q = 1 - 1e-13")
    low, high = SCAN[turns[0]], SCAN[turns[0] + 1]
    x = brentq(lambda x: point(x, rule)[1], low, high, xtol=1e-12, rtol=1e-14)
    near = point(x - 1e-3, rule), point(x + 1e-3, rule)
    return _estimate(at(x, rule)["q"], point(x, rule), point(x, rule.finer()), *near)


def _at_zero(channel, loads):
    """The load where q = 0 of an even activation is unstable, and left: (R20)."""
    slope = channel.log_z(0.0, 1.0)[1].item()
    load = 1 / (channel.kernel.overlap(0.0, 1.0)[3] * slope**2)
    if loads.min() < np.log(load) - 1e-4:
        return _failure("q = 0 is left discontinuously, where it is still stable")
    return Estimate(float(load), 4e-15 * float(load), 0.0, True, "", {"q": 0.0})


def _tree(prior, channel):
    most = tree_rs.MAX_NODES[channel.rule][channel.K]
    fine = {"coarser": 0.75, "most": most}
    check = {"coarser": 1.0, "most": most / 1.3, "window": tree_rs.WINDOW + 0.5}

    def point(x, **rule):
        w = tree_rs.terms(prior, x)
        _, first, own, mixed, _ = tree_rs.averages(
            channel, w["q"] / w["eps"], f=True, pairs=True, **rule
        )
        load = w["q_hat"] * w["eps"] / (channel.K * first)
        response = w["response"] / w["eps"] ** 2
        index = tree_rs.stability(channel, load, own, mixed, response)
        return np.log(load), np.log(index)

    def index(x, **rule):
        return point(x, **rule or fine)[1]

    points = tree_rs.scanned(prior)
    brackets = tree_rs.scan(
        points, np.array([index(x, **tree_rs.SCAN) for x in points])
    )
    if not brackets:
        return _failure("RS is stable up to q = 0.99")
    x, _ = tree_rs.corrected_root(index, *brackets[0])
    if np.isnan(x):
        return _failure("the sums do not resolve the index")
    near = (point(x + d, **tree_rs.SCAN) for d in (-1e-3, 1e-3))
    return _estimate(
        tree_rs.terms(prior, x)["q"], point(x, **fine), point(x, **check), *near
    )


def _estimate(q, here, check, left, right):
    """Load at q; `check` by another rule, `left` and `right` of q for the slopes."""
    load = np.exp(here[0])
    shift = abs(check[1] - here[1]) + abs(here[1]) + 1e-15
    move = abs((right[0] - left[0]) / (right[1] - left[1]))
    error = load * (abs(check[0] - here[0]) + shift * move + 1e-15)
    return Estimate(float(load), float(error), float(abs(here[1])), True, "", {"q": q})


def _failure(message):
    return failed_estimate(message, ("q",))
