"""Where the 1-RSB centre of binary weights is found: docs/binary_rsb_centre.md."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root

from replicas import binary_large_y
from replicas.binary_rsb_centre import (
    COARSE,
    SUMS,
    State,
    describe,
    failure,
    symmetric_point,
)
from replicas.krsb import Levels
from replicas.priors import mean_gap

__all__ = ["Place", "Search", "around_centre", "between_replicas"]

EASY = 1.15, 1.7  # dq_hat of the symmetric centre where the search may start
NEARLY = 1.05  # the same where the symmetric centre is all but stable
STARTS = ((0.8, 1.0), (0.9, 2.0), (0.7, 0.5), (0.95, 2.0))  # q0/q1, delta/eps
STEP = 1.25  # of the distance
SHORTEST = 1.02
FAR = 3.0  # of the unknowns
# of the unknowns, outside of which they are held
LOW, HIGH = np.array([-5.0, -3.0, -13.0, -25.0]), np.array([7.2, 23.5, 8.0, -1e-3])
MERGED, LARGEST, SMALLEST = 7.0, 23.0, -11.5  # log q0/dq, log mu, log delta/eps
ROUGH, ACCEPTED = 1e-4, 1e-8  # residuals
VANISHING = (
    "delta -> 0: the minimum over delta >= 0 is that of y = mu replicas, which have "
    "no centre"
)
MERGING = "q0 -> q1: the instability of the symmetric centre is too near"
SMALL = "mu exceeds 1e10: the normalised entropy is above -1e-11"
NOT_FOUND = "the 1-RSB saddle was not found"
ABOVE = "the 1-RSB saddle found has more entropy than the symmetric centre"


@dataclass(frozen=True)
class Place:
    """Unknowns x = log (q0/dq, mu, delta/eps) at a distance, and dq_hat there.

    For the distance to the centre log eps is the fourth, and p_hat the hat.
    """

    distance: float
    x: np.ndarray
    hat: float

    def moved(self, distance, before):
        """Extrapolated in log distance; without a Place before this one as it is."""
        if before is None:
            return Place(distance, self.x, self.hat)
        t = math.log(distance / self.distance)
        t /= math.log(self.distance / before.distance)
        x = np.clip(self.x + t * (self.x - before.x), self.x - FAR, self.x + FAR)
        return Place(distance, x, self.hat + t * (self.hat - before.hat))


def between_replicas(channel, alpha, distance, *, start=None):
    """Point at mutual distance d = (1 - q1)/2.

    start : a neighbouring point; without it the search starts from the symmetric
    centre, which is returned (with order["k"] = 0) where it is stable.
    """
    symmetric = binary_large_y.between_replicas(channel, alpha, distance)
    if symmetric["success"] and symmetric["stability"] < 1:
        return symmetric_point(symmetric)
    if symmetric["message"] == binary_large_y.TYPICAL:
        return failure(symmetric["message"])
    return _below(symmetric, Search(channel, alpha), distance, start)


def around_centre(channel, alpha, distance, *, start=None):
    """Point at distance d = (1 - p)/2 from a free binary reference.

    start : a neighbouring point. Beyond the typical distance the entropy is that of
    all solutions, with order["k"] = 0.
    """
    symmetric = binary_large_y.around_centre(channel, alpha, distance)
    if symmetric["success"] and symmetric["order"]["delta"] == 0:
        return symmetric_point(symmetric)
    return _below(symmetric, Search(channel, alpha, centre=True), distance, start)


def _below(symmetric, search, distance, start):
    """The broken point below the symmetric one, from a neighbour's or a cold start."""
    state = None
    if start and start["success"] and start["order"]["k"]:
        state = search.reached(distance, _place(start["order"], search.centre))
    if not isinstance(state, State) and state not in (MERGING, VANISHING):
        state = (search.around if search.centre else search.cold)(distance, symmetric)
    if not isinstance(state, State):
        return failure(state)
    point = describe(search.channel, state)
    if point["normalised"] > symmetric["normalised"] + point["error"]:
        return failure(ABOVE)
    return point


def _place(order, centre):
    q0, eps = order["q0"], order["eps"]
    x = [q0 / (order["q1"] - q0), order["mu"], order["delta"] / eps]
    if centre:
        return Place(0.5 * (1 - order["p"]), np.log([*x, eps]), order["p_hat"])
    return Place(0.5 * eps, np.log(x), order["dq_hat"])


