import numpy as np
import pytest

from replicas import Perceptron, Tree
from replicas._small_tree import SmallTree
from replicas.tree_average import _Plane, plane_average
from replicas.tree_large_y import inner_maximum, point
from replicas.tree_sample import sampled_average

TREES = [Tree(2, "parity"), Tree(3, "majority"), Tree(3, "parity")]


def small_log_p(channel, b):
    n, K = b.shape
    value, d, d2 = np.empty(n), np.empty((n, K)), np.empty((n, K, K))
    kernel = SmallTree(K, channel.rule == "parity")
    kernel.log_p(np.ascontiguousarray(b), value, d, d2)
    return value, d, d2


def ascend(channel, a, b, c, rounds=60):
    """Values after a damped Newton ascent from b, by eigenvectors, all rows at once."""

    def objective(b):
        value, d, d2 = small_log_p(channel, b)
        return value - ((b - a) ** 2).sum(axis=1) / (2 * c), d, d2

    value, d, d2 = objective(b)
    scale = np.ones(len(b))
    for _ in range(rounds):
        lam, axes = np.linalg.eigh(np.eye(channel.K) - c * d2)
        r = np.einsum("nij,ni->nj", axes, c * d - (b - a))
        step = np.einsum("nij,nj->ni", axes, r / np.maximum(abs(lam), 1e-3))
        step *= (scale / np.maximum(1, abs(step).max(axis=1) / 2))[:, None]
        new = objective(b + step)
        up = new[0] >= value - 1e-15
        b = np.where(up[:, None], b + step, b)
        value = np.where(up, new[0], value)
        d = np.where(up[:, None], new[1], d)
        d2 = np.where(up[:, None, None], new[2], d2)
        scale = np.where(up, np.minimum(1, 2 * scale), scale / 3)
    return value


def best_of_random_starts(channel, a, c, starts, rng):
    L = np.sqrt(2 * np.log1p(c)) + 1
    best = np.full(len(a), -np.inf)
    for n in range(starts):
        b = rng.uniform(-L, L, size=a.shape)
        b = np.where(rng.random(a.shape) < n % 3 / 3, a, b)
        best = np.maximum(best, ascend(channel, a, b, c))
    return best


@pytest.mark.parametrize("size", [0.5, 3.0, 30.0])
@pytest.mark.parametrize(
    "channel",
    [*TREES, Tree(5), Tree(6, "parity"), Tree(9)],
    ids=str,
)
def test_small_tree_equals_the_channel(channel, size):
    b = np.random.default_rng(1).normal(scale=size, size=(300, channel.K))
    value, d, d2 = small_log_p(channel, b)
    expected, g, h = channel.log_z(b, 1.0)
    largest = 1 + abs(g).max(axis=1)
    assert value == pytest.approx(expected, rel=1e-11, abs=1e-14)
    assert (abs(d - g).max(axis=1) / largest).max() < 1e-11
    assert (abs(d2 - h).max(axis=(1, 2)) / largest**2).max() < 1e-11


def test_small_tree_keeps_log_p_next_to_zero():
    # P = 1 - (3 - 2 H) H^2 with H = H(6)
    H = 9.865876450376946e-10
    value, _, _ = small_log_p(Tree(3), np.full((1, 3), 6.0))
    assert value[0] == pytest.approx(-(3 - 2 * H) * H**2, rel=1e-12)


@pytest.mark.parametrize("channel", [*TREES, Tree(5), Tree(4, "parity")], ids=str)
@pytest.mark.parametrize("gamma, c", [(2.0, 4.0), (9.0, 1.5), (9.0, 50.0), (1.0, 2e4)])
def test_inner_maximum_is_not_beaten_by_random_starts(channel, gamma, c):
    rng = np.random.default_rng(2)
    a = np.sqrt(gamma) * rng.normal(size=(200, channel.K))
    # half of them close to ties, where branches compete
    a[::2, 1:] = a[::2, :1] * rng.choice([-1, 1], size=(100, channel.K - 1))
    a += 0.1 * rng.normal(size=a.shape)
    M, b = inner_maximum(channel, a, c)
    best = best_of_random_starts(channel, a, c, 6, rng)
    assert (best - M).max() < 1e-11 * abs(M).mean()
    value, d, _ = small_log_p(channel, b)
    assert M == pytest.approx(value - ((b - a) ** 2).sum(axis=1) / (2 * c), rel=1e-9)
    assert b - a == pytest.approx(c * d, abs=1e-6)


