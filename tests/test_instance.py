"""Instances: conventions, random ones, files, refusals."""

import gzip
import re

import numpy as np
import pytest

import msgpass as mp


def brute_errors(instance, weights):
    """Errors pattern by pattern, straight from the definition."""
    errors, W = 0, np.reshape(weights, (instance.K, instance.n))
    for xi, label in zip(instance.patterns.astype(float), instance.labels, strict=True):
        units = xi.reshape(instance.K, -1) if instance.tree else [xi] * instance.K
        fields = [w @ x / np.sqrt(instance.n) for w, x in zip(W, units, strict=True)]
        if instance.rule == "parity":
            fits = np.prod(np.sign(fields)) == label
        elif instance.rule == "symmetric":
            fits = abs(fields[0]) < instance.kappa
        else:
            fits = sum(label * f > instance.kappa for f in fields) > instance.K / 2
        errors += not fits
    return errors


MACHINES = [
    {"K": 1},
    {"K": 3},
    {"K": 4},
    {"K": 3, "tree": False},
    {"K": 3, "rule": "parity"},
    {"K": 2, "rule": "parity", "tree": False},
    {"K": 1, "kappa": 0.4},
    {"K": 1, "rule": "symmetric", "kappa": 0.9},
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("real", [False, True])
def test_errors_equal_the_definition(machine, real):
    rng = np.random.default_rng(0)
    patterns = rng.choice([-1, 1], (40, 24))
    if real:
        patterns = patterns * rng.standard_normal((40, 24))
    instance = mp.Instance(patterns, rng.choice([-1, 1], 40), **machine)
    assert instance.signs is not real
    for weights in (rng.choice([-1, 1], instance.N), rng.standard_normal(instance.N)):
        assert instance.errors(weights) == brute_errors(instance, weights)
        if instance.rule != "parity":
            twin = mp.Instance(instance.absorbed(), np.ones(40), **machine)
            assert twin.errors(weights) == instance.errors(weights)


@pytest.mark.parametrize("tree", [True, False])
def test_errors_count_the_ties_of_binary_weights_of_any_norm(tree):
    instance = mp.Instance.random(N=300, alpha=1.0, K=3, tree=tree, rng=3)
    weights = np.random.default_rng(4).choice([-1, 1], (3, instance.n))
    errors = brute_errors(instance, weights)
    for norm in (instance.n**-0.5, 0.1, 1e-200, np.array([[0.3], [1.1], [7.0]])):
        assert instance.errors(norm * weights) == errors


def test_random_follows_the_stream_of_the_generator():
    instance = mp.Instance.random(N=99, alpha=1.5, K=3, rng=5)
    rng = np.random.default_rng(5)
    patterns = rng.integers(0, 2, size=(148, 99)) * 2 - 1
    np.testing.assert_array_equal(instance.patterns, patterns)
    assert (instance.labels == 1).all() and instance.patterns.dtype == np.int8
    parity = mp.Instance.random(N=99, alpha=1.5, K=3, rule="parity", rng=5)
    np.testing.assert_array_equal(parity.patterns, patterns)
    np.testing.assert_array_equal(parity.labels, rng.integers(0, 2, size=148) * 2 - 1)


def test_random_draws_the_same_in_blocks(monkeypatch):
    whole = mp.Instance.random(N=51, alpha=2.0, rng=7).patterns
    monkeypatch.setattr("msgpass.arrays.BLOCK", 51 * 7)
    np.testing.assert_array_equal(
        mp.Instance.random(N=51, alpha=2.0, rng=7).patterns, whole
    )


def test_random_counts_patterns_per_weight():
    tree = mp.Instance.random(N=45, alpha=2.0, K=5, rng=0)
    assert (tree.n, tree.N, tree.M, tree.alpha) == (9, 45, 90, 2.0)
    full = mp.Instance.random(N=45, alpha=2.0, K=5, tree=False, rng=0)
    assert (full.n, full.N, full.M, full.alpha) == (45, 225, 450, 2.0)


@pytest.mark.parametrize("weights", ["binary", "continuous"])
@pytest.mark.parametrize("machine", MACHINES[:6])
def test_teacher_fits_its_instance(machine, weights):
    # even n and K: some fields are zero and some votes are ties, and drawn again
    instance, teacher = mp.Instance.teacher(24, 3.0, weights=weights, rng=1, **machine)
    assert teacher.shape == (instance.K, instance.n)
    assert instance.errors(teacher) == 0
    assert 0.2 < np.mean(instance.labels == 1) < 0.8
    np.testing.assert_allclose(np.sum(teacher**2, axis=1), instance.n)


def test_instance_keeps_its_own_arrays():
    patterns = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (4, 3))
    instance = mp.Instance(patterns, np.ones(4))
    kept = patterns.copy()
    patterns[:] *= -1
    np.testing.assert_array_equal(instance.patterns, kept)
    with pytest.raises(ValueError, match="read-only"):
        instance.patterns[0, 0] = 1


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.npz"])
@pytest.mark.parametrize("kind", [np.int8, np.float64, np.float32])
def test_save_and_load_give_the_instance_back(tmp_path, name, kind):
    rng = np.random.default_rng(3)
    patterns = rng.choice([-1, 1], (20, 9)).astype(kind)
    if kind != np.int8:
        patterns *= rng.standard_normal((20, 9)).astype(kind)
    instance = mp.Instance(patterns, rng.choice([-1, 1], 20), K=3)
    instance.save(tmp_path / name)
    if name.endswith("npz"):
        back = mp.Instance.load(tmp_path / name)
        np.testing.assert_array_equal(back.labels, instance.labels)
        np.testing.assert_array_equal(back.patterns, instance.patterns)
        assert back.patterns.dtype == kind
    else:
        back = mp.Instance.load(tmp_path / name, K=3)
        np.testing.assert_array_equal(back.patterns, instance.absorbed())
    assert (back.K, back.tree, back.rule, back.kappa) == (3, True, "majority", 0.0)


