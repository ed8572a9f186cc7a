"""Focusing: protocols, solved instances, blow-ups, observables, refusals."""

import numpy as np
import pytest

import msgpass as mp
from msgpass.pseudo import pseudo_field

QUICK = mp.PseudoReinforcement(np.arange(1, 250) / 250)


def test_protocols_are_iterables_of_gamma_and_y():
    assert list(mp.Scoping([0.0, 0.5, 1.0], y=5)) == [
        (0.0, 5.0),
        (0.5, 5.0),
        (1.0, 5.0),
    ]
    pairs = list(mp.PseudoReinforcement([0.25, 0.81]))
    np.testing.assert_allclose(pairs[0], (np.arctanh(0.5), 1.75 / 0.75))
    np.testing.assert_allclose(pairs[1], (np.arctanh(0.9), 1.19 / 0.19))
    assert next(iter(mp.StandardReinforcement([0.5]))) == (np.inf, 2.0)
    assert list(mp.FreeScoping([(1, 2), (np.inf, 3)])) == [(1.0, 2.0), (np.inf, 3.0)]
    for protocol in (
        mp.Scoping(),
        mp.PseudoReinforcement(),
        mp.StandardReinforcement(),
    ):
        pairs = np.array(list(protocol))
        assert len(pairs) == len(protocol) and (pairs[:, 1] >= 1).all()
        assert not np.isnan(pairs).any()
    # x = 0 is standard reinforcement
    rho = np.linspace(0.1, 0.9, 5)
    free = list(mp.PseudoReinforcement(rho, x=0.0))
    standard = list(mp.StandardReinforcement(rho))
    np.testing.assert_allclose([y for _, y in free], [y for _, y in standard])
    assert all(gamma == np.inf for gamma, _ in free)


def test_infinite_coupling_is_standard_reinforcement():
    H = np.array([-2.0, 0.3, 40.0])
    rho = 0.7
    ((gamma, y),) = mp.StandardReinforcement(rho)
    np.testing.assert_allclose(pseudo_field(H, gamma, y), rho / (1 - rho) * H)


def test_protocols_refuse_what_they_cannot_mean():
    for make, match in [
        (lambda: mp.Scoping([-0.1]), "Scoping: gamma must be in"),
        (lambda: mp.Scoping([np.nan]), "Scoping: gamma must not be nan"),
        (lambda: mp.Scoping([1.0], y=0), "Scoping: y must be finite and >= 1"),
        (lambda: mp.PseudoReinforcement([1.0]), "rho must be in"),
        (lambda: mp.PseudoReinforcement(x=0.7), "x must be in"),
        (lambda: mp.StandardReinforcement([-0.1]), "rho must be in"),
        (lambda: mp.FreeScoping([(1, 0.5)]), "y must be finite"),
        (lambda: mp.FreeScoping([(1, 2, 3)]), "pairs must be"),
    ]:
        with pytest.raises(ValueError, match=match):
            make()


@pytest.mark.parametrize("seed", range(3))
def test_focusing_solves_perceptrons(seed):
    instance = mp.Instance.random(501, 0.6, rng=seed)
    r = mp.focusing_bp(instance, "binary", protocol=QUICK)
    assert r.solved and r.errors == 0 and r.message == "solved"
    assert (np.abs(r.weights) == 1).all() and r.weights.shape == (1, 501)
    assert instance.errors(r.weights) == 0
    assert r.history["errors"][-1] == 0 and (r.history["errors"][:-1] > 0).all()
    assert (np.diff(r.history["sweeps"]) >= 5).all()
    # along the way the replicas close in on their centre
    overlap = r.history["centre_overlap"]
    assert (np.diff(overlap)[5:] > -0.02).all() and 0.7 < overlap[-1] < 1
    assert r.history["q_centre"][-1] > r.history["q"][-1]


