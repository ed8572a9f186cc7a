"""Bayes-optimal learning of a teacher by a committee: docs/binary.md (BN21)-(BN23)."""

import math

import numpy as np
from scipy.special import comb
from scipy.stats import binom

from replicas.tree_rs import (
    SCAN,
    WINDOW,
    averages,
    corrected_root,
    load,
    scan,
    stability,
)

__all__ = [
    "branch",
    "first_order",
    "generalisation",
    "log_load",
    "scaled",
    "spinodal",
]

LOGS = np.arange(-6.0, 5.0, 0.5)  # log q_hat


def log_load(kernel, channel, x, **rule):
    """log alpha of the saddle at x = log q_hat: (BN21), by the sums of `branch`."""
    w = terms(kernel, x)
    first = averages(channel, w["q"] / w["eps"], teacher=True, **rule)[1]
    return math.log(load(w, channel, first))


def branch(kernel, channel, x, **rule):
    """The saddle at x, as that of channels with one field (`_rs.branch`)."""
    w = terms(kernel, x)
    f, first, own, mixed, norm = averages(
        channel, w["q"] / w["eps"], f=True, pairs=True, teacher=True, **rule
    )
    alpha = load(w, channel, first)
    index = float(stability(channel, alpha, own, mixed, w["response"] / w["eps"] ** 2))
    return w | {
        "log_load": math.log(alpha),
        "slope": 1 - index,
        "f": f,
        "entropy": w["entropic"] + alpha * f,
        "stability": index,
        "norm": norm,
    }


def scaled(rule, finest):
    """The sums of a tree that a rule for one field stands for."""
    window = WINDOW + rule.window - finest.window
    return {"coarser": rule.step / finest.step, "window": window}


def terms(kernel, x):
    return kernel.terms(x, 0.06, 9.0)


def spinodal(kernel, channel):
    """x of the largest load, where the replicon index is 1."""
    return root(lambda x, **rule: -branch(kernel, channel, x, **rule)["slope"])


def first_order(kernel, channel):
    """x at which the entropy of the branch vanishes."""

    def lost(x, **rule):
        w = terms(kernel, x)
        f, first, *_ = averages(
            channel, w["q"] / w["eps"], f=True, teacher=True, **rule
        )
        return -w["entropic"] - load(w, channel, first) * f

    return root(lost)


def root(function):
    """The first x at which function(x, **rule) turns positive, or nan."""
    brackets = scan(LOGS, np.array([function(x, **SCAN) for x in LOGS]))
    return corrected_root(function, *brackets[0])[0] if brackets else math.nan


def generalisation(K, differ):
    """(BN23): probability that two committees differ, if two units do with `differ`."""
    k = (K + 1) // 2
    total = 0.0
    for n in range(k, K + 1):
        lost = binom.pmf(np.arange(n + 1), n, differ)
        won = binom.pmf(np.arange(K - n + 1), K - n, differ)
        left = n - np.arange(n + 1)[:, None] + np.arange(K - n + 1) < k
        total += comb(K, n) * float(lost @ (left @ won))
    return total / 2 ** (K - 1)
