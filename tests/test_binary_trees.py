"""Local entropy of binary trees: docs/binary_local_entropy.md (BL42)-(BL48)."""

import math

import numpy as np
import pytest

import replicas as rp
from replicas import _large_y, binary_large_y, binary_tree_centre
from replicas.binary_finite_y_search import TREE_RULES, Rules
from replicas.binary_tree_large_y import Replicas
from replicas.quadrature import Rule

COMMITTEE, PAIR, PARITY = rp.Tree(3), rp.Tree(2, "parity"), rp.Tree(3, "parity")


def point(channel, alpha, distance, **options):
    return rp.local_entropy(rp.Model(rp.Binary(), channel), alpha, distance, **options)


@pytest.mark.parametrize("distance", [0.1, 0.01])
def test_entropic_term_at_given_delta_is_that_of_one_unit(distance):
    # (BL42) with the energetic term of the perceptron, at its saddle
    kernel, alpha = rp.Perceptron().kernel, 0.4
    e = binary_large_y.between_replicas(rp.Perceptron(), alpha, distance)
    eps, delta, q_hat = (e["order"][k] for k in ("eps", "delta", "q_hat"))
    prior, ln_c = Replicas(eps), math.log(delta / eps)
    f = _large_y.energetic(kernel, eps, delta, 0.03, 9.0)[1]
    omega, slope = prior.at(ln_c)
    value = omega + alpha * f - 0.5 * q_hat * delta
    assert value == pytest.approx(e["normalised"], abs=1e-14)
    assert slope == pytest.approx(0.5 * q_hat * delta, rel=1e-11)
    assert prior.error(ln_c) < 1e-14


@pytest.mark.parametrize("eps", [0.01, 0.3, 0.999])
@pytest.mark.parametrize("ln_c", [3.0, 40.0, 250.0])
def test_entropic_term_has_its_slope(eps, ln_c):
    left, right = (Replicas(eps).at(ln_c + s)[0] for s in (-1e-3, 1e-3))
    value, slope = Replicas(eps).at(ln_c)
    assert slope == pytest.approx((left - right) / 2e-3, rel=1e-6, abs=1e-12)
    assert value == pytest.approx(slope, rel=0.2 + 100 * math.exp(-ln_c), abs=1e-14)


@pytest.mark.parametrize(
    "channel",
    [PAIR, PARITY, pytest.param(COMMITTEE, marks=pytest.mark.full)],
    ids=str,
)
def test_infinite_y_error_is_honest(channel):
    fine = point(channel, 0.7, 0.05, tol=1e-9)
    assert fine.success and fine.normalised < 0
    for tol in (1e-3, 1e-5):
        e = point(channel, 0.7, 0.05, tol=tol)
        assert abs(e.entropy - fine.entropy) <= e.error + fine.error
        assert e.error < 1.1 * tol * abs(e.normalised)
    q_hat, delta = fine.order["q_hat"], fine.order["delta"]
    # the slope in alpha is the energetic term, stationary in everything else
    near = [point(channel, 0.7 + s, 0.05, tol=1e-9).normalised for s in (-1e-3, 1e-3)]
    omega = Replicas(0.1).at(math.log(delta / 0.1))[0]
    energetic = (fine.normalised - omega) / 0.7
    assert (near[1] - near[0]) / 2e-3 == pytest.approx(energetic, rel=1e-5)
    assert q_hat > 0 and fine.order["dq_hat"] > 1 and fine.stability == math.inf


def test_units_approach_the_wide_committee():
    values = [point(rp.Tree(K), 0.4, 0.1) for K in (3, 5)]
    wide = point(rp.Wide("sign"), 0.4, 0.1).normalised
    gaps = [e.normalised - wide for e in values]
    assert values[1].error < 1e-4
    assert gaps[0] > gaps[1] + values[1].error and gaps[1] > 0


def test_infinite_y_of_extreme_points():
    e = point(PAIR, 0.4, [0.001, 0.02, 0.49])
    assert e.success.all() and np.all(e.normalised <= e.error)
    assert abs(e.normalised[0]) < 1e-14 and e.error[0] < 1e-14
    far = point(COMMITTEE, 0.4, 0.45)
    assert not far.success and "no saddle" in far.message


