"""Bayes-optimal learning of a binary teacher."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr

import replicas as rp
from replicas.teacher import KERNEL
from replicas.tree_teacher import generalisation, log_load

MODEL = rp.Model(rp.Binary(), rp.Perceptron())

# reference values (alpha, entropy, q), 14 digits
STUDENTS = [
    (1.0, 0.10610826777486737, 0.5607147370947461),
    (1.2, 0.01796500862903949, 0.6686613798669452),
]


def gaussian(f):
    def weighted(z):
        return f(z) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    return quad(weighted, -12, 12, epsabs=1e-13, points=(0,), limit=400)[0]


@pytest.mark.parametrize(("alpha", "entropy", "q"), STUDENTS)
def test_teacher_student_equals_reference(alpha, entropy, q):
    s = rp.teacher_student(MODEL, alpha)
    assert s.success and s.message == "" and s.stability < 1
    assert abs(s.entropy - entropy) <= s.error < 1e-13
    assert s.order["q"] == pytest.approx(q, rel=1e-13)
    assert s.order["generalisation"] == pytest.approx(np.arccos(q) / np.pi, rel=1e-12)


@pytest.mark.parametrize(
    ("channel", "alpha"), [(rp.Perceptron(), 0.7), (rp.Wide(), 1.8)]
)
def test_teacher_student_equals_quad(channel, alpha):
    s = rp.teacher_student(rp.Model(rp.Binary(), channel), alpha)
    q, eps, q_hat = (s.order[name] for name in ("q", "eps", "q_hat"))
    tq, teps, slope, _ = channel.kernel.overlap(q, eps)
    Q, root = np.sqrt(tq / teps), np.sqrt(q_hat)
    # two solutions, and a solution and the teacher, have the same overlap
    assert gaussian(lambda z: np.tanh(q_hat + root * z)) == pytest.approx(q, abs=1e-10)
    square = gaussian(lambda z: np.tanh(q_hat + root * z) ** 2)
    assert square == pytest.approx(q, abs=1e-10)
    field = gaussian(lambda z: np.logaddexp(q_hat + root * z, -q_hat - root * z))
    energetic = 2 * gaussian(lambda z: ndtr(Q * z) * log_ndtr(Q * z))
    value = -0.5 * q_hat * (1 + q) + field + alpha * energetic
    assert s.entropy == pytest.approx(value, abs=1e-10)
    g = gaussian(lambda z: np.exp(-Q * Q * z * z - log_ndtr(Q * z)) / (2 * np.pi))
    assert q_hat == pytest.approx(2 * alpha * slope / teps * g, rel=1e-9)


def test_teacher_transitions_equal_reference():
    # reference values, 14 and 12 digits
    first, spinodal = rp.teacher_transitions(MODEL)
    assert abs(first.value - 1.2446839898506898) <= first.error < 1e-13
    assert abs(spinodal.value - 1.49263181823035) <= spinodal.error + 1e-14 < 1e-13
    s = rp.teacher_student(MODEL, first.value)
    assert s.entropy == pytest.approx(0, abs=1e-14)
    near = rp.teacher_student(MODEL, spinodal.value * (1 - 1e-9))
    assert near.stability == pytest.approx(1, abs=1e-3)
    assert near.order["q"] == pytest.approx(spinodal.order["q"], abs=1e-3)


def test_teacher_student_over_an_array_says_where_it_is_metastable():
    s = rp.teacher_student(MODEL, [[0.3, 1.3], [1.6, 1e-7]])
    assert s.message[0, 0] == "" and "metastable" in s.message[0, 1]
    assert "teacher is left" in s.message[1, 0] and s.order["q"][1, 0] == 1
    assert s.entropy[1, 0] == 0 == s.order["generalisation"][1, 0]
    assert s.order["q"][1, 1] == pytest.approx(1e-7 * 2 / np.pi, rel=1e-6)
    assert s.entropy[0, 1] < 0 < s.entropy[0, 0]
    one = rp.teacher_student(MODEL, 0.3)
    assert s.entropy[0, 0] == one.entropy


def test_entropy_of_the_students_falls_by_the_information_of_a_label():
    # dS/d alpha = mean of 2 Z log Z, minus the entropy of a label
    h = 1e-4
    s = [rp.teacher_student(MODEL, 0.8 + k * h) for k in (-1, 0, 1)]
    q = s[1].order["q"]
    Q = np.sqrt(q / (1 - q))
    energetic = 2 * gaussian(lambda z: ndtr(Q * z) * log_ndtr(Q * z))
    slope = (s[2].entropy - s[0].entropy) / (2 * h)
    assert slope == pytest.approx(energetic, rel=1e-7)


def cube(q):
    """E 2P log P and E 2P |grad log P|^2 of three units, a sum over three Gaussians."""
    z = np.arange(-9, 9.01, 0.25)
    b = np.sqrt(q / (1 - q)) * z
    weight = 0.25 * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    h = [ndtr(x) for x in np.meshgrid(b, b, b, indexing="ij")]
    P = h[0] * h[1] + h[2] * (h[0] + h[1] - 2 * h[0] * h[1])
    # the other two units differ
    d = (h[1] + h[2] - 2 * h[1] * h[2]) * np.exp(-0.5 * b * b)[:, None, None]
    w = 2 * np.einsum("i,j,k->ijk", weight, weight, weight)
    return (w * P * np.log(P)).sum(), 3 * (w * d * d / P).sum() / (2 * np.pi)


@pytest.mark.parametrize("alpha", [0.4, 1.2])
def test_teacher_student_of_three_units_equals_literal_sums(alpha):
    s = rp.teacher_student(rp.Model(rp.Binary(), rp.Tree(3)), alpha)
    q, eps, q_hat = (s.order[name] for name in ("q", "eps", "q_hat"))
    energetic, square = cube(q)
    assert q_hat == pytest.approx(alpha * square / eps, rel=1e-9)
    root = np.sqrt(q_hat)
    assert gaussian(lambda z: np.tanh(q_hat + root * z)) == pytest.approx(q, abs=1e-10)
    field = gaussian(lambda z: np.logaddexp(q_hat + root * z, -q_hat - root * z))
    value = -0.5 * q_hat * (1 + q) + field + alpha * energetic
    assert s.entropy == pytest.approx(value, abs=1e-10)
    assert s.error < 1e-12


@pytest.mark.parametrize("K", [3, pytest.param(5, marks=pytest.mark.full)])
def test_entropy_and_load_of_committees_are_those_of_their_derivatives(K):
    m, h = rp.Model(rp.Binary(), rp.Tree(K)), 1e-3
    low, s, high = rp.teacher_student(m, [0.8 - h, 0.8, 0.8 + h]).entropy
    order = rp.teacher_student(m, 0.8).order
    terms = KERNEL.terms(np.log(order["q_hat"]), 0.06, 9.0)
    # dS/d alpha = E 2P log P = (S - S_0)/alpha
    assert (high - low) / (2 * h) == pytest.approx(
        (s - terms["entropic"]) / 0.8, rel=1e-6
    )
    x = np.log(order["q_hat"])
    slope = [log_load(KERNEL, m.channel, x + k * h) for k in (-1, 1)]
    here = rp.teacher_student(m, 0.8)
    expected = pytest.approx(1 - here.stability, rel=1e-5)
    assert (slope[1] - slope[0]) / (2 * h) == expected


def test_transitions_of_committees_lie_between_those_of_one_and_many_units():
    first, spinodal = rp.teacher_transitions(rp.Model(rp.Binary(), rp.Tree(3)))
    wide, _ = rp.teacher_transitions(rp.Model(rp.Binary(), rp.Wide()))
    one, _ = rp.teacher_transitions(MODEL)
    assert wide.value < first.value < one.value
    assert first.error < 1e-13 and spinodal.error < 1e-13
    m = rp.Model(rp.Binary(), rp.Tree(3))
    s = rp.teacher_student(m, [first.value, spinodal.value - 1e-7, 1.5])
    assert abs(s.entropy[0]) <= s.error[0] + first.error
    assert s.stability[1] == pytest.approx(1, abs=2e-3) and "metastable" in s.message[1]
    assert "teacher is left" in s.message[2]
    # a tree of one unit is the perceptron
    tree = rp.teacher_student(rp.Model(rp.Binary(), rp.Tree(1)), 0.7)
    assert tree.entropy == rp.teacher_student(MODEL, 0.7).entropy


def test_generalisation_equals_monte_carlo():
    rng = np.random.default_rng(0)
    for K, differ in [(1, 0.3), (3, 0.2), (7, 0.35)]:
        units = rng.integers(0, 2, (200_000, K))
        other = units ^ (rng.random(units.shape) < differ)
        wrong = ((2 * units.sum(1) > K) != (2 * other.sum(1) > K)).mean()
        error = np.sqrt(wrong / 200_000)
        assert generalisation(K, differ) == pytest.approx(wrong, abs=4 * error)
    assert generalisation(1, 0.3) == pytest.approx(0.3, rel=1e-14)


def test_teacher_student_refuses():
    for channel in (rp.Tree(3, "parity"), rp.Tree(11)):
        with pytest.raises(ValueError, match="a majority of at most 9"):
            rp.teacher_student(rp.Model(rp.Binary(), channel), 1.0)
    for function in (rp.teacher_transitions, lambda m: rp.teacher_student(m, 1.0)):
        with pytest.raises(ValueError, match="prior must be Binary"):
            function(rp.Model(rp.Spherical(), rp.Perceptron()))
        with pytest.raises(ValueError, match="of margin 0"):
            function(rp.Model(rp.Binary(), rp.Perceptron(0.1)))
    with pytest.raises(ValueError, match="teacher_student: alpha must be finite"):
        rp.teacher_student(MODEL, 0.0)
