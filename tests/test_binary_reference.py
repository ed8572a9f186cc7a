"""mpmath twins of binary weights, losses and the teacher."""

import numpy as np
import pytest
from mpmath import mp

import replicas as rp
from replicas import reference
from replicas.reference.average import Rule
from replicas.reference.binary_large_y import BinaryLargeY


def model(channel):
    return rp.Model(rp.Binary(), channel)


@pytest.mark.parametrize(
    ("channel", "alpha"),
    [(rp.Perceptron(), 0.8), (rp.Perceptron(0.5), 0.3), (rp.Wide(), 1.1)],
)
def test_refine_of_binary_weights_stays_within_the_error(channel, alpha):
    s = rp.rs(model(channel), [alpha, 0.01])
    fine = reference.refine(s, 20)
    assert fine.success.all() and (fine.residual < 1e-18).all()
    assert (abs(fine.entropy - s.entropy) <= s.error).all()
    for name in ("q", "eps", "q_hat"):
        assert np.allclose(
            fine.order[name].astype(float), s.order[name], rtol=1e-12, atol=0
        )


@pytest.mark.parametrize(
    ("channel", "alpha", "distance", "between"),
    [
        (rp.Perceptron(), 0.4, 0.1, "centre"),
        (rp.Perceptron(0.3), 0.3, 0.05, "replicas"),
        (rp.Wide("relu"), 0.5, 0.1, "centre"),
        (rp.Perceptron(), 0.4, 0.01, "replicas"),
    ],
)
def test_refine_of_binary_local_entropies_stays_within_the_error(
    channel, alpha, distance, between
):
    e = rp.local_entropy(model(channel), alpha, distance, between=between)
    fine = reference.refine(e, 20)
    assert fine.success and fine.residual < 1e-16
    assert abs(fine.entropy - e.entropy) <= e.error
    assert abs(fine.normalised - e.normalised) <= e.error
    for name, value in e.order.items():
        assert float(fine.order[name]) == pytest.approx(value, rel=1e-9, abs=1e-13)
    # 30 digits are those of 20, and ten more
    if between == "centre":
        more = reference.refine(e, 30)
        assert abs(more.entropy - fine.entropy) < 1e-20


def test_refine_of_binary_local_entropies_leaves_typical_solutions():
    e = rp.local_entropy(model(rp.Perceptron()), 0.4, [0.1, 0.3], between="centre")
    fine = reference.refine(e, 15)
    assert fine.success.tolist() == [True, False]
    assert "typical solutions" in fine.message[1]


@pytest.mark.parametrize("between", ["centre", "replicas"])
def test_twin_of_the_binary_local_entropy_has_its_slopes(between):
    order = {"q1": 0.6, "delta": 1.5, "q_hat": 0.1, "dq_hat": 0.5, "p_hat": 0.4}
    p, alpha = (0.75, 0.7) if between == "centre" else (None, 0.7)
    twin = BinaryLargeY("test", model(rp.Wide("relu", 0.2)), alpha, p)
    with mp.workdps(30):
        order = {k: mp.mpf(v) for k, v in order.items()}
        _, slopes = twin.evaluate(order, Rule(25))
        h = mp.mpf(10) ** -8
        for name in order:
            near = [
                twin.evaluate(order | {name: order[name] + s}, Rule(25))[0]
                for s in (-h, h)
            ]
            slope = (near[1] - near[0]) / (2 * h)
            # between replicas p_hat is no unknown
            if name != "p_hat" or p is not None:
                assert abs(slope - slopes[name]) < 1e-13


@pytest.mark.parametrize(
    "result",
    [
        lambda model: rp.local_entropy(model, 0.4, 0.1, y=3, between="centre"),
        lambda model: rp.franz_parisi(model, 0.4, 0.1),
    ],
)
def test_refine_refuses_other_curves_of_binary_weights(result):
    curve = result(rp.Model(rp.Binary(), rp.Perceptron()))
    with pytest.raises(ValueError, match="of binary weights must be rs or large-y"):
        rp.reference.refine(curve)


def test_twin_of_a_binary_tree_agrees():
    s = rp.rs(model(rp.Tree(2, "parity")), 1.6)
    twin = reference.rs(s.model, 1.6, s.order, dps=16)
    assert abs(twin - s.entropy) <= s.error + 1e-12


@pytest.mark.parametrize("beta", [0.5, 7.0])
def test_twin_of_the_errors_agrees(beta):
    channel = rp.Loss("errors", beta=beta)
    s = rp.rs(model(channel), 0.7)
    twin = reference.rs(s.model, 0.7, s.order, dps=15)
    assert abs(twin - s.order["free_entropy"]) <= s.error + 1e-15
    energy, errors = reference.mean_loss(s.model, s.order, dps=13)
    assert energy == pytest.approx(s.order["energy"], rel=1e-12)
    assert errors == pytest.approx(s.order["errors"], rel=1e-12)


def test_twin_of_the_cross_entropy_agrees():
    channel = rp.Loss("cross-entropy", 0.8, beta=15.0)
    s = rp.rs(model(channel), 0.5)
    twin = reference.rs(s.model, 0.5, s.order, dps=9)
    assert twin == pytest.approx(s.order["free_entropy"], rel=1e-8)
    energy, errors = reference.mean_loss(s.model, s.order, dps=5)
    assert energy == pytest.approx(s.order["energy"], rel=1e-4)
    assert errors == pytest.approx(s.order["errors"], rel=1e-4)


@pytest.mark.full
def test_twin_of_the_cross_entropy_agrees_where_errors_are_rare():
    f = rp.freezing(model(rp.Loss("cross-entropy", 4.0)), 0.4)
    cold = model(rp.Loss("cross-entropy", 4.0, beta=f.value))
    energy, errors = reference.mean_loss(cold, f.order, dps=6)
    assert energy == pytest.approx(f.order["energy"], rel=1e-5)
    assert errors == pytest.approx(f.order["errors"], rel=1e-5)
    assert errors == pytest.approx(2.75818e-114, rel=1e-5)


@pytest.mark.parametrize(
    ("channel", "alpha"), [(rp.Perceptron(), 1.3), (rp.Wide(), 0.4)]
)
def test_twin_of_the_teacher_agrees(channel, alpha):
    s = rp.teacher_student(model(channel), alpha)
    value, d_q, d_q_hat = reference.teacher(s.model, alpha, s.order, dps=20)
    assert abs(value - s.entropy) <= s.error
    with mp.workdps(20):
        assert abs(d_q) < 1e-14 and abs(d_q_hat) < 1e-14


def test_twins_refuse_what_they_do_not_know():
    s = rp.rs(model(rp.Loss("errors", beta=1.0)), 0.4)
    with pytest.raises(ValueError, match="refine: the channel must accept or refuse"):
        reference.refine(s)
    with pytest.raises(ValueError, match="mean_loss: the channel must be a Loss"):
        reference.mean_loss(model(rp.Perceptron()), {"q": 0.4})
    with pytest.raises(ValueError, match="teacher: the prior must be Binary"):
        reference.teacher(
            rp.Model(rp.Spherical(), rp.Perceptron()), 1.0, {"q": 0.4, "q_hat": 0.5}
        )
