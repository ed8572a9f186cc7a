"""State evolution: fixed points are replica symmetric saddles; AMP follows it."""

import numpy as np
import pytest

import msgpass as mp
import replicas as rp
from msgpass.amp import Amp

MODELS = [
    (rp.Perceptron(), 1.0),
    (rp.Perceptron(), 1.7),
    (rp.Perceptron(0.5), 0.5),
    (rp.Perceptron(-1.0), 2.0),
    (rp.Wide(), 1.5),
    (rp.Tree(3), 1.0),
    (rp.Tree(5), 0.7),
    (rp.Tree(2, "parity"), 0.4),
]


@pytest.mark.parametrize(("channel", "alpha"), MODELS)
def test_state_evolution_ends_at_the_saddle(channel, alpha):
    model = rp.Model(rp.Spherical(), channel)
    e, s = mp.state_evolution(model, alpha), rp.rs(model, alpha)
    assert e.success and e.message == "" and e.residual <= 1e-12
    assert e.q[0] == 0 and len(e.q) == len(e.eps) == len(e.q_hat)
    np.testing.assert_allclose(e.q + e.eps, 1, atol=1e-15)
    assert e.q[-1] == pytest.approx(s.order["q"], abs=1e-10)
    assert abs(e.entropy - s.entropy) <= e.error + s.error
    assert e.error < 1e-11


# reference values, replica symmetric saddles of the binary perceptron
@pytest.mark.parametrize(
    ("M", "q", "entropy"),
    [
        (800, 0.2557116370282352, 0.3966151667736949),
        (1000, 0.3222167138293933, 0.31460036660613966),
        (1201, 0.3911893427172398, 0.22760654770066613),
    ],
)
def test_state_evolution_of_spins_ends_at_the_saddle(M, q, entropy):
    e = mp.state_evolution(rp.Model(rp.Binary(), rp.Perceptron()), M / 2001)
    assert e.success
    assert e.q[-1] == pytest.approx(q, abs=1e-10)
    assert e.entropy == pytest.approx(entropy, abs=1e-11)


def test_state_evolution_of_spins_has_no_entropy_left_at_capacity():
    # reference value, loads at which the replica symmetric entropy vanishes
    for channel, alpha in (
        (rp.Perceptron(), 0.83307859973958),
        (rp.Tree(3), 0.92061940104482),
    ):
        e = mp.state_evolution(rp.Model(rp.Binary(), channel), alpha)
        assert e.entropy == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("weights", ["continuous", "binary"])
@pytest.mark.parametrize("K", [1, 3])
def test_amp_follows_state_evolution(weights, K):
    N, alpha, steps = 3003, 0.5, 6
    prior = rp.Binary() if weights == "binary" else rp.Spherical()
    channel = rp.Tree(K) if K > 1 else rp.Perceptron()
    e = mp.state_evolution(rp.Model(prior, channel), round(alpha * N) / N)
    seen = []
    for seed in range(4):
        engine = Amp(mp.Instance.random(N, alpha, K, rng=seed), weights)
        state = engine.start()
        q = []
        for _ in range(steps):
            engine.step(state, damping=0.0)
            q.append(np.mean(state.mean**2))
        seen.append(q)
    spread = np.std(seen, axis=0, ddof=1) / 2
    # terms of order 1/n besides
    np.testing.assert_allclose(
        np.mean(seen, axis=0), e.q[1 : steps + 1], atol=4 * spread.max() + 3 * K / N
    )


@pytest.mark.full
def test_state_evolution_of_nine_units_ends_at_the_saddle():
    model = rp.Model(rp.Spherical(), rp.Tree(9))
    e, s = mp.state_evolution(model, 1.0), rp.rs(model, 1.0)
    assert e.success and abs(e.entropy - s.entropy) <= e.error + s.error
    assert e.q[-1] == pytest.approx(s.order["q"], abs=1e-9)


def test_state_evolution_reports_loads_without_solutions():
    model = rp.Model(rp.Spherical(), rp.Perceptron())
    e = mp.state_evolution(model, 3.0, max_steps=60)
    assert not e.success and "no fixed point in 60 steps" in e.message
    assert np.isnan(e.entropy) and np.isnan(e.error)


def test_state_evolution_says_where_the_sums_of_trees_end():
    e = mp.state_evolution(rp.Model(rp.Binary(), rp.Tree(3)), 3.0)
    assert not e.success and "sums of trees do not reach beyond q = 0.99" in e.message
    assert np.isnan(e.entropy) and np.isfinite(e.q).all() and np.isfinite(e.q_hat).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, 1.0), TypeError, "model must be a Model"),
        ((rp.Model(rp.Spherical(), rp.Perceptron()), 0), ValueError, "alpha must be"),
        (
            (rp.Model(rp.Spherical(), rp.Tree(11)), 1.0),
            ValueError,
            "K must be at most 9",
        ),
    ],
)
def test_state_evolution_refuses_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        mp.state_evolution(*arguments)
