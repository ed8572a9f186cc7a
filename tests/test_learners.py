"""Algorithms of `learners`: reference runs, reproducibility, refusals."""

import numpy as np
import pytest

import learners
from learners import _ce_sgd
from msgpass import Instance

SOLVERS = [
    (learners.lal, {}),
    (learners.elal, {"y": 3}),
    (learners.ce_sgd, {"schedule": "fast"}),
    (learners.replicated_sgd, {"y": 2, "schedule": "fast"}),
    (learners.replicated_sgd, {"y": 3, "weights": "binary"}),
]


def instance(N=105, alpha=0.4, K=3, seed=1, **options):
    return Instance.random(N, alpha, K, rng=seed, **options)


# reference runs: patterns default_rng(seed), weights default_rng(seed + 1), fixed order
@pytest.mark.parametrize(
    ("N", "M", "K", "tree", "seed", "wrong", "epochs", "total", "square"),
    [
        (999, 999, 9, True, 100, 515, 37, 10.359847306954409, 4042.24890453419),
        (99, 99, 9, True, 10, 50, 77, 1.6702897544752722, 99.64087618287171),
        (45, 200, 5, False, 3, 95, 18, 3.5431617753920754, 314.86307281933375),
    ],
)
def test_lal_repeats_reference_runs(N, M, K, tree, seed, wrong, epochs, total, square):
    inst = instance(N, M / (N if tree else K * N), K, seed, tree=tree)
    start = np.random.default_rng(seed + 1).standard_normal((K, inst.n))
    trained = learners.lal(inst, weights=start, shuffle=False)
    assert inst.M == M
    assert trained.history["errors"][0] == wrong
    assert trained.solved and trained.epochs == epochs
    assert trained.weights.sum() == pytest.approx(total, rel=1e-12)
    assert np.sum(trained.weights**2) == pytest.approx(square, rel=1e-12)


@pytest.mark.parametrize(("solve", "options"), SOLVERS)
@pytest.mark.parametrize("tree", [True, False])
def test_solvers_solve_and_repeat(solve, options, tree):
    inst = instance(N=105 if tree else 35, alpha=0.3, tree=tree)
    first = solve(inst, rng=3, **options)
    assert first.solved and first.message == ""
    assert inst.errors(first.weights) == first.errors == 0
    assert first.weights.shape == (3, 35)
    assert first.history["errors"][-1] == 0
    again = solve(inst, rng=3, **options)
    np.testing.assert_array_equal(first.weights, again.weights)
    other = solve(inst, rng=4, **options)
    assert not np.array_equal(first.weights, other.weights)


@pytest.mark.parametrize(("solve", "options"), SOLVERS)
def test_solvers_say_when_epochs_were_not_enough(solve, options):
    inst = instance(alpha=5.0)
    trained = solve(inst, rng=1, epochs=3, **options)
    assert not trained.solved and trained.epochs == 3
    assert trained.errors == inst.errors(trained.weights) > 0
    assert "3 epochs were not enough" in trained.message


def test_lal_of_one_unit_is_the_perceptron_rule():
    inst = instance(K=1, N=51, alpha=0.8)
    weights = np.random.default_rng(0).standard_normal(51)
    start = weights.copy()
    for _ in range(1000):
        wrong = 0
        for xi in inst.patterns:
            if weights @ xi <= 0:
                weights += 0.1 * xi
                wrong += 1
        if not wrong:
            break
    trained = learners.perceptron(inst, weights=start.reshape(1, 51), shuffle=False)
    np.testing.assert_allclose(trained.weights[0], weights, rtol=1e-12)


def test_lal_moves_the_unit_of_least_field_that_is_wrong():
    inst = Instance(np.ones((1, 3), np.int8), [1], 3)
    start = np.array([[-0.5], [-0.2], [2.0]])
    trained = learners.lal(inst, weights=start, eta=0.1, epochs=1)
    np.testing.assert_allclose(trained.weights, [[-0.5], [-0.1], [2.0]])


@pytest.mark.parametrize(("K", "tree"), [(1, True), (3, True), (3, False)])
def test_lal_from_zero_does_not_depend_on_eta(K, tree):
    # even numbers of inputs: fields that are 0 until a step breaks the tie
    for seed in range(10):
        inst = instance(20 * (K if tree else 1), 0.5, K, seed, tree=tree)
        zero = np.zeros((K, 20))
        whole = learners.lal(inst, weights=zero, eta=1.0, rng=0, epochs=50)
        tenths = learners.lal(inst, weights=zero, eta=0.1, rng=0, epochs=50)
        np.testing.assert_array_equal(tenths.history["errors"], whole.history["errors"])
        np.testing.assert_allclose(tenths.weights, 0.1 * whole.weights)
        assert tenths.solved == whole.solved


def test_lal_that_stops_early_does_not_say_that_epochs_were_not_enough():
    # weights +-c whose sums of 0 are left to rounding
    for seed in range(60):
        rng = np.random.default_rng(seed)
        inst = Instance.random(32, 0.5, rng=rng)
        weights = 0.7 * rng.choice([-1.0, 1.0], (1, 32))
        trained = learners.lal(inst, weights=weights, rng=rng, epochs=30)
        assert (trained.message == "") == trained.solved
        assert trained.epochs == 30 or "epochs" not in trained.message


def test_lal_leaves_weights_that_solve_as_they_are():
    inst = instance()
    weights = learners.lal(inst, rng=1).weights
    again = learners.lal(inst, weights=weights, eta=0.3)
    assert again.epochs == 0
    np.testing.assert_array_equal(again.weights, weights)