def test_inner_maximum_follows_permutations_and_sign_flips():
    a = np.random.default_rng(3).normal(scale=3, size=(50, 3))
    M, b = inner_maximum(Tree(3), a, 7.0)
    M2, b2 = inner_maximum(Tree(3), a[:, [2, 0, 1]], 7.0)
    assert M == pytest.approx(M2, rel=1e-12)
    assert b[:, [2, 0, 1]] == pytest.approx(b2, abs=1e-8)
    flip = np.array([-1, 1, -1])
    M, b = inner_maximum(Tree(3, "parity"), a, 7.0)
    M2, b2 = inner_maximum(Tree(3, "parity"), a * flip, 7.0)
    assert M == pytest.approx(M2, rel=1e-12)
    assert b * flip == pytest.approx(b2, abs=1e-8)


def test_inner_maximum_of_one_unit_is_the_perceptron():
    b, c = np.linspace(-3, 6, 19), 2.5
    log_z, d, _ = Perceptron(0.0).log_z(b, 1.0)
    M, found = inner_maximum(Tree(1), (b - c * d)[:, None], c)
    assert found[:, 0] == pytest.approx(b, abs=1e-8)
    assert M == pytest.approx(log_z - c * d**2 / 2, rel=1e-11)


@pytest.mark.parametrize("gamma, c, t", [(2.0, 1.0, 0.01), (9.0, 8.0, 0.2)])
def test_lines_error_is_honest_next_to_a_tie(gamma, c, t):
    # parity K = 2: next to the end of the symmetric branch b* changes fast
    channel = Tree(2, "parity")
    plane = _Plane(channel, c, gamma, 1e-7, 8, 1.0, 8.0)
    found, _, _, error, _ = plane.line_integrals(np.zeros(1), np.array([t]))[0]
    nodes, weights = np.polynomial.legendre.leggauss(6)
    h = np.sqrt((plane.R**2 - t**2 / 2) / 2) / 1500
    x = (h * (np.arange(1500)[:, None] + (nodes + 1) / 2)).ravel()
    a = np.stack([t / 2 + x, t / 2 - x], axis=1)
    M, _ = inner_maximum(channel, a, c)
    density = np.exp(-(a**2).sum(axis=1) / (2 * gamma)) * plane.scale
    dense = (h / 2 * np.tile(weights, 1500) * density) @ M
    assert abs(found - dense) <= error


# reference values, two independent evaluations
@pytest.mark.parametrize(
    "channel, gamma, c, M, rel",
    [
        (Tree(3), 2.0, 4.0, -0.4403482068078306, 2e-8),
        (Tree(2, "parity"), 2.0, 4.0, -0.4080079494757875, 1e-10),
        (Tree(2, "parity"), 9.0, 10.0, -0.3031271049438583, 1e-9),
    ],
)
def test_plane_average_reproduces_reference_values(channel, gamma, c, M, rel):
    value, *_, error = plane_average(channel, c, gamma, 1e-8)
    assert value == pytest.approx(M, rel=rel)
    assert error < 1e-7


def test_plane_average_reproduces_the_reference_displacement():
    # reference value, 7 digits
    D = plane_average(Tree(3), 4.0, 2.0, 1e-7)[1]
    assert D == pytest.approx(1.7292954006375774, rel=2e-7)


@pytest.mark.parametrize("channel", TREES, ids=str)
@pytest.mark.parametrize("gamma, c", [(2.0, 4.0), (9.0, 100.0), (0.1, 1.0)])
def test_plane_average_error_is_honest(channel, gamma, c):
    scale = 0.3 * min(1, gamma / c)
    fine, *_ = plane_average(channel, c, gamma, 1e-8 * scale, nodes=11)
    for nodes, stretch, tol in [(6, 1.0, 1e-4), (10, 1.0, 1e-6), (9, 0.87, 1e-6)]:
        M, *_, error = plane_average(
            channel, c, gamma, tol * scale, nodes=nodes, stretch=stretch
        )
        assert abs(M - fine) <= 0.15 * error + 1e-9 * scale


@pytest.mark.parametrize("channel", TREES, ids=str)
def test_plane_average_at_small_c_is_the_mean_of_log_p(channel):
    K, gamma, c = channel.K, 0.5, 1e-6
    x, w = np.polynomial.hermite_e.hermegauss(40)
    z = np.stack(np.meshgrid(*[x] * K, indexing="ij"), axis=-1).reshape(-1, K)
    weight = np.stack(np.meshgrid(*[w / w.sum()] * K, indexing="ij"), axis=-1)
    weight = weight.reshape(-1, K).prod(axis=1)
    log_z, d, _ = channel.log_z(np.sqrt(gamma) * z, 1.0)
    gradient2 = weight @ (d**2).sum(axis=1)
    M, D, *_ = plane_average(channel, c, gamma, 1e-8)
    assert M == pytest.approx(weight @ log_z + c * gradient2 / 2, abs=1e-9)
    assert D / c**2 == pytest.approx(gradient2, rel=3e-6)