def test_focusing_solves_committees():
    protocol = mp.Scoping(np.linspace(0, 2.5, 101)[1:])
    connected = mp.Instance.random(201, 0.2, 5, tree=False, rng=1)
    tree = mp.Instance.random(505, 0.4, 5, rng=1)
    parity = mp.Instance.random(303, 0.3, 3, rule="parity", rng=1)
    for instance in (connected, tree, parity):
        r = mp.focusing_bp(instance, "binary", protocol=protocol)
        assert instance.errors(r.weights) == r.errors
        assert r.solved or instance is parity


@pytest.mark.parametrize("weights", ["binary", "continuous"])
@pytest.mark.parametrize(("method", "damping"), [("bp", 0.5), ("amp", None)])
def test_focusing_takes_real_patterns(weights, method, damping):
    patterns = np.random.default_rng(0).standard_normal((100, 201))
    instance = mp.Instance(patterns, np.ones(100))
    protocol = mp.Scoping(np.linspace(0.05, 3, 40))
    r = mp.focusing_bp(
        instance, weights, method=method, protocol=protocol, sweeps=3, damping=damping
    )
    assert r.solved and instance.errors(r.weights) == 0


def test_focusing_of_continuous_weights_goes_on_to_wider_minima():
    instance = mp.Instance.random(297, 0.8, 3, rng=2)
    protocol = mp.Scoping(np.geomspace(0.1, 60, 40))
    r = mp.focusing_bp(instance, protocol=protocol)
    assert r.solved and r.message == "end of the protocol"
    np.testing.assert_allclose(np.mean(r.weights**2, axis=1), 1, rtol=1e-12)
    first = mp.focusing_bp(instance, protocol=protocol, until="solved")
    assert first.solved and first.sweeps < r.sweeps
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((40, *r.weights.shape))
    # errors after the same perturbation, distance 0.05 or so
    wide, narrow = (
        np.mean([instance.errors(w + 0.45 * x) for x in noise])
        for w in (r.weights, first.weights)
    )
    assert wide < narrow


@pytest.mark.parametrize("method", ["amp", "bp"])
@pytest.mark.parametrize("weights", ["binary", "continuous"])
def test_focusing_backs_off_when_the_messages_blow_up(method, weights):
    instance = mp.Instance.random(201, 0.3, 3, tree=False, rng=5)
    protocol = mp.Scoping(np.linspace(0, 3, 31)[1:])
    r = mp.focusing_bp(
        instance, weights, method=method, protocol=protocol, damping=0.0, sweeps=4
    )
    assert r.solved
    assert np.isfinite(r.history["residual"]).all()
    if method == "amp":
        assert r.history["damping"][-1] > 0


def test_focusing_that_cannot_go_on_returns_what_there_is(monkeypatch):
    instance = mp.Instance.random(101, 0.3, rng=5)
    step = mp.amp.__globals__["Amp"].step

    def broken(self, state, *, damping, gamma, y):
        residual = step(self, state, damping=damping, gamma=gamma, y=y)
        return float("nan") if gamma > 0.5 else residual

    monkeypatch.setattr(mp.amp.__globals__["Amp"], "step", broken)
    r = mp.focusing_bp(instance, "binary", protocol=QUICK, until="end")
    assert "blow up" in r.message and len(r.history["gamma"]) > 10
    assert np.isfinite(r.weights).all() and instance.errors(r.weights) == r.errors
    assert np.isfinite(r.state.B).all()