@dataclass(frozen=True)
class Search:
    """Saddles at one load."""

    channel: object
    alpha: float
    centre: bool = False

    def state(self, place, x, sums):
        a, b, c, *log_eps = np.clip(x, LOW[: len(x)], HIGH[: len(x)]).tolist()
        eps = math.exp(log_eps[0]) if self.centre else 2 * place.distance
        gap = 2 * place.distance if self.centre else mean_gap(eps)
        q0 = (1 - eps) / (1 + math.exp(-a))
        levels = Levels(eps, np.array([q0]), np.exp([b]), eps * math.exp(c))
        return State.at(
            sums, self.channel, self.alpha, gap, self.centre, levels, place.hat
        )

    def root(self, place, tol, sums, free=None):
        """x where the residuals that belong to its `free` entries vanish, and those."""
        free, x = list(free or range(len(place.x))), place.x.copy()

        def residuals(part):
            if not np.isfinite(part).all():
                return np.full(len(free), math.nan)
            x[free] = part
            with np.errstate(invalid="ignore", divide="ignore"):
                return self.state(place, x, sums).residuals[free]

        options = {"xtol": tol, "maxfev": 15 * len(free)}
        found = root(residuals, x[free], options=options)
        x[free] = found.x
        return x, float(np.abs(found.fun).max())

    def solved(self, place, tol):
        """The saddle near a Place: State and Place; or why there is none, and None."""
        sums = SUMS if tol < ROUGH else COARSE
        x, residual = self.root(place, tol, sums)
        if not residual < max(ACCEPTED, 10 * tol):
            return NOT_FOUND, None
        state = self.state(place, x, sums)
        if x[0] > MERGED:
            return MERGING, None
        if x[2] < SMALLEST:
            return VANISHING, None
        if tol < ROUGH and not state.hat > 0:
            return binary_large_y.PLATEAU if self.centre else NOT_FOUND, None
        return state, Place(place.distance, x, state.hat)

    def reached(self, distance, place):
        """State at `distance`, followed from a Place; or why it was lost."""
        before, step, sign = None, STEP, math.copysign(1, distance - place.distance)
        while True:
            to = place.distance * step**sign
            last = sign * (to - distance) >= -1e-4 * distance
            near = place.moved(distance if last else to, before)
            if near.x[1] > LARGEST:
                return SMALL
            if near.x[0] > MERGED:
                return MERGING
            state, there = self.solved(near, 1e-12 if last else ROUGH)
            if there is None:
                step = math.sqrt(step)
                if step < SHORTEST or place.distance == distance:
                    return VANISHING if self.vanishes(near) else state
                if last and state == binary_large_y.PLATEAU:
                    return state
            elif last:
                return state
            else:
                before, place, step = place, there, min(STEP, step**1.5)

    def vanishes(self, place):
        """Whether the entropy between replicas falls with delta down to 0."""
        if self.centre:
            return False
        x = np.append(place.x[:2], LOW[2])
        place = Place(place.distance, x, place.hat)
        x, residual = self.root(place, ROUGH, SUMS, (0, 1))
        return residual < 10 * ROUGH and self.state(place, x, SUMS).residuals[2] < 0

    def cold(self, distance, symmetric):
        """State at `distance`, from a distance where the symmetric centre is near."""
        at, point = distance, symmetric
        farther = not point["order"]["dq_hat"] < EASY[1]
        while True:
            hat = point["order"]["dq_hat"]
            if (hat < EASY[0] if farther else hat > EASY[1]) or at < 1e-4:
                break
            if point["success"] and EASY[0] <= hat <= EASY[1]:
                place = self.first(at, point)
                if place is not None:
                    return self.reached(distance, place)
            at *= 1.07 if farther else 0.93
            if at >= 0.5:
                break
            point = binary_large_y.between_replicas(
                self.channel, self.alpha, at, start=point
            )
        return NOT_FOUND

    def first(self, distance, symmetric):
        """Place of a saddle below the symmetric one; None if there is none."""
        order = symmetric["order"]
        for share, delta in STARTS:
            mu = order["delta"] / ((1 - share) * order["q1"])
            x = np.log([share / (1 - share), mu, delta])
            state, place = self.solved(Place(distance, x, order["dq_hat"]), ROUGH)
            if place and state.normalised[0] < symmetric["normalised"]:
                return place
        return None

    def around(self, distance, symmetric):
        """State at a `distance` to the centre, from another one and from replicas."""
        at, state = distance, NOT_FOUND
        for _ in range(10):
            if symmetric["success"] and symmetric["order"]["delta"] > 0:
                state, place = self.from_replicas(at, symmetric["order"])
                if place is not None:
                    return state if at == distance else self.reached(distance, place)
            # replicas so near have no centre, those farther a symmetric one
            at *= 1.5 if state == VANISHING else 0.8
            if at > 0.5:
                break
            symmetric = binary_large_y.around_centre(self.channel, self.alpha, at)
        return state

    def from_replicas(self, distance, order):
        """The saddle around a centre from that of replicas with the same overlap."""
        replicas, at = Search(self.channel, self.alpha), 0.5 * order["eps"]
        symmetric = binary_large_y.between_replicas(self.channel, self.alpha, at)
        if symmetric["success"] and symmetric["order"]["dq_hat"] < NEARLY:
            return NOT_FOUND, None
        state = replicas.cold(at, symmetric)
        if not isinstance(state, State):
            return state, None
        l = state.levels
        x = np.log([l.q[0] / state.dq, l.mu[0], l.delta / l.eps, l.eps])
        return self.solved(Place(distance, x, order["p_hat"]), 1e-12)
