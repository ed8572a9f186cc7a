"""Images of two classes as patterns of +-1: docs/learners.md."""

import gzip
import math
import os
import zlib
from dataclasses import dataclass

import numpy as np

from msgpass import Instance, files
from msgpass.instance import require_instance
from replicas import check

__all__ = ["Images", "digits", "fashion_mnist", "load_npz", "randomised"]

FOLDER = "WIDEFLAT_FASHION_MNIST"  # environment variable
PARTS = ("train", "t10k")
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images of two classes.

    pixels : (M, inputs), numbers; labels : (M,) of +-1, both classes present.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        pixels = check.numbers("Images", "pixels", self.pixels)
        labels = check.numbers("Images", "labels", self.labels)
        if pixels.ndim != 2 or pixels.size == 0 or labels.shape != pixels.shape[:1]:
            raise ValueError(
                f"Images: pixels must be (M, inputs) and labels (M,), not empty, "
                f"given shapes {pixels.shape} and {labels.shape}"
            )
        if set(np.unique(labels)) != {-1.0, 1.0}:
            raise ValueError(
                f"Images: labels must be -1 and +1, both of them, "
                f"given {np.unique(labels)[:5]}"
            )
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "labels", labels.astype(np.int8))

    def binarised(self, median="image"):
        """Patterns of +-1, int8: +1 where a pixel exceeds the median.

        median : "image", of all pixels of the image; "pixel", of that pixel in all
        images.
        """
        check.choice("Images.binarised", "median", median, ("image", "pixel"))
        axis = 1 if median == "image" else 0
        level = np.median(self.pixels, axis=axis, keepdims=True)
        return np.where(self.pixels > level, 1, -1).astype(np.int8)

    def split(self, per_class, *, K=9, median="image", rng=None):
        """Training and test instances of a fully connected committee.

        per_class : training images of each class, chosen at random; the others, as
        many of one class as of the other, are the test. Returns two `Instance`.
        """
        classes = [np.flatnonzero(self.labels == sign) for sign in (1, -1)]
        least = min(map(len, classes))
        check.integer("Images.split", "K", K, 1, 1 << 20)
        check.choice("Images.split", "median", median, ("image", "pixel"))
        check.integer("Images.split", "per_class", per_class, 1, least - 1)
        rng = check.generator("Images.split", rng)
        patterns = self.binarised(median)
        classes = [rng.permutation(indices)[:least] for indices in classes]
        train = np.concatenate([indices[:per_class] for indices in classes])
        test = np.concatenate([indices[per_class:] for indices in classes])
        return tuple(
            Instance(patterns[part], self.labels[part], K, False)
            for part in (rng.permutation(train), rng.permutation(test))
        )


def randomised(instance, *, rng=None):
    """The instance with each pixel shuffled across its patterns.

    Every input keeps its bias; all correlations between inputs and with the labels go.
    """
    require_instance("randomised", instance)
    rng = check.generator("randomised", rng)
    shuffled = rng.permuted(instance.patterns, axis=0)
    return Instance(
        shuffled,
        instance.labels,
        instance.K,
        instance.tree,
        instance.rule,
        instance.kappa,
    )


def digits(classes=(3, 8)):
    """Two of scikit-learn's handwritten digits, 8 x 8 pixels, as `Images`.

    classes : the digits labelled +1 and -1. Needs scikit-learn (extra "images").
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return _two_classes("digits", bunch.data, bunch.target, classes)


def load_npz(path, classes=(3, 4)):
    """`Images` from a file with arrays "images" (M, ...) and "labels" (M,).

    classes : the labels that become +1 and -1. A file that is missing or not as
    described raises FileNotFoundError or ValueError.
    """
    path = check.path("load_npz", "path", path)
    if not path.is_file():
        raise FileNotFoundError(f"load_npz: no file {path}")
    with files.opened("load_npz", path) as file:
        data = files.read_arrays(file, ("images", "labels"))
        if data["images"].ndim < 2:
            shape = data["images"].shape
            raise ValueError(f"images must be (M, ...), given shape {shape}")
    return _two_classes("load_npz", data["images"], data["labels"], classes)


def fashion_mnist(folder=None, classes=(3, 4)):
    """Two classes of Fashion-MNIST from its original IDX files, as `Images`.

    folder : where train- and t10k-images-idx3-ubyte and -labels-idx1-ubyte are, plain
        or .gz; None: the environment variable WIDEFLAT_FASHION_MNIST. All 70000 images
        are read.
    classes : labelled +1 and -1; 3 and 4 are dresses and coats.

    A file that is missing raises FileNotFoundError, a corrupt one ValueError with what
    was expected.
    """
    folder = os.environ.get(FOLDER) if folder is None else folder
    if folder is None:
        raise ValueError(
            f"fashion_mnist: folder must be given, or the environment variable {FOLDER}"
        )
    folder = check.path("fashion_mnist", "folder", folder)
    images = [_read_idx(folder, f"{part}-images-idx3-ubyte", 3) for part in PARTS]
    labels = [_read_idx(folder, f"{part}-labels-idx1-ubyte", 1) for part in PARTS]
    for part, pictures, names in zip(PARTS, images, labels, strict=True):
        if len(pictures) != len(names):
            raise ValueError(
                f"fashion_mnist: {part} must have one label an image, given "
                f"{len(names)} labels and {len(pictures)} images"
            )
    sizes = [pictures.shape[1:] for pictures in images]
    if sizes[0] != sizes[1]:
        raise ValueError(f"fashion_mnist: images must have one size, given {sizes}")
    return _two_classes(
        "fashion_mnist", np.concatenate(images), np.concatenate(labels), classes
    )


def _two_classes(function, images, labels, classes):
    plus, minus = _class_pair(function, classes)
    labels = np.asarray(labels)
    if len(images) != len(labels) or labels.ndim != 1:
        raise ValueError(
            f"{function}: labels must be one for each image, given shape "
            f"{labels.shape} for {len(images)} images"
        )
    for name in (plus, minus):
        if not (labels == name).any():
            raise ValueError(
                f"{function}: classes must be labels of the data, given {name}, "
                f"not one of {np.unique(labels)[:20]}"
            )
    chosen = np.flatnonzero((labels == plus) | (labels == minus))
    pixels = np.asarray(images)[chosen].reshape(len(chosen), -1)
    return Images(pixels, np.where(labels[chosen] == plus, 1, -1))


def _class_pair(function, classes):
    pair = tuple(classes) if np.iterable(classes) else ()
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ValueError(
            f"{function}: classes must be two different labels, given {classes!r}"
        )
    return pair


def _read_idx(folder, name, dimensions):
    """Unsigned bytes of an IDX file, which may be compressed."""
    paths = [folder / name, folder / f"{name}.gz"]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"fashion_mnist: neither {paths[0]} nor {paths[1]}")
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data[:2] == GZIP else data
    except (OSError, EOFError, zlib.error) as failure:
        raise ValueError(f"fashion_mnist: {path} is corrupt: {failure}") from failure
    magic, start = bytes([0, 0, 8, dimensions]), 4 + 4 * dimensions
    if data[:4] != magic or len(data) < start:
        raise ValueError(
            f"fashion_mnist: {path} must begin with {magic.hex()}, an IDX file of "
            f"bytes with {dimensions} dimensions, given {data[:4].hex()}"
        )
    shape = tuple(np.frombuffer(data, ">u4", dimensions, offset=4).tolist())
    if len(data) - start != math.prod(shape):
        raise ValueError(
            f"fashion_mnist: {path} must have {math.prod(shape)} bytes of data for "
            f"shape {shape}, given {len(data) - start}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