@pytest.mark.parametrize("channel", [COMMITTEE, PAIR, PARITY], ids=str)
def test_one_replica_is_replica_symmetric(channel):
    symmetric = rp.rs(rp.Model(rp.Binary(), channel), 0.4)
    e = point(channel, 0.4, 0.1, y=1)
    assert e.entropy == pytest.approx(symmetric.entropy, abs=e.error + 1e-14)
    assert e.order["q0"] == pytest.approx(symmetric.order["q"], abs=1e-11)
    assert e.stability == pytest.approx(symmetric.stability, abs=1e-10)


@pytest.mark.parametrize("channel", [PAIR, PARITY], ids=str)
def test_two_replicas_of_a_parity_have_a_closed_form(channel):
    e = point(channel, 0.4, 0.1, y=2)
    assert e.order["q0"] == 0
    both = (1 + (2 / math.pi * math.asin(0.8)) ** channel.K) / 2
    # two weights at overlap q1: 2^N exp(N h(d)) pairs
    pairs = math.log(2) - 0.1 * math.log(0.1) - 0.9 * math.log(0.9)
    assert e.normalised == pytest.approx(
        0.5 * 0.4 * (math.log(both) - math.log(2)), abs=1e-13
    )
    assert e.entropy - e.normalised == pytest.approx(pairs / 2, abs=1e-13)


@pytest.mark.parametrize(
    "channel", [PAIR, pytest.param(COMMITTEE, marks=pytest.mark.full)], ids=str
)
def test_slope_in_y_is_the_local_entropy(channel):
    y = np.array([4.99, 5.0, 5.01])
    e = point(channel, 0.4, 0.1, y=y)
    slope = (y[2] * e.entropy[2] - y[0] * e.entropy[0]) / 0.02
    assert e.order["local_entropy"][1] == pytest.approx(slope, abs=1e-6)
    assert e.entropy[0] > e.entropy[1] > e.entropy[2]


@pytest.mark.full
def test_committee_of_many_replicas_approaches_infinitely_many():
    limit = point(COMMITTEE, 0.4, 0.1)
    e = point(COMMITTEE, 0.4, 0.1, y=np.array([10.0, 20.0]))
    gap = (limit.entropy - e.order["local_entropy"]) * np.array([1, 2])
    # S_loc approaches V like 1/y
    assert gap[1] == pytest.approx(gap[0], rel=0.05)


def test_pair_of_units_of_many_replicas_approaches_infinitely_many():
    limit = point(PAIR, 0.7, 0.2)
    y = np.array([8.0, 16.0, 32.0])
    e = point(PAIR, 0.7, 0.2, y=y)
    gap = limit.entropy - e.entropy
    assert np.all(np.diff(gap) < 0)
    # 1/y, with corrections
    assert 0 < gap[2] < 6e-3
    assert np.all(np.diff(gap * y) > 0) and gap[2] * y[2] < 1.7 * gap[0] * y[0]
    spread = y * (e.order["q1"] - e.order["q0"]) - limit.order["delta"]
    assert abs(spread[2]) < 0.7 * abs(spread[1]) < 0.5 * abs(spread[0])
    assert e.order["q0_hat"][2] == pytest.approx(limit.order["q_hat"], rel=0.2)


@pytest.mark.full
def test_finite_y_error_is_honest(monkeypatch):
    exact = point(COMMITTEE, 0.7, 0.05, y=2)
    coarse = Rules(Rule(0.25, 6.5), (Rule(0.4, 6.0), Rule(0.33, 6.4)), 1e-10, 1e-3)
    monkeypatch.setitem(TREE_RULES, 3, coarse)
    e = point(COMMITTEE, 0.7, 0.05, y=2)
    assert e.error > 10 * exact.error
    assert abs(e.entropy - exact.entropy) <= e.error


@pytest.mark.parametrize(
    ("channel", "distance", "tol"),
    [
        (PAIR, 0.1, 1e-8),
        (PARITY, 0.05, 1e-8),
        pytest.param(COMMITTEE, 0.1, 1e-6, marks=pytest.mark.full),
    ],
)
def test_slope_of_the_centre_curve_is_twice_p_hat(channel, distance, tol):
    h = 0.002
    d = distance + h * np.array([-2, -1, 0, 1, 2])
    e = point(channel, 0.5, d, between="centre", tol=tol)
    assert e.success.all() and np.all(e.order["p_hat"] > 0)
    slope = e.entropy @ [1, -8, 0, 8, -1] / (12 * h)
    assert slope == pytest.approx(2 * e.order["p_hat"][2], abs=2e-5)
    # no reference has more solutions nearby than there are
    assert np.all(e.entropy < rp.rs(rp.Model(rp.Binary(), channel), 0.5).entropy)


