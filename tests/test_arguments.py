"""Bad arguments: every function refuses them by its own name, before it computes."""

import numpy as np
import pytest

import learners
import msgpass as mp
import replicas as rp

GIVEN = mp.Instance.random(21, 0.5, 3, rng=1)
ONE = mp.Instance.random(21, 0.5, rng=1)
ONES = np.ones((3, 7))
BINARY = rp.Model(rp.Binary(), rp.Perceptron())
SHORT = mp.Scoping(gamma=[0.5, 1.0], y=3)


@pytest.mark.parametrize("instance", [None, "a", 1.0, np.ones((3, 7))])
@pytest.mark.parametrize(
    ("function", "rest"),
    [
        (mp.amp, ()),
        (mp.bp, ()),
        (mp.focusing_bp, ()),
        (learners.lal, ()),
        (learners.ce_sgd, ()),
        (learners.metropolis, (ONES,)),
        (learners.local_energy, (ONES, 0.1)),
        (learners.sampled_local_entropy, (ONES, 0.1)),
        (learners.images.randomised, ()),
    ],
)
def test_what_is_not_an_instance_is_refused(function, rest, instance):
    rule = f"{function.__name__}: instance must be an Instance"
    with pytest.raises(TypeError, match=rule):
        function(instance, *rest)


CALLS = {
    "amp: field": lambda: mp.amp(GIVEN, field=np.ones(5)),
    "amp: tol": lambda: mp.amp(GIVEN, tol=[1e-9, 1e-9]),
    "amp: callback": lambda: mp.amp(GIVEN, callback=3),
    "amp: rng": lambda: mp.amp(GIVEN, rng="seed"),
    "amp: progress": lambda: mp.amp(GIVEN, progress=1),
    "bp: callback": lambda: mp.bp(GIVEN, callback=3),
    "bp: gamma": lambda: mp.bp(GIVEN, gamma=[1.0]),
    "bp: y": lambda: mp.bp(GIVEN, y=None),
    "bp: field": lambda: mp.bp(GIVEN, field="a"),
    "bp: rng": lambda: mp.bp(GIVEN, rng=-1),
    "focusing_bp: protocol must be": lambda: mp.focusing_bp(GIVEN, protocol=3),
    "focusing_bp: protocol must give": lambda: mp.focusing_bp(GIVEN, protocol="ab1"),
    "focusing_bp: y": lambda: mp.focusing_bp(GIVEN, protocol=[(1.0, 0.5)]),
    "focusing_bp: factor": lambda: mp.focusing_bp(GIVEN, protocol=SHORT, factor="x"),
    "focusing_bp: threads": lambda: mp.focusing_bp(GIVEN, threads=0.5),
    "focusing_bp: state": lambda: mp.focusing_bp(GIVEN, state="a"),
    "local_entropy: reference": lambda: mp.local_entropy(GIVEN, "a", distance=0.1),
    "local_entropy: callback": lambda: mp.local_entropy(
        GIVEN, ONES, distance=0.1, callback=3
    ),
    "FreeScoping: pairs": lambda: mp.FreeScoping([(1, "a")]),
    "FreeScoping: pairs must be": lambda: mp.FreeScoping(None),
    "Instance.load: path": lambda: mp.Instance.load(3),
    "Instance.random: rng": lambda: mp.Instance.random(3, 1.0, rng="a"),
    "focusing_bp: entropies": lambda: mp.focusing_bp(GIVEN, entropies=None),
    "lal: shuffle": lambda: learners.lal(GIVEN, shuffle="yes"),
    "lal: callback": lambda: learners.lal(GIVEN, callback=3),
    "perceptron: eta": lambda: learners.perceptron(ONE, eta="a"),
    "elal: progress": lambda: learners.elal(GIVEN, progress=[]),
    "sampled_local_entropy: reference": lambda: learners.sampled_local_entropy(
        GIVEN, 2 * ONES, 0.1
    ),
    "sampled_local_entropy: beta": lambda: learners.sampled_local_entropy(
        GIVEN, ONES, 0.1, beta=None
    ),
    "load_npz: path": lambda: learners.images.load_npz(None),
    "fashion_mnist: folder": lambda: learners.images.fashion_mnist(3),
    "digits: classes": lambda: learners.images.digits(3),
    "Perceptron: V": lambda: rp.Perceptron().log_z(0.0, np.inf),
    "Loss: omega": lambda: rp.Loss("errors", beta=1.0).log_z(np.inf, 1.0),
    "Tree: shapes": lambda: rp.Tree(3).log_z(np.ones(3), np.ones(2)),
    "local_entropy: levels": lambda: rp.local_entropy(BINARY, 0.3, 0.1, levels="a"),
    "local_entropy: tol": lambda: rp.local_entropy(BINARY, 0.3, 0.1, tol=[1.0, 2.0]),
    "capacity_rs: the prior must": lambda: rp.reference.capacity_rs(BINARY),
    "finite_y: the prior must": lambda: rp.reference.finite_y(BINARY, 0.3, {}),
    "rs: order must have q or eps": lambda: rp.reference.rs(BINARY, 0.3, {"x": 1}),
    "rs: order must be": lambda: rp.reference.rs(BINARY, 0.3, None),
    "rs: dps must be": lambda: rp.reference.rs(BINARY, 0.3, {"q": 0.5}, dps=0.5),
    "teacher: q_hat must": lambda: rp.reference.teacher(
        BINARY, 0.3, {"q": 0.5, "q_hat": None}
    ),
    "isolation_distance: alpha": lambda: rp.isolation_distance(BINARY, 10**400),
    "isolation_distance: reference": lambda: rp.isolation_distance(BINARY, 0.3, "a"),
    "lal: weights": lambda: learners.lal(GIVEN, weights="a"),
    "lal: eta": lambda: learners.lal(GIVEN, eta=ONES),
    "ce_sgd: weights": lambda: learners.ce_sgd(GIVEN, weights=0 * ONES),
    "replicated_sgd: coupling": lambda: learners.replicated_sgd(GIVEN, coupling=[1.0]),
    "metropolis: reference": lambda: learners.metropolis(
        GIVEN, ONES, beta=1.0, reference=0 * ONES, field=1.0
    ),
    "metropolis: callback": lambda: learners.metropolis(
        GIVEN, ONES, beta=1.0, callback=3
    ),
    "sampled_local_entropy: progress": lambda: learners.sampled_local_entropy(
        GIVEN, ONES, 0.1, beta=1.0, progress=1
    ),
    "metropolis: start": lambda: learners.metropolis(
        GIVEN, 0 * ONES, beta=1.0, weights="continuous"
    ),
    "hessian_spectrum: weights": lambda: learners.hessian_spectrum(
        GIVEN, np.inf * ONES
    ),
    "pixel_rates: patterns": lambda: learners.pixel_rates([], 0.1),
}


