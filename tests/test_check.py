"""Validation: the error names function, parameter, rule and value."""

import numpy as np
import pytest

from replicas import check


@pytest.mark.parametrize("value", [1, 2.5, [1, 2], np.float32(3), np.arange(4)])
def test_numbers_gives_float_arrays(value):
    array = check.numbers("f", "x", value)
    assert array.dtype == float
    np.testing.assert_array_equal(array, np.asarray(value, dtype=float))


@pytest.mark.parametrize(
    "value", ["1", None, [1, "a"], [[1], [1, 2]], 1j, True, object()]
)
def test_numbers_refuses_what_is_not_a_number(value):
    with pytest.raises(TypeError, match="f: x must be a number or an array of numbers"):
        check.numbers("f", "x", value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: check.numbers("f", "x", np.ma.masked_equal([1, 2], 2)),
            ValueError,
            "f: x must not be masked",
        ),
        (
            lambda: check.numbers("f", "x", [1, np.nan]),
            ValueError,
            "f: x must not be nan",
        ),
        (
            lambda: check.positive("f", "x", 0),
            ValueError,
            "f: x must be finite and > 0",
        ),
        (lambda: check.positive("f", "x", [1, -2]), ValueError, r"given \[1, -2\]"),
        (lambda: check.positive("f", "x", np.inf), ValueError, "given inf"),
        (lambda: check.finite("f", "x", np.inf), ValueError, "f: x must be finite"),
        (lambda: check.finite("f", "x", [1.0]), TypeError, "f: x must be a number"),
        (lambda: check.finite("f", "x", True), TypeError, "given True"),
        (lambda: check.finite("f", "x", 10**400), ValueError, "f: x must be finite"),
        (
            lambda: check.positive_number("f", "x", 0),
            ValueError,
            "f: x must be finite and > 0",
        ),
        (lambda: check.positive_number("f", "x", [1.0]), TypeError, "a number"),
        (lambda: check.positive_number("f", "x", np.inf), ValueError, "must be finite"),
        (lambda: check.positive_number("f", "x", -(10**400)), ValueError, "finite and"),
        (
            lambda: check.flag("f", "x", 1),
            TypeError,
            "x must be True or False",
        ),
        (lambda: check.callback("f", 1), TypeError, "f: callback must be a function"),
        (lambda: check.path("f", "x", 1), TypeError, "f: x must be a path, given 1"),
        (lambda: check.generator("f", "a"), TypeError, "f: rng must be .* given 'a'"),
        (lambda: check.generator("f", -1), TypeError, "f: rng must be .* given -1"),
        (lambda: check.integer("f", "n", 7, 1, 5), ValueError, r"in \[1, 5\], given 7"),
        (
            lambda: check.integer("f", "n", 2.0, 1, 5),
            TypeError,
            "f: n must be an integer",
        ),
        (lambda: check.choice("f", "rule", "c", ("a", "b")), ValueError, "one of a, b"),
        (lambda: check.choice("f", "rule", 3, ("a", "b")), ValueError, "given 3"),
    ],
)
def test_check_says_function_parameter_rule_and_value(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_inside_states_the_rule_for_the_value_given():
    def test(x):
        return (x > 0) & (x < 0.5)

    assert check.inside("f", "d", 0.3, "in (0, 1/2)", test) == 0.3
    with pytest.raises(ValueError, match=r"f: d must be in \(0, 1/2\), given 0.5"):
        check.inside("f", "d", 0.5, "in (0, 1/2)", test)


def test_numpy_scalars_are_numbers_and_integers():
    check.finite("f", "x", np.float64(1.0))
    check.integer("f", "n", np.int64(3), 1, 5)


def test_broadcast_names_the_arguments_that_do_not_fit():
    a, b = check.broadcast("f", a=np.ones(3), b=np.ones((2, 1)))
    assert a.shape == b.shape == (2, 3)
    with pytest.raises(ValueError, match=r"f: shapes must .* a \(3,\), b \(2,\)"):
        check.broadcast("f", a=np.ones(3), b=np.ones(2))
