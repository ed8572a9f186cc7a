"""Loaders of images: IDX and npz files, binarisation, splits."""

import gzip
import struct

import numpy as np
import pytest

from learners import images
from msgpass import Instance

PARTS = {"train": 30, "t10k": 12}


def idx(array):
    head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in PARTS.items():
        pictures = rng.integers(0, 256, (count, 4, 4))
        labels = np.arange(count) % 3
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(pictures))
        data = gzip.compress(idx(labels))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(data)
    return tmp_path


def test_fashion_mnist_reads_plain_and_compressed_files(folder, monkeypatch):
    data = images.fashion_mnist(folder, classes=(2, 0))
    assert data.pixels.shape == (28, 16)
    assert np.count_nonzero(data.labels == 1) == 14
    monkeypatch.setenv("WIDEFLAT_FASHION_MNIST", str(folder))
    again = images.fashion_mnist(classes=(2, 0))
    np.testing.assert_array_equal(data.pixels, again.pixels)
    monkeypatch.delenv("WIDEFLAT_FASHION_MNIST")
    with pytest.raises(ValueError, match="WIDEFLAT_FASHION_MNIST"):
        images.fashion_mnist()


def test_fashion_mnist_says_what_is_wrong_with_a_file(folder):
    name = "train-images-idx3-ubyte"
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-5])
    with pytest.raises(ValueError, match=rf"{name} must have 480 bytes.*given 475"):
        images.fashion_mnist(folder)
    (folder / name).write_bytes(b"\x00\x00\x08\x01" + whole[4:])
    with pytest.raises(ValueError, match=rf"{name} must begin with 00000803"):
        images.fashion_mnist(folder)
    (folder / name).write_bytes(gzip.compress(whole)[:-9])
    with pytest.raises(ValueError, match=rf"{name} is corrupt"):
        images.fashion_mnist(folder)
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        images.fashion_mnist(folder)


def test_fashion_mnist_refuses_images_of_two_sizes(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((12, 3, 3))))
    with pytest.raises(ValueError, match="images must have one size"):
        images.fashion_mnist(folder)


def test_fashion_mnist_refuses_labels_that_do_not_fit(folder):
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(5)))
    with pytest.raises(ValueError, match="t10k must have one label an image"):
        images.fashion_mnist(folder)


def test_load_npz_reads_two_classes(tmp_path):
    path = tmp_path / "a.npz"
    pictures = np.arange(2 * 5 * 4).reshape(10, 2, 2)
    np.savez(path, images=pictures, labels=np.arange(10) % 5)
    data = images.load_npz(path, classes=(3, 4))
    np.testing.assert_array_equal(data.labels, [1, -1, 1, -1])
    np.testing.assert_array_equal(data.pixels[0], pictures[3].ravel())
    with pytest.raises(ValueError, match="given 7, not one of"):
        images.load_npz(path, classes=(3, 7))
    with pytest.raises(ValueError, match="two different labels"):
        images.load_npz(path, classes=(3, 3))
    with pytest.raises(FileNotFoundError, match=r"b\.npz"):
        images.load_npz(tmp_path / "b.npz")
    for wrong in (path.read_bytes()[:100], b"", b"no zip"):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"a\.npz: not a \.npz file"):
            images.load_npz(path)
    np.savez(path, pictures=pictures, labels=5)
    with pytest.raises(ValueError, match=r"a\.npz: it has no images"):
        images.load_npz(path)
    np.savez(path, images=5, labels=5)
    with pytest.raises(ValueError, match=r"a\.npz: images must be \(M, \.\.\.\)"):
        images.load_npz(path)


def test_binarised_splits_at_the_median():
    pixels = np.random.default_rng(1).random((20, 10))
    data = images.Images(pixels, np.tile([1, -1], 10))
    assert (data.binarised("image").sum(axis=1) == 0).all()
    assert (data.binarised("pixel").sum(axis=0) == 0).all()
    with pytest.raises(ValueError, match="median must be"):
        data.binarised("row")


def test_split_is_balanced_disjoint_and_repeatable():
    pixels = np.random.default_rng(1).random((25, 40))
    data = images.Images(pixels, np.where(np.arange(25) < 10, 1, -1))
    train, test = data.split(6, K=3, rng=1)
    assert (train.M, test.M) == (12, 8)
    assert train.labels.sum() == test.labels.sum() == 0
    assert not train.tree and train.n == 40
    seen = {pattern.tobytes() for pattern in train.patterns}
    assert not any(pattern.tobytes() in seen for pattern in test.patterns)
    again, _ = data.split(6, K=3, rng=1)
    np.testing.assert_array_equal(train.patterns, again.patterns)
    with pytest.raises(ValueError, match="per_class must be"):
        data.split(10)


def test_randomised_keeps_the_bias_of_each_pixel():
    instance = Instance.random(50, 0.4, 1, rng=1)
    shuffled = images.randomised(instance, rng=2)
    np.testing.assert_array_equal(
        shuffled.patterns.sum(axis=0), instance.patterns.sum(axis=0)
    )
    assert not np.array_equal(shuffled.patterns, instance.patterns)


@pytest.mark.parametrize(
    ("pixels", "labels", "match"),
    [
        (np.ones((3, 2)), [1, 1, 1], "both of them"),
        (np.ones((3, 2)), [1, -1, 0], "both of them"),
        (np.ones((0, 2)), [], "not empty"),
        (np.ones((3, 2)), [1, -1], "given shapes"),
        (np.full((2, 2), np.nan), [1, -1], "pixels"),
    ],
)
def test_images_refuse_bad_data(pixels, labels, match):
    with pytest.raises(ValueError, match=match):
        images.Images(pixels, labels)


def test_digits_are_two_classes_of_images():
    pytest.importorskip("sklearn")
    data = images.digits((3, 8))
    assert data.pixels.shape == (357, 64)
    assert data.pixels.max() == 16