@pytest.mark.parametrize("channel", TREES, ids=str)
def test_plane_average_slope_in_c_is_the_displacement(channel):
    # envelope theorem, kinks included: dE M_c/dc = E|b* - a|^2/(2 c^2)
    c, h, gamma = 6.0, 0.1, 4.0
    M = [plane_average(channel, c + k * h, gamma, 1e-8)[0] for k in (-2, -1, 1, 2)]
    slope = (M[0] - 8 * M[1] + 8 * M[2] - M[3]) / (12 * h)
    D = plane_average(channel, c, gamma, 1e-8)[1]
    assert slope == pytest.approx(D / (2 * c * c), rel=1e-5)


@pytest.mark.parametrize("channel", TREES, ids=str)
def test_plane_average_slope_in_gamma_is_the_pull(channel):
    # kinks included: dE M_c/dgamma = E a.(b* - a)/(2 c gamma)
    c, h, gamma = 6.0, 0.05, 4.0
    M = [plane_average(channel, c, gamma + k * h, 1e-8)[0] for k in (-2, -1, 1, 2)]
    slope = (M[0] - 8 * M[1] + 8 * M[2] - M[3]) / (12 * h)
    pull = plane_average(channel, c, gamma, 1e-8)[2]
    assert slope == pytest.approx(pull / (2 * c * gamma), rel=1e-5)


@pytest.mark.parametrize(
    "channel, gamma, c",
    [
        (Tree(2, "parity"), 3.0, 6.0),
        (Tree(3, "majority"), 5.0, 20.0),
        (Tree(3, "parity"), 1.0, 2.1),
        (Tree(3, "majority"), 9.0, 1.5),
    ],
)
def test_plane_average_agrees_with_sampling(channel, gamma, c):
    M, D, pull, error = plane_average(channel, c, gamma, 1e-6)
    size = {"points": 2048, "replicates": 8}
    sampled, found, pulled = sampled_average(channel, c, gamma, **size)
    sigma = sampled.std(ddof=1) / np.sqrt(8)
    assert sigma < 1e-4
    assert abs(M - sampled.mean()) < 4 * sigma + error
    assert abs(D - found.mean()) < 4 * found.std(ddof=1) / np.sqrt(8)
    assert abs(pull - pulled.mean()) < 4 * pulled.std(ddof=1) / np.sqrt(8)


# reference values, two independent evaluations; those of K = 3 hold to 9 digits
@pytest.mark.parametrize(
    "channel, alpha, q1, value, rel",
    [
        (Tree(2, "parity"), 0.5, 0.95, -4.834707628728553e-08, 1e-8),
        (Tree(2, "parity"), 0.5, 0.5, -0.10723908850985162, 1e-9),
        (Tree(2, "parity"), 1.0, 0.95, -0.00031138847509061757, 1e-9),
        (Tree(2, "parity"), 3.0, 0.9, -0.8094626343845142, 1e-8),
        (Tree(3, "parity"), 1.0, 0.1, -0.6654316294479586, 1e-7),
        (Tree(3, "parity"), 1.0, 0.5, -0.43263901504869, 1e-9),
        (Tree(3, "majority"), 2.0, 0.9, -0.4597513991877906, 1e-9),
        (Tree(3, "majority"), 2.0, 0.7, -1.0873681445556842, 1e-9),
    ],
)
def test_point_reproduces_reference_values(channel, alpha, q1, value, rel):
    tol = 1e-8 if channel.K == 2 else 5e-8
    found = point(channel, alpha, 1 - q1, tol=tol)
    assert found["success"], found["message"]
    assert found["message"] == ""
    assert found["error"] <= tol * abs(value)
    assert abs(found["normalised"] - value) <= found["error"] + rel * abs(value)
    assert found["entropy"] == found["normalised"] + 0.5 * np.log(1 - q1)
    assert found["order"]["delta"] == pytest.approx(found["order"]["c"] * (1 - q1))


@pytest.mark.parametrize(
    "channel, alpha, eps",
    [
        (Tree(2, "parity"), 0.7, 0.3),
        (Tree(3, "parity"), 2.0, 0.15),
        (Tree(3, "majority"), 1.3, 0.2),
    ],
)
def test_point_error_is_honest(channel, alpha, eps):
    fine = point(channel, alpha, eps, tol=1e-8)
    for tol in (1e-5, 1e-6):
        found = point(channel, alpha, eps, tol=tol)
        off = abs(found["normalised"] - fine["normalised"])
        assert off <= found["error"] + fine["error"]
        assert found["error"] <= tol * abs(found["normalised"])
    c, gamma = fine["order"]["c"], (1 - eps) / eps
    _, D, *_ = plane_average(channel, c, gamma, 1e-8, nodes=7)
    F = np.log(alpha * (1 + c) ** 2 * D / (c * c * gamma))
    assert abs(F) < 1e-5
    assert fine["residual"] < 1e-3


