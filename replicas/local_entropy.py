"""Local entropy of y coupled replicas against distance (docs/large_y.md)."""

import math

import numpy as np

from replicas import (
    binary_local_entropy,
    check,
    finite_y,
    large_y,
    rsb_centre,
    tree_large_y,
)
from replicas.channels import Tree, single_unit
from replicas.model import refuse_symmetric, require_constraint
from replicas.priors import Binary
from replicas.results import Curve, failed_point, stack

__all__ = ["local_entropy"]

RSB = ("1rsb", "krsb", "frsb")  # the centre beyond replica symmetry


def local_entropy(
    model,
    alpha,
    distance,
    y=math.inf,
    between="replicas",
    centre="rs",
    *,
    levels=2,
    tol=1e-8,
):
    r"""Large-deviation local entropy: y replicas at a fixed distance, all solutions.

    phi_y(d) is the log-volume per weight, per replica, of y solutions at mutual
    distance d; at y = infinity, that of the solutions around the best centre.

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.
    distance : float or array in (0, 1/2), d = (1 - overlap)/2.
    y : float or array, number of replicas, >= 1; infinity allowed.
    between : "replicas", d is the mutual distance; "centre", the distance to the
        normalised barycentre of the replicas (y > 1), for binary weights to a free
        binary reference; "solution", the same to a reference that is a solution
        (binary weights, one field).
    centre : ansatz for the centres: "rs", replica symmetry; "1rsb"; "krsb", with
        `levels` levels; "frsb", full replica symmetry breaking, extrapolated in the
        number of levels. All but "rs" need y = infinity and a channel with one field;
        binary weights have "1rsb", not around a "solution".
    levels : 1 to 16, used by "krsb".
    tol : relative error asked of trees of two and three units at y = infinity, > 0 (for
        binary weights `error` may be larger, up to 1e-5 of the value); other points
        take the error that their method gives, 1e-12 for one field.

    alpha, distance and y broadcast against each other; along the last axis each point
    starts from its neighbour.

    Returns
    -------
    Curve of the broadcast shape. order has "q1" and, at y = infinity, "delta" =
    lim y (q1 - q0) and "c" = delta/(1 - q1); at finite y, "q0". `stability` is the
    replicon index of the centre: where it exceeds 1 the curve is an approximation
    (an upper bound, as far as is known). Beyond replica symmetry it is the larger one
    of "replicon_outer" and "replicon_inner", and order has "k", the number of levels in
    use (0 where the symmetric centre is stable; fewer than asked for where more would
    merge), "levels_q" and "levels_mu" (k entries along the last axis, nan beyond):
    mu(q) of the centres is levels_mu[i] from levels_q[i] to the next level, the last
    of which is q1; "q0" and "mu", the first overlap and the last mu; "kkt", <= 0, the
    rate at which a further level lowers the entropy: 0 within rounding where none does.

    Binary weights: symmetric centre, or 1-RSB at y = infinity for one field; trees of K
    up to 9 at y = infinity, of K = 2 and 3 at finite y, up to 40 (K = 3) or 200 between
    replicas; the majority of three up to 20 around the centre; none around solutions.
    Entropies count solutions; entropy is Phi/y, normalised less its value at alpha = 0.
    order has "q1", "eps" = 1 - q1, conjugates, and "p_hat" = (d entropy/d distance)/2
    (0 between replicas); at y = infinity "delta"; at finite y "q0", "local_entropy" =
    dPhi/dy and "external_entropy" = Phi - y dPhi/dy, nats per weight. `stability` is
    infinite where the field of the centre has a jump, and not computed (nan) around
    solutions at finite y, whose other order parameters docs/symbols.md lists. Saddles
    with p_hat < 0 are refused: the maximum over the reference is that of a smaller
    distance. Where the symmetric centre at y = infinity gives more than all solutions
    (near the capacity) message says so. Beyond the typical distance to the centre the
    entropy at y = infinity is that of all solutions, and delta = 0. With the 1-RSB
    centre order has "mu", "q0", "q0_hat", "k", both replicons and, if "k" = 1, "p", the
    overlap of replicas with the signs of their mean; "k" = 0: the symmetric centre,
    where it is stable, or all solutions. Points where delta vanishes at mu > 1 are
    refused.

    Source: docs/large_y.md (L1)-(L10), docs/large_y_trees.md, docs/finite_y.md,
    docs/rsb_centre.md, docs/binary_local_entropy.md, docs/binary_rsb_centre.md.
    """
    require_constraint("local_entropy", model)
    refuse_symmetric("local_entropy", model)
    alpha = check.positive("local_entropy", "alpha", alpha)
    distance = check.distance("local_entropy", distance)
    y = check.inside("local_entropy", "y", y, ">= 1", lambda y: y >= 1)
    alpha, distance, y = check.broadcast(
        "local_entropy", alpha=alpha, distance=distance, y=y
    )
    check.integer("local_entropy", "levels", levels, 1, rsb_centre.MAX_LEVELS)
    check.positive_number("local_entropy", "tol", tol)
    if isinstance(model.prior, Binary):
        solve = binary_local_entropy.solver(model.channel, y, between, centre, tol)
    else:
        solve = _solver(single_unit(model.channel), y, between, centre, levels, tol)
    points, last = [], None
    for a, d, n in zip(alpha.flat, distance.flat, y.flat, strict=True):
        if len(points) % (alpha.shape or (1,))[-1] == 0:
            last = None
        last = solve(float(a), float(d), float(n), last)
        points.append(last)
    columns = stack(points, alpha.shape)
    ansatz = "large-y" if np.all(np.isinf(y)) else "finite-y"
    ansatz += "" if centre == "rs" else f" {centre}"
    return Curve(
        model=model,
        ansatz=ansatz,
        between=between,
        alpha=alpha[()],
        distance=distance[()],
        y=y[()],
        **columns,
    )


def _eps(distance, y, between):
    """1 - q1 at a distance, spherical weights: docs/large_y.md (L11)."""
    if between == "replicas":
        return 2 * distance
    to_centre = 4 * distance * (1 - distance)
    return float(to_centre if math.isinf(y) else y / (y - 1) * to_centre)


def _solver(channel, y, between, centre, levels, tol):
    """Point as a function of (alpha, d, y, last point), by the ansatz asked for."""
    check.choice("local_entropy", "between", between, ("replicas", "centre"))
    if between == "centre" and np.any(y == 1):
        raise ValueError("local_entropy: y must be > 1 between the centre, given y = 1")
    check.choice("local_entropy", "centre", centre, ("rs", *RSB))
    if centre != "rs" and (np.any(np.isfinite(y)) or isinstance(channel, Tree)):
        raise ValueError(
            f"local_entropy: centre must be rs at finite y and for trees, "
            f"given {centre!r}"
        )
    k = {"rs": 0, "1rsb": 1, "krsb": levels, "frsb": math.inf}[centre]

    def solve(alpha, distance, y, last):
        eps = _eps(distance, y, between)
        if eps >= 1:
            return failed_point(
                f"y = {y:g} replicas have no centre so far away: "
                "their overlap is negative",
                q1=1 - eps,
            )
        if math.isfinite(y):
            return finite_y.point(channel, alpha, eps, y, start=last)
        if k:
            return rsb_centre.point(channel, alpha, eps, k, start=last)
        c = last["order"].get("c") if last and last["success"] else None
        start = c and math.log(c)
        if isinstance(channel, Tree):
            return tree_large_y.point(channel, alpha, eps, tol=tol, start=start)
        return large_y.point(channel, alpha, eps, start=start)

    return solve
