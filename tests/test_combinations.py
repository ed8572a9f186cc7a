"""Priors, channels and functions together: what cannot be computed says so."""

import pickle
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

import learners
import msgpass as mp
import replicas as rp


def model(channel, prior=None):
    return rp.Model(prior or rp.Spherical(), channel)


BINARY = model(rp.Perceptron(), rp.Binary())
QUADRATIC = model(rp.Wide("quadratic"))
EVEN = model(rp.Wide("quadratic"), rp.Binary())
WIDE = model(rp.Wide(), rp.Binary())
TANH = model(rp.Wide("tanh"))

BEYOND = {
    "rs at capacity": (lambda: rp.rs(QUADRATIC, 4.0), "near or above"),
    "references at capacity": (
        lambda: rp.franz_parisi(QUADRATIC, 4.0, 1e-4),
        "reference: no unique saddle",
    ),
    "clusters at capacity": (
        lambda: rp.equilibrium(QUADRATIC, 4.0, ansatz="1rsb"),
        "near or above",
    ),
    "replicas without polarisation": (
        lambda: rp.local_entropy(EVEN, 0.3, 0.1, y=2),
        "no saddle with 0 < q0 < q1",
    ),
    "replicas above capacity": (
        lambda: rp.local_entropy(BINARY, 1.5, 1e-4),
        "no saddle with delta > 0",
    ),
    "hardly any patterns": (
        lambda: rp.local_entropy(BINARY, 1e-4, 0.3),
        "delta leaves double range",
    ),
    "reference that is a solution": (
        lambda: rp.local_entropy(BINARY, 0.8, 1e-4, y=1, between="solution"),
        "no saddle around a solution",
    ),
    "many replicas around a solution": (
        lambda: rp.local_entropy(BINARY, 0.8, 1e-4, y=30, between="solution"),
        "no saddle around a solution",
    ),
    "centre far above capacity": (
        lambda: rp.local_entropy(WIDE, 50.0, 1e-4, between="centre"),
        "the saddle was not found",
    ),
    "broken centre of a tiny entropy": (
        lambda: rp.local_entropy(TANH, 0.8, 1e-4, centre="1rsb"),
        "leave double range",
    ),
    "broken centre of binary weights above capacity": (
        lambda: rp.local_entropy(BINARY, 4.0, 1e-4, centre="1rsb"),
        "the 1-RSB saddle was not found",
    ),
    "AMP above capacity": (
        lambda: mp.state_evolution(model(rp.Perceptron(5.0)), 4.0),
        "the overlap reaches 1",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_points_out_of_reach_fail_and_say_why(name):
    call, reason = BEYOND[name]
    found = call()
    assert not found.success
    assert reason in found.message
    assert np.isnan(found.entropy)


def same(a, b):
    if is_dataclass(a):
        names = (f.name for f in fields(a) if f.compare)
        return all(same(getattr(a, n), getattr(b, n)) for n in names)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, str) or a is None:
        return a == b
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


GIVEN = mp.Instance.random(21, 0.3, rng=1)
ONES = np.ones((1, 21))
RESULTS = {
    "channels": lambda: [
        rp.Perceptron(0.5), rp.Tree(3), rp.Tree(2, "parity"), rp.Wide(),
        rp.Wide("relu", 0.3), rp.Wide(np.tanh), rp.Wide(rp.Kernel(np.sinh)),
        rp.Symmetric(1.0), rp.Loss("errors"), rp.Loss("cross-entropy", 2.0, beta=3.0),
    ],
    "models": lambda: [BINARY, QUADRATIC],
    "instance": lambda: [GIVEN],
    "protocols": lambda: [
        mp.Scoping(), mp.PseudoReinforcement(), mp.StandardReinforcement(),
        mp.FreeScoping([(1.0, 2.0)]),
    ],
    "saddle": lambda: [rp.rs(BINARY, [0.3, 0.4])],
    "curve": lambda: [rp.local_entropy(QUADRATIC, 0.5, [0.1, 0.2])],
    "estimate": lambda: [rp.capacity(BINARY), rp.flip_error(BINARY, 0.3, 0.9)],
    "evolution": lambda: [mp.state_evolution(BINARY, 0.3)],
    "amp": lambda: [mp.amp(GIVEN)],
    "bp": lambda: [mp.bp(GIVEN, "binary")],
    "focusing_bp": lambda: [mp.focusing_bp(GIVEN, "binary", rng=0)],
    "learners": lambda: [
        learners.lal(GIVEN, rng=0, epochs=5), learners.Schedule(1.0, 1.0, 1.1),
        learners.metropolis(GIVEN, ONES, beta=1.0, sweeps=2, rng=0),
        learners.hessian_spectrum(GIVEN, ONES),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", RESULTS)
def test_pickling_keeps_models_and_results(kind):
    for made in RESULTS[kind]():
        assert same(made, pickle.loads(pickle.dumps(made)))