@pytest.mark.parametrize("start", CALLS)
def test_bad_values_are_refused_by_function_and_parameter(start):
    with pytest.raises((TypeError, ValueError), match=start):
        CALLS[start]()


@pytest.mark.parametrize(
    "channel",
    [rp.Loss("errors"), rp.Loss("errors", beta=2.0), rp.Loss("cross-entropy", 2.0)],
)
@pytest.mark.parametrize("prior", [rp.Binary(), rp.Spherical()])
def test_state_evolution_refuses_losses(prior, channel):
    with pytest.raises(ValueError, match="state_evolution: the channel must accept"):
        mp.state_evolution(rp.Model(prior, channel), 0.3)


@pytest.mark.parametrize("channel", [rp.Symmetric(1.0), rp.Tree(2, "parity")])
def test_state_evolution_stays_at_overlap_zero_of_even_channels(channel):
    model = rp.Model(rp.Binary(), channel)
    found, saddle = mp.state_evolution(model, 0.3), rp.rs(model, 0.3)
    assert found.success
    assert found.q[-1] == 0
    assert abs(found.entropy - saddle.entropy) <= found.error + saddle.error


def test_teacher_whose_units_always_tie_is_refused():
    with pytest.raises(ValueError, match="no label to any pattern"):
        for seed in range(8):
            mp.Instance.teacher(1, 2.0, 2, tree=False, rng=seed)