@pytest.mark.parametrize("start", [-3.0, 2.0, 9.0])
def test_point_is_the_same_from_cold_and_warm_start(start):
    channel = Tree(3, "parity")
    cold = point(channel, 1.5, 0.25, tol=1e-6)
    warm = point(channel, 1.5, 0.25, tol=1e-6, start=start)
    spread = cold["error"] + warm["error"]
    assert abs(cold["normalised"] - warm["normalised"]) <= spread
    assert warm["order"]["c"] == pytest.approx(cold["order"]["c"], rel=1e-4)


def test_point_is_a_minimum_in_c():
    channel, alpha, eps = Tree(3, "majority"), 1.0, 0.3
    found = point(channel, alpha, eps, tol=1e-6)
    gamma = (1 - eps) / eps
    for factor in (0.3, 3.0):
        c = factor * found["order"]["c"]
        M, *_ = plane_average(channel, c, gamma, 1e-6)
        assert gamma / (2 * (1 + c)) + alpha * M > found["normalised"]


def test_point_of_parity_lies_above_minus_alpha_log_two():
    # height over -alpha ln 2 at q1 = 0.1, 0.3, 0.5: reference values, four digits
    for q1, height in [(0.1, 0.0515), (0.3, 0.1689), (0.5, 0.3170)]:
        found = point(Tree(2, "parity"), 1.0, 1 - q1, tol=1e-6)
        assert found["normalised"] + np.log(2) == pytest.approx(height, abs=6e-5)


@pytest.mark.parametrize(
    "channel, alpha, eps",
    [
        (Tree(3, "majority"), 2.0, 0.9),
        (Tree(3, "majority"), 4.5, 0.2),
        (Tree(2, "parity"), 3.0, 0.9),
        (Tree(2, "parity"), 6.0, 0.05),
        (Tree(5, "majority"), 2.0, 0.9),
    ],
)
def test_point_refuses_where_no_saddle_exists(channel, alpha, eps):
    found = point(channel, alpha, eps)
    assert not found["success"]
    assert "no saddle" in found["message"]
    for name in ("entropy", "normalised", "error", "residual", "stability"):
        assert np.isnan(found[name])
    assert all(np.isnan(value) for value in found["order"].values())


def test_point_of_five_units_states_its_error():
    channel, alpha, eps = Tree(5), 1.0, 0.3
    found = point(channel, alpha, eps)
    assert found["success"]
    assert found["error"] < 1e-3
    # another sample at the saddle found
    c, gamma = found["order"]["c"], (1 - eps) / eps
    M, D, pull = sampled_average(channel, c, gamma, points=1024, replicates=8)
    spread = 4 * M.std(ddof=1) / np.sqrt(8)
    again = sampled_average(channel, c, gamma, points=1024, replicates=8)
    assert np.array_equal([M, D, pull], again)
    value = gamma / (2 * (1 + c)) + alpha * M.mean()
    assert abs(value - found["normalised"]) < found["error"] + alpha * spread


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"channel": Perceptron(0.0)}, TypeError, "channel"),
        ({"channel": Tree(1)}, ValueError, "K must be"),
        ({"channel": Tree(11)}, ValueError, "K must be"),
        ({"alpha": 0.0}, ValueError, "alpha"),
        ({"alpha": np.nan}, ValueError, "alpha"),
        ({"alpha": "1"}, TypeError, "alpha"),
        ({"eps": 1.0}, ValueError, "eps"),
        ({"eps": 0.0}, ValueError, "eps"),
        ({"tol": -1.0}, ValueError, "tol"),
        ({"start": np.inf}, ValueError, "start"),
    ],
)
def test_point_refuses_bad_arguments(change, error, text):
    arguments = {"channel": Tree(3), "alpha": 1.0, "eps": 0.2, **change}
    with pytest.raises(error, match=f"local_entropy: .*{text}"):
        point(**arguments)


def test_inner_maximum_refuses_bad_arguments():
    with pytest.raises(ValueError, match="last dimension"):
        inner_maximum(Tree(3), np.zeros((4, 2)), 1.0)
    with pytest.raises(ValueError, match="c must be"):
        inner_maximum(Tree(3), np.zeros(3), 0.0)
    with pytest.raises(ValueError, match="a must"):
        inner_maximum(Tree(3), [0.0, np.nan, 1.0], 1.0)
