"""The centre beyond replica symmetry: 1-RSB, 10 levels, full RSB."""

import math

from benchmarks import plain_krsb
from benchmarks.table import Row
from replicas import Perceptron, Wide, rsb_centre

# alpha, eps; mu, q0, delta that the search from the symmetric centre starts at, for the
# twin; value with 14 digits
ONE = [
    ("1-RSB K=inf", Wide(), 1.5, 0.05, 5.83, 0.76, 1.30, -0.10729584707668),
    (
        "1-RSB K=1 kappa=-1",
        Perceptron(-1.0),
        8.0,
        0.1,
        0.5,
        0.69,
        0.13,
        -0.5311539896417,
    ),
]
TEN = -0.10733093423238  # another search, to residual 1e-14
# (RC14) from 8 and 10 levels: an independent look at the extrapolation
FULL = -0.10733093708


def rows():
    for name, channel, alpha, eps, mu, q0, delta, exact in ONE:
        yield Row(
            f"{name}, alpha={alpha:g} q1={1 - eps:g}",
            exact,
            lambda c=channel, a=alpha, e=eps: rsb_centre.point(c, a, e, 1)[
                "normalised"
            ],
            lambda c=channel, a=alpha, e=eps, s=(q0, mu, delta): plain_krsb.one_rsb(
                c, a, e, *s
            ),
            None,
            limit=0.1,
            target=10,
        )
    yield Row(
        "10 levels K=inf, alpha=1.5 q1=0.95",
        TEN,
        lambda: rsb_centre.point(Wide(), 1.5, 0.05, 10)["normalised"],
        None,
        None,
        limit=2.0,
        seconds=6.0,
    )
    yield Row(
        "full RSB K=inf, alpha=1.5 q1=0.95",
        FULL,
        lambda: rsb_centre.point(Wide(), 1.5, 0.05, math.inf)["normalised"],
        None,
        None,
        limit=2.0,
        seconds=6.0,
    )
