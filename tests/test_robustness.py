"""Flip errors of typical and of dense solutions."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

import replicas as rp
from replicas import flip_error, tree_robustness
from replicas.tree_teacher import generalisation


def sphere(activation, kappa=0.0):
    return rp.Model(rp.Spherical(), rp.Wide(activation, kappa))


def binary(activation, kappa=0.0):
    return rp.Model(rp.Binary(), rp.Wide(activation, kappa))


TREE = rp.Model(rp.Binary(), rp.Tree(3))

# reference values: alpha, tau, flip error of typical solutions
TYPICAL = [
    (sphere("relu"), 1.0, 0.9, 0.19626660771070226),
    (sphere("relu"), 0.5, 0.9, 0.17872260417831742),
    (sphere("relu"), 0.5, 0.95, 0.1295455455075613),
    (sphere("sign"), 0.5, 0.95, 0.21388704862113825),
    (sphere("relu"), 1.0, 0.95, 0.14549448468772713),
]


@pytest.mark.parametrize(("model", "alpha", "tau", "value"), TYPICAL)
def test_flip_error_of_typical_solutions(model, alpha, tau, value):
    f = flip_error(model, alpha, tau)
    assert f.success and abs(f.flip_error - value) < f.error + 1e-15
    assert f.error < 1e-11


@pytest.mark.parametrize(
    ("activation", "distance", "value"),
    [  # reference values, alpha = 0.6, tau = 0.95; seven digits
        ("relu", None, 0.1330156),
        ("sign", None, 0.2155275),
        ("relu", 0.05, 0.06436721),
        ("sign", 0.05, 0.13065237),
    ],
)
def test_flip_error_of_binary_weights(activation, distance, value):
    kind = "typical" if distance is None else "dense"
    f = flip_error(binary(activation), 0.6, 0.95, solutions=kind, distance=distance)
    assert f.success and abs(f.flip_error - value) < 6e-8
    # binary centres at zero temperature are never stable
    assert ("unstable" in f.message) == (kind == "dense")


def law_by_quadrature(q, V, kappa, v):
    """Density of the stability of a typical solution."""

    def of_z(z):
        omega = np.sqrt(q) * z
        tail = norm.sf((kappa - omega) / np.sqrt(V))
        return norm.pdf(z) * norm.pdf(v, omega, np.sqrt(V)) / tail

    return quad(of_z, -8, 9, epsabs=1e-9, limit=200)[0]


@pytest.mark.parametrize(("activation", "kappa"), [("relu", -0.6)])
def test_flip_error_is_the_integral_over_the_law_of_stabilities(activation, kappa):
    model, tau = sphere(activation, kappa), 0.9
    f = flip_error(model, 0.8, tau)
    kernel = model.channel.kernel
    q = f.order["q"]
    tq, V, *_ = kernel.overlap(q, 1 - q)
    rho = kernel.overlap(tau, 1 - tau)[0]
    slope = rho / np.sqrt(1 - rho * rho)
    exact = quad(
        lambda v: law_by_quadrature(tq, V, kappa, v) * ndtr(-slope * v),
        kappa,
        7,
        points=[0.0, kappa + 0.3],
        epsabs=1e-7,
    )[0]
    assert f.flip_error == pytest.approx(exact, abs=3e-7)


def test_dense_law_is_the_limit_of_typical_ones():
    """Where delta -> 0 the dense solutions are the typical ones."""
    model = sphere("relu")
    q = rp.rs(model, 1.0).order["q"]
    near = flip_error(model, 1.0, 0.9, solutions="dense", distance=0.5 * (1 - q) - 1e-6)
    assert near.flip_error == pytest.approx(
        flip_error(model, 1.0, 0.9).flip_error, 1e-4
    )


@settings(deadline=None, max_examples=15)
@given(
    name=st.sampled_from(["sign", "relu", "erf", "linear"]),
    kappa=st.floats(0, 1),
    tau=st.floats(0, 0.99),
    alpha=st.floats(0.01, 0.5),
)
def test_flip_error_is_a_decreasing_probability(name, kappa, tau, alpha):
    f = flip_error(sphere(name, kappa), alpha, [tau, 0.5 * (1 + tau)])
    assert f.success.all()
    assert 0 <= f.flip_error[1] < f.flip_error[0] <= 0.5 + 1e-14
    assert (f.error < 1e-9).all()


def test_flip_error_without_patterns_is_the_angle():
    """alpha -> 0: a random pair of fields of overlap rho."""
    for name in ("sign", "relu"):
        tau = np.array([0.0, 0.3, 0.9, 1 - 1e-9])
        kernel = rp.Wide(name).kernel
        angle = [2 * np.arcsin(np.sqrt(kernel.overlap(t, 1 - t)[1] / 2)) for t in tau]
        f = flip_error(sphere(name), 1e-7, tau)
        assert f.flip_error == pytest.approx(np.array(angle) / np.pi, rel=1e-6)


def test_small_noise_separates_smooth_from_jumping_activations():
    """1 - rho ~ 1 - tau for relu, its root for sign, and a flip is a root of it."""
    tau = 1 - np.array([1e-6, 1e-8])
    relu = flip_error(sphere("relu"), 0.5, tau).flip_error
    sign = flip_error(sphere("sign"), 0.5, tau).flip_error
    assert relu[0] / relu[1] == pytest.approx(10, rel=1e-2)
    assert sign[0] / sign[1] == pytest.approx(100**0.25, rel=2e-2)


@pytest.mark.parametrize("model", [sphere("relu"), sphere("sign"), binary("relu")])
def test_dense_solutions_are_more_robust(model):
    tau = np.array([0.8, 0.95, 0.99])
    dense = flip_error(model, 0.6, tau, solutions="dense", distance=0.03)
    assert (dense.flip_error < flip_error(model, 0.6, tau).flip_error).all()


def sampled_stabilities(rng, N, M, steps):
    """Stabilities along a chain of solutions of a spherical perceptron."""
    x = rng.normal(size=(M, N))
    w = x.sum(axis=0)
    while (x @ w).min() < 0:
        w = w + x[(x @ w).argmin()]
    # elliptical slice sampling of Gaussian weights, of which only the direction counts
    w = w * np.sqrt(rng.chisquare(N)) / np.linalg.norm(w)
    for step in range(steps):
        direction = x @ (change := rng.normal(size=N))
        field, angle = x @ w, rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while (field * np.cos(angle) + direction * np.sin(angle)).min() < 0:
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)
        w = w * np.cos(angle) + change * np.sin(angle)
        if step > steps // 4:
            yield x @ w / np.linalg.norm(w)


def test_flip_error_agrees_with_sampled_solutions():
    alpha, tau, N = 0.5, 0.8, 100
    slope = tau / np.sqrt(1 - tau * tau)
    rng, found = np.random.default_rng(3), []
    for _ in range(5):
        stabilities = np.array(list(sampled_stabilities(rng, N, 50, 2000)))
        found.append(ndtr(-slope * stabilities).mean())
    theory = flip_error(rp.Model(rp.Spherical(), rp.Perceptron()), alpha, tau)
    spread = np.std(found) / np.sqrt(len(found) - 1)
    assert spread < 0.02
    assert abs(np.mean(found) - theory.flip_error) < 3 * spread + 0.2 / N


def test_flip_error_has_the_shape_of_its_arguments():
    f = flip_error(
        sphere("relu"),
        [0.5, 1.0],
        [[0.8], [0.9], [0.95]],
        solutions="dense",
        distance=0.1,
    )
    assert f.flip_error.shape == f.error.shape == f.order["delta"].shape == (3, 2)
    single = flip_error(sphere("relu"), 1.0, 0.9, solutions="dense", distance=0.1)
    assert f.flip_error[1, 1] == pytest.approx(single.flip_error, rel=1e-12)
    assert pickle.loads(pickle.dumps(single)) == single


@pytest.mark.parametrize("K", [3, 5])
def test_flip_error_of_trees_equals_monte_carlo(K):
    model, tau = rp.Model(rp.Binary(), rp.Tree(K)), 0.8
    f = flip_error(model, 0.7, tau)
    q, rng = f.order["q"], np.random.default_rng(4)
    b = np.sqrt(q / (1 - q)) * rng.standard_normal((100_000, K))
    v = np.sqrt(1 - q) * (b + rng.standard_normal(b.shape))
    noisy = tau * v + np.sqrt(1 - tau**2) * rng.standard_normal(b.shape)
    right = (v > 0).sum(axis=1) > K / 2
    flipped = right & ((noisy > 0).sum(axis=1) < K / 2)
    # the labels are right: weight 1/P
    weight = np.exp(-model.channel.log_z(b, 1.0)[0])
    drawn = weight * (flipped - f.flip_error * right)
    assert abs(drawn.mean()) < 4 * drawn.std() / np.sqrt(len(drawn))
    assert drawn.std() / np.sqrt(len(drawn)) < 3e-3
    assert f.success and f.error < 1e-12


def test_flip_error_of_trees_in_its_limits():
    # labels that are independent; no patterns: two committees at overlap tau
    model = rp.Model(rp.Binary(), rp.Tree(3))
    assert flip_error(model, 0.5, 0.0).flip_error == pytest.approx(0.5, abs=1e-12)
    free = flip_error(model, 1e-6, 0.9).flip_error
    assert free == pytest.approx(generalisation(3, np.arccos(0.9) / np.pi), abs=1e-5)
    # parity: q = 0, each unit flips by itself
    parity = flip_error(rp.Model(rp.Binary(), rp.Tree(2, "parity")), 0.5, 0.9)
    one = np.arccos(0.9) / np.pi
    assert parity.flip_error == pytest.approx(2 * one * (1 - one), rel=1e-12)
    units = [rp.Tree(1), rp.Tree(3), rp.Tree(5), rp.Wide()]
    f = [flip_error(rp.Model(rp.Binary(), x), 0.6, 0.95).flip_error for x in units]
    assert f == sorted(f)
    assert (
        f[0] == flip_error(rp.Model(rp.Binary(), rp.Perceptron()), 0.6, 0.95).flip_error
    )


def test_flip_error_of_trees_is_honest(monkeypatch):
    f = flip_error(rp.Model(rp.Spherical(), rp.Tree(3)), [2.0, 2.8], 0.95)
    monkeypatch.setitem(tree_robustness.NODES, 3, 160)
    fine = flip_error(rp.Model(rp.Spherical(), rp.Tree(3)), [2.0, 2.8], 0.95)
    assert np.all(abs(f.flip_error - fine.flip_error) <= f.error)
    assert np.all(f.error < 1e-5)


def test_flip_error_above_capacity_fails():
    f = flip_error(sphere("relu"), 3.5, [0.5, 0.9])
    assert not f.success.any() and np.isnan(f.flip_error).all()
    assert "above the RS capacity" in f.message[0]


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"model": rp.Wide()}, TypeError, "flip_error: model must be a Model"),
        (
            {"model": rp.Model(rp.Spherical(), rp.Symmetric(1.0))},
            ValueError,
            "channel must be Perceptron or Wide or Tree",
        ),
        (
            {"model": TREE, "solutions": "dense", "distance": 0.1},
            ValueError,
            "of a tree there are the typical ones",
        ),
        (
            {"model": rp.Model(rp.Binary(), rp.Tree(11))},
            ValueError,
            "flip_error: K must be at most 9",
        ),
        ({"alpha": 0.0}, ValueError, "flip_error: alpha must be finite and > 0"),
        ({"overlap": 1.0}, ValueError, r"overlap must be in \[0, 1\), given 1.0"),
        ({"overlap": np.nan}, ValueError, "overlap must not be nan"),
        ({"solutions": "best"}, ValueError, "solutions must be one of typical, dense"),
        ({"solutions": "dense"}, ValueError, "distance must be given for dense"),
        ({"distance": 0.1}, ValueError, "for them only, given 0.1 for typical"),
        (
            {"solutions": "dense", "distance": 0.5},
            ValueError,
            r"distance must be in \(0, 1/2\)",
        ),
    ],
)
def test_flip_error_refuses(change, error, match):
    arguments = {"model": sphere("relu"), "alpha": 1.0, "overlap": 0.9} | change
    with pytest.raises(error, match=match):
        flip_error(**arguments)