@pytest.mark.parametrize(
    ("weights", "K", "tree"), [("binary", 1, True), ("continuous", 3, True)]
)
def test_entropies_along_the_way_are_those_of_bp(weights, K, tree):
    instance = mp.Instance.random(501, 0.4, K, tree=tree, rng=3)
    protocol = mp.Scoping(np.full(20, 0.5), y=5)
    options = {"protocol": protocol, "entropies": True, "until": "end", "sweeps": 20}
    # the norm of every unit, as in focusing
    b = mp.bp(instance, weights, gamma=0.5, y=5, tol=1e-8, norm="unit")
    for method, tolerance in (("amp", 5e-4), ("bp", 1e-6)):
        r = mp.focusing_bp(instance, weights, method=method, **options)
        last = {name: values[-1] for name, values in r.history.items()}
        assert last["residual"] < 1e-5
        assert last["free_entropy"] == pytest.approx(b.entropy, abs=tolerance)
        assert last["local_entropy"] == pytest.approx(b.local_entropy, abs=tolerance)
        assert last["centre_overlap"] == pytest.approx(b.centre_overlap, abs=1e-3)
        assert last["q_centre"] == pytest.approx(b.q_centre, abs=2e-3)


@pytest.mark.parametrize("method", ["amp", "bp"])
def test_entropies_are_nan_where_nothing_fits(method):
    instance = mp.Instance.random(101, 1.3, rng=1)
    ramp = mp.Scoping(np.linspace(0.05, 2.5, 60))
    options = {"method": method, "protocol": ramp, "until": "end", "entropies": True}
    history = mp.focusing_bp(instance, "binary", **options).history
    entropy = history["local_entropy"]
    assert np.isfinite(entropy[0]) and np.isnan(entropy[-1])
    assert np.nanmin(entropy) > -10


def test_focusing_repeats_and_goes_on_and_stops():
    instance = mp.Instance.random(301, 0.5, rng=7)
    pairs = list(QUICK)
    r = mp.focusing_bp(instance, "binary", protocol=pairs, until="end")
    again = mp.focusing_bp(instance, "binary", protocol=iter(pairs), until="end")
    np.testing.assert_array_equal(r.weights, again.weights)
    np.testing.assert_array_equal(r.history["residual"], again.history["residual"])
    half = mp.focusing_bp(instance, "binary", protocol=pairs[:100], until="end")
    rest = mp.focusing_bp(
        instance, "binary", protocol=pairs[100:], until="end", state=half.state
    )
    np.testing.assert_allclose(rest.history["q"][-1], r.history["q"][-1], atol=1e-3)
    seen = []

    def callback(row):
        seen.append(row)
        return len(seen) == 7

    short = mp.focusing_bp(instance, "binary", protocol=pairs, callback=callback)
    assert short.message == "stopped by the callback" and len(seen) == 7
    assert short.weights.shape == (1, 301) and short.errors > 0 and not short.solved
    assert set(seen[0]) == set(short.history)


def test_focusing_shows_progress(capsys):
    instance = mp.Instance.random(101, 0.3, rng=7)
    mp.focusing_bp(instance, "binary", protocol=QUICK, progress=True)
    assert "focusing" in capsys.readouterr().err


def test_focusing_refuses_what_it_cannot_do():
    instance = mp.Instance.random(12, 0.5, 3, rng=0)
    for options, match in [
        ({"weights": "ising"}, "focusing_bp: weights must be one of"),
        ({"method": "gd"}, "focusing_bp: method must be one of"),
        ({"factor": "exact"}, "factor must be gaussian for method amp"),
        ({"damping": 1.0}, "focusing_bp: damping must be in"),
        ({"sweeps": 0}, "focusing_bp: sweeps must be in"),
        ({"until": "dawn"}, "focusing_bp: until must be one of"),
        ({"protocol": []}, "focusing_bp: protocol must"),
        ({"protocol": [(-1, 2)]}, "focusing_bp: gamma must be"),
        ({"protocol": [(1, 0.5)]}, "focusing_bp: y must be"),
        ({"noise": -1.0}, "focusing_bp: noise must be"),
        ({"state": 3}, "state must be"),
    ]:
        with pytest.raises(ValueError, match=match):
            mp.focusing_bp(instance, **options)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
def test_focusing_solves_perceptrons_near_capacity(seed):
    instance = mp.Instance.random(1001, 0.7, rng=seed)
    assert mp.focusing_bp(instance, "binary").solved