def test_load_reads_floats_that_are_signs(tmp_path):
    (tmp_path / "a.txt").write_text("1.0 -1.0 1.0\n-1 +1 -1")
    instance = mp.Instance.load(tmp_path / "a.txt")
    np.testing.assert_array_equal(instance.patterns, [[1, -1, 1], [-1, 1, -1]])
    assert instance.patterns.dtype == np.int8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 -1 1\n1 -1\n", "line 2: 2 numbers, expected 3"),
        ("1 -1 1\n1 -1 1\n1 -", "line 3: could not convert string to float: '-'"),
        ("1 -1 1\n\n1 1 1\n", "line 2: 0 numbers, expected 3"),
        ("1 -1 x\n", "line 1: could not convert"),
        ("1 -1 1\n1 nan 1\n", "line 2: a nan or infinity"),
        ("", "line 1: no pattern"),
    ],
)
def test_load_names_the_line_that_is_wrong(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        mp.Instance.load(tmp_path / "a.txt")


def test_load_refuses_truncated_and_wrong_files(tmp_path):
    instance = mp.Instance.random(N=99, alpha=3.0, rng=0)
    for name, message in (("a.txt.gz", "line [0-9]+: "), ("a.npz", "a.npz: ")):
        path = tmp_path / name
        instance.save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(ValueError, match=message):
            mp.Instance.load(path)
    rest = {"labels": instance.labels, "tree": True, "rule": "majority", "kappa": 0.0}
    for more, message in (
        ({}, "b.npz: it has no labels, K, tree, rule, kappa"),
        ({"K": [1, 1], **rest}, r"b.npz: K must be one value, given \[1 1\]"),
        ({"K": 2, **rest}, "b.npz: Instance: K must divide"),
        ({"K": 1, **rest, "tree": "yes"}, "b.npz: Instance: tree must be True or"),
    ):
        np.savez(tmp_path / "b.npz", patterns=instance.patterns, **more)
        with pytest.raises(ValueError, match=message):
            mp.Instance.load(tmp_path / "b.npz")
    (tmp_path / "b.npz").write_text("1 1 1\n")
    with pytest.raises(ValueError, match=r"b.npz: not a .npz file"):
        mp.Instance.load(tmp_path / "b.npz")
    (tmp_path / "c.txt.gz").write_text("1 1 1\n")
    with pytest.raises(ValueError, match="line 1: Not a gzipped file"):
        mp.Instance.load(tmp_path / "c.txt.gz")
    with gzip.open(tmp_path / "d.txt.gz", "wb") as file:
        file.write(b"1 1\n\xff\xfe 1\n")
    with pytest.raises(ValueError, match=r"line [12]: 'ascii' codec"):
        mp.Instance.load(tmp_path / "d.txt.gz")
    with pytest.raises(ValueError, match=r"must end in .txt, .txt.gz or .npz"):
        mp.Instance.load(tmp_path / "e.csv")
    with pytest.raises(FileNotFoundError):
        mp.Instance.load(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="says by itself what K is"):
        mp.Instance.load(tmp_path / "a.npz", K=3)


def test_load_of_a_damaged_file_gives_the_instance_or_says_so(tmp_path):
    instance = mp.Instance.random(N=12, alpha=1.0, K=3, rng=0)
    instance.save(tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    for k in range(0, len(whole), 3):
        damaged = whole[:k] + bytes([whole[k] ^ 0xFF]) + whole[k + 1 :]
        (tmp_path / "b.npz").write_bytes(damaged)
        try:
            back = mp.Instance.load(tmp_path / "b.npz")
        except ValueError as error:
            assert re.search("b.npz: .", str(error))
        else:
            np.testing.assert_array_equal(back.patterns, instance.patterns)


def test_instance_does_not_share_what_others_may_write():
    patterns = np.ones((2, 3), np.int8)
    view = patterns[:]
    view.flags.writeable = False
    instance = mp.Instance(view, [1, 1])
    patterns[0, 0] = -1
    assert instance.patterns[0, 0] == 1


def test_save_refuses_labels_that_text_cannot_hold(tmp_path):
    parity = mp.Instance.random(N=9, alpha=2.0, K=3, rule="parity", rng=0)
    with pytest.raises(ValueError, match="text files have no labels"):
        parity.save(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="rule must not be parity"):
        parity.absorbed()


def signs(*shape):
    return np.ones(shape, np.int8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mp.Instance(signs(2, 3), [1, 0]),
            ValueError,
            "labels must be .-1, given 0",
        ),
        (
            lambda: mp.Instance(signs(2, 3), [1, np.nan]),
            ValueError,
            "labels must be .-1, given nan",
        ),
        (
            lambda: mp.Instance(signs(2, 3), [1]),
            ValueError,
            "1 labels and 2 patterns",
        ),
        (lambda: mp.Instance(signs(2, 3), 1), ValueError, "labels must be a non-empty"),
        (
            lambda: mp.Instance([[0.5, np.nan]], [1]),
            ValueError,
            "nan or infinity in pattern 0",
        ),
        (lambda: mp.Instance([[1, 0]], [1]), ValueError, r".-1 or floats, given .* 0"),
        (lambda: mp.Instance([[1, 1], [1]], [1]), TypeError, "different lengths"),
        (lambda: mp.Instance([["a"]], [1]), TypeError, "array of numbers"),
        (lambda: mp.Instance([1, 1], [1]), ValueError, r"2 dimensions, given shape"),
        (lambda: mp.Instance(signs(0, 3), []), ValueError, "non-empty"),
        (
            lambda: mp.Instance(signs(2, 4), [1, 1], K=3),
            ValueError,
            "K must divide the number of inputs",
        ),
        (lambda: mp.Instance(signs(2, 4), [1, 1], K=0), ValueError, "K must be in"),
        (lambda: mp.Instance(signs(2, 4), [1, 1], K=2.0), TypeError, "an integer"),
        (lambda: mp.Instance(signs(1, 1), [1], tree=1), TypeError, "True or False"),
        (lambda: mp.Instance(signs(1, 1), [1], rule="or"), ValueError, "one of"),
        (
            lambda: mp.Instance(signs(1, 1), [1], rule="symmetric"),
            ValueError,
            "kappa must be > 0",
        ),
        (
            lambda: mp.Instance(signs(1, 3), [1], K=3, kappa=0.1),
            ValueError,
            "kappa must be 0",
        ),
        (
            lambda: mp.Instance(signs(1, 3), [1], K=3, rule="symmetric", kappa=1),
            ValueError,
            "K must be 1",
        ),
        (
            lambda: mp.Instance.random(N=10, alpha=1.0, K=3),
            ValueError,
            "K must divide N",
        ),
        (
            lambda: mp.Instance.random(N=10, alpha=np.nan),
            ValueError,
            "alpha must be finite",
        ),
        (
            lambda: mp.Instance.random(N=10, alpha=0.01),
            ValueError,
            "alpha must give 1 to 2.31 patterns",
        ),
        (
            lambda: mp.Instance.teacher(9, 1.0, rule="symmetric"),
            ValueError,
            "majority or parity",
        ),
        (
            lambda: mp.Instance.teacher(9, 1.0, weights="ternary"),
            ValueError,
            "one of binary, continuous",
        ),
        (
            lambda: mp.Instance(signs(2, 3), [1, 1]).errors([1, 1]),
            ValueError,
            "1 x 3 entries",
        ),
        (
            lambda: mp.Instance(signs(2, 3), [1, 1]).fields([1, 1, np.nan]),
            ValueError,
            "must not be nan",
        ),
    ],
)
def test_instance_refuses_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
