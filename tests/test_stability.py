"""Load at which replica symmetry becomes unstable."""

import numpy as np
import pytest

import replicas as rp


def model(channel):
    return rp.Model(rp.Spherical(), channel)


# reference values (channel, alpha, q), two independent evaluations, 9 to 11 digits
REFERENCE = [
    (rp.Wide(), 2.9878186694357685, 0.6303412525036055, 1e-10),
    (rp.Perceptron(-0.5), 3.950701313445223, 0.895922730856123, 1e-9),
    (rp.Perceptron(-1.0), 7.87356024, 0.70185981, 1e-8),
    (rp.Tree(3), 1.72990729, 0.60023741, 5e-9),
    (rp.Tree(2, "parity"), np.pi**2 / 8, 0.0, 1e-15),
]


@pytest.mark.parametrize(("channel", "alpha", "q", "tol"), REFERENCE)
def test_at_line_equals_reference(channel, alpha, q, tol):
    a = rp.at_line(model(channel))
    assert a.success and a.message == ""
    assert a.value == pytest.approx(alpha, abs=tol)
    assert a.order["q"] == pytest.approx(q, abs=1e-8)
    assert a.error < 1e-8 and a.residual < 1e-9


@pytest.mark.parametrize(
    "channel",
    [
        rp.Perceptron(-0.2),
        rp.Perceptron(-2.5),
        rp.Wide("sign", 0.7),
        rp.Wide("sign", -1.2),
        rp.Tree(3),
        pytest.param(rp.Tree(5), marks=pytest.mark.full),
    ],
)
def test_at_line_is_where_the_index_of_rs_is_one(channel):
    a = rp.at_line(model(channel))
    s = rp.rs(model(channel), a.value * np.array([0.999, 1.0, 1.001]))
    assert s.stability[0] < 1 < s.stability[2]
    assert s.stability[1] == pytest.approx(1, abs=1e-7)
    assert s.order["q"][1] == pytest.approx(a.order["q"], abs=1e-7)


def test_at_line_of_three_units_is_within_its_error():
    # spacings 0.05 and 0.07 of the trapezoid agree to 14 digits
    a = rp.at_line(model(rp.Tree(3)))
    assert abs(a.value - 1.72990729194893) <= a.error


def test_at_line_approaches_capacity_as_the_margin_vanishes():
    for kappa in (-0.1, -0.01, -0.001):
        a = rp.at_line(model(rp.Perceptron(kappa)))
        c = rp.capacity(model(rp.Perceptron(kappa)))
        assert 2 < a.value < c.value
        assert c.value - a.value < 60 * kappa**2 + 1e-5


@pytest.mark.parametrize(
    "channel", [rp.Perceptron(), rp.Perceptron(0.5), rp.Tree(1), rp.Tree(1, "parity")]
)
def test_at_line_of_a_convex_problem_is_absent(channel):
    a = rp.at_line(model(channel))
    assert a.success is False and a.message == "RS is stable up to capacity"
    assert np.isnan([a.value, a.error, a.residual, a.order["q"]]).all()


def test_at_line_of_the_parity_of_three_is_absent():
    a = rp.at_line(model(rp.Tree(3, "parity")))
    assert a.success is False and "q = 0 is stable at every load" in a.message


def test_at_line_refuses():
    with pytest.raises(TypeError, match="at_line: model must be a Model"):
        rp.at_line(rp.Perceptron())
    with pytest.raises(ValueError, match="at_line: K must be at most 9"):
        rp.at_line(model(rp.Tree(11)))


@pytest.mark.full
def test_at_line_of_many_units_tends_to_the_wide_committee():
    loads = [rp.at_line(model(rp.Tree(K))).value for K in (3, 5, 7, 9)]
    wide = rp.at_line(model(rp.Wide())).value
    gaps = wide - np.array(loads)
    assert (np.diff(loads) > 0).all() and (gaps > 0).all()
    # 1/K corrections
    assert gaps[3] * 9 == pytest.approx(gaps[2] * 7, rel=0.03)