def test_elal_counts_presentations_through_the_epochs():
    # 4 patterns that nothing fits: the machines meet, lam = 1, after 8 presentations
    xi = np.random.default_rng(1).choice([-1, 1], (2, 21))
    inst = Instance(np.concatenate([xi, xi]), [1, 1, -1, -1], 3)
    trained = learners.elal(inst, rng=1, y=3, lam=1.0, every=8, epochs=4)
    met = trained.history["overlap"] > 1 - 1e-12
    assert met.tolist() == [False, True, False, True]


def test_elal_machines_come_together():
    trained = learners.elal(instance(), rng=1, lam=0.1, y=4, epochs=50)
    overlap = trained.history["overlap"]
    assert overlap[-1] > 0.9 > overlap[0]


def test_callback_stops_the_training():
    seen = []

    def callback(epoch, errors, weights):
        seen.append((epoch, errors))
        return epoch == 2

    trained = learners.lal(instance(alpha=3.0), rng=1, callback=callback)
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert "stopped by the callback after 2 epochs" in trained.message


@pytest.mark.parametrize("tree", [True, False])
def test_gradient_is_the_derivative_of_the_loss(tree):
    inst = instance(N=30 if tree else 10, alpha=0.5, tree=tree)
    rng = np.random.default_rng(2)
    weights = rng.standard_normal((3, 10))
    batch = np.arange(inst.M)[::-1].copy()
    real, h = np.empty((inst.M, inst.patterns.shape[1])), np.empty((inst.M, 3))

    def loss(w):
        x = np.tanh(1.3 * inst.fields(w)).sum(axis=1) / np.sqrt(3)
        return np.mean(np.logaddexp(0, -2 * 1.7 * x)) / (2 * 1.7)

    slope = np.empty((3, 10))
    value = _ce_sgd.batch_gradient(
        weights, inst.patterns, batch, tree, 1.3, 1.7, real, h, slope
    )
    assert value == pytest.approx(loss(weights), rel=1e-13)
    step = 1e-5
    for l, i in [(0, 0), (1, 7), (2, 9)]:
        shift = np.zeros((3, 10))
        shift[l, i] = step
        difference = (loss(weights + shift) - loss(weights - shift)) / (2 * step)
        assert slope[l, i] == pytest.approx(difference, abs=1e-9)


@pytest.mark.parametrize("solve", [learners.ce_sgd, learners.replicated_sgd])
def test_loss_weighs_all_patterns_alike(solve):
    # 5 patterns in batches of 4 and 1, by weights that hardly move
    inst = instance(15, 1 / 3)
    schedule = learners.Schedule(1.3, 1.7, 1.0)
    options = {"schedule": schedule, "lr": 1e-13, "rng": 5, "epochs": 1}
    parts = solve(inst, batch=4, **options).history["loss"]
    whole = solve(inst, batch=5, **options).history["loss"]
    assert parts[0] == pytest.approx(whole[0], rel=1e-9)


def test_ce_sgd_keeps_norms_and_caps_the_schedule():
    schedule = learners.Schedule(1.0, 2.0, 2.0, cap=5.0)
    assert schedule.at(0) == (1.0, 2.0)
    assert schedule.at(9) == (5.0, 5.0)
    trained = learners.ce_sgd(instance(), rng=1, schedule=schedule, epochs=20)
    np.testing.assert_allclose(np.sum(trained.weights**2, axis=1), 35)
    assert trained.history["beta"].max() <= 5.0


def test_binary_replicas_return_signs():
    trained = learners.replicated_sgd(instance(), weights="binary", rng=1, y=3)
    assert set(np.unique(trained.weights)) == {-1.0, 1.0}


@pytest.mark.parametrize(("solve", "options"), SOLVERS)
def test_solvers_refuse_what_they_cannot_train(solve, options):
    with pytest.raises(TypeError, match=r"instance must be an Instance, given 3"):
        solve(3, **options)
    with pytest.raises(ValueError, match=r"K must be odd.*given 2"):
        solve(instance(N=100, K=2), **options)
    with pytest.raises(ValueError, match=r"rule must be majority.*'parity'"):
        solve(instance(rule="parity"), **options)
    real = Instance(np.random.default_rng(0).standard_normal((4, 9)), [1, 1, -1, 1], 3)
    with pytest.raises(ValueError, match=r"patterns must be \+-1"):
        solve(real, **options)
    with pytest.raises(ValueError, match="epochs"):
        solve(instance(), epochs=0, **options)


@pytest.mark.parametrize(
    ("solve", "options", "match"),
    [
        (learners.lal, {"eta": -1}, "lal: eta must be"),
        (learners.lal, {"weights": np.zeros(3)}, r"shape \(3, 35\), given shape"),
        (learners.elal, {"lam": 2}, "elal: lam must be in"),
        (learners.elal, {"y": 0}, "elal: y must be"),
        (learners.ce_sgd, {"schedule": "slower"}, "schedule must be"),
        (learners.ce_sgd, {"lr": np.nan}, "lr"),
        (learners.replicated_sgd, {"coupling": (1, 0.1)}, "must not decrease"),
        (learners.replicated_sgd, {"weights": "ternary"}, "weights must be"),
        (
            lambda _, **options: learners.replicated_sgd(instance(N=3), **options),
            {"y": 2},
            "at least 2 inputs",
        ),
        (learners.perceptron, {}, "perceptron: K must be 1, given 3"),
    ],
)
def test_solvers_refuse_bad_options(solve, options, match):
    with pytest.raises(ValueError, match=match):
        solve(instance(), **options)


def test_schedule_stays_at_its_cap():
    assert learners.Schedule(0.5, 2.0, 2.0).at(5000) == (20.0, 20.0)


def test_schedule_refuses_bad_numbers():
    with pytest.raises(ValueError, match="Schedule: growth must be finite and >= 1"):
        learners.Schedule(1.0, 1.0, 0.5)