@pytest.mark.parametrize(
    "channel", [PAIR, pytest.param(PARITY, marks=pytest.mark.full)], ids=str
)
def test_centre_error_is_honest(channel):
    fine = point(channel, 0.7, 0.02, between="centre", tol=1e-9)
    for tol in (1e-3, 1e-5):
        e = point(channel, 0.7, 0.02, between="centre", tol=tol)
        assert abs(e.entropy - fine.entropy) <= e.error + fine.error
    alone = point(channel, 0.7, [0.025, 0.02], between="centre", tol=1e-9)
    assert abs(alone.entropy[1] - fine.entropy) <= fine.error + alone.error[1]


def test_sampled_centre_agrees_with_the_plane():
    exact = point(COMMITTEE, 0.4, 0.1, between="centre", tol=1e-5)
    sampled = binary_tree_centre._SampledSaddle(COMMITTEE, 0.4, 0.2, 1e-5)
    e = sampled.solve(exact.order)
    assert e["success"] and 1e-7 < e["error"] < 3e-4
    assert abs(e["entropy"] - exact.entropy) < e["error"] + exact.error
    assert e["order"]["p_hat"] == pytest.approx(exact.order["p_hat"], rel=1e-2)


def test_centre_of_trees_ends_at_typical_solutions():
    e = point(COMMITTEE, 0.4, 0.4, between="centre")
    symmetric = rp.rs(rp.Model(rp.Binary(), COMMITTEE), 0.4)
    assert e.entropy == symmetric.entropy and e.order["delta"] == 0


def test_one_replica_of_a_committee_sees_typical_solutions():
    # Phi = S_RS + h(d) at y = 1
    e = point(COMMITTEE, 0.4, 0.1, y=1, between="centre")
    symmetric = rp.rs(rp.Model(rp.Binary(), COMMITTEE), 0.4)
    h = -0.1 * math.log(0.1) - 0.9 * math.log(0.9)
    assert e.entropy == pytest.approx(symmetric.entropy + h, abs=e.error + 1e-12)
    assert e.order["p_hat"] == pytest.approx(0.5 * math.log(9), abs=1e-8)


def test_many_replicas_around_a_centre_approach_infinitely_many():
    limit = point(COMMITTEE, 0.4, 0.1, between="centre", tol=1e-6)
    e = point(COMMITTEE, 0.4, 0.1, y=np.array([2.0, 3.0, 6.0]), between="centre")
    assert np.all(np.diff(e.entropy) < 0)
    assert np.all(np.diff(e.order["local_entropy"]) > 0)
    # bounds by convexity in y
    assert e.order["local_entropy"][2] < limit.entropy < e.entropy[2]
    slope = np.diff(y_phi := e.entropy * [2, 3, 6])
    assert e.order["local_entropy"][0] < slope[0] < e.order["local_entropy"][1]
    assert y_phi[2] == pytest.approx(
        e.order["external_entropy"][2] + 6 * e.order["local_entropy"][2], abs=1e-12
    )


def test_frozen_references_take_over_and_are_not_taken_for_granted():
    e = point(COMMITTEE, 0.7, 0.05, y=2, between="centre")
    assert e.success and "frozen" in e.message
    e = point(COMMITTEE, 0.7, 0.05, y=300, between="centre")
    assert not e.success and "too fine a grid" in e.message


def test_what_the_sums_cannot_resolve_is_refused():
    e = point(COMMITTEE, 0.4, 0.1, y=100)
    assert not e.success and "too fine a grid" in e.message
    assert math.isnan(e.entropy) and math.isnan(e.order["q0"])


@pytest.mark.parametrize(
    ("channel", "options", "text"),
    [
        (rp.Tree(5), {"y": 3}, "K at most 3, given 5"),
        (rp.Tree(11), {}, r"K must be in \[2, 9\], given 11"),
        (COMMITTEE, {"between": "solution"}, "channel must have one field"),
        (PAIR, {"between": "centre", "y": 3}, "must be a majority around a centre"),
        (COMMITTEE, {"between": "friends"}, "between must be one of"),
        (COMMITTEE, {"centre": "1rsb"}, "centre must be rs"),
        (COMMITTEE, {"tol": 0.0}, "tol must be finite and > 0"),
    ],
)
def test_local_entropy_of_binary_trees_refuses(channel, options, text):
    with pytest.raises(ValueError, match=text):
        point(channel, 0.5, 0.1, **options)
