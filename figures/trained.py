"""Tasks of the figures on what algorithms find: train, then measure, as a `Series`."""

import os

import numpy as np

import learners
import msgpass as mp
import replicas as rp
from figures import curves, style
from figures.dataset import Series
from learners import images

__all__ = [
    "ALGORITHMS",
    "COLOURS",
    "flatness_of_images",
    "noise_of_images",
    "solution_entropy",
    "solution_spectrum",
    "success",
    "wide_centre",
]

ALGORITHMS = ("fBP", "ceSGD-slow", "eLAL", "ceSGD-fast", "LAL")
COLOURS = dict(zip(ALGORITHMS, style.COLOURS, strict=False))
EPOCHS_A_START = {"fast": 400, "slow": 600}  # ceSGD may stall, and then starts again
# patterns of one class are alike: their gradients add up, and soft units must stay so
IMAGE_RATE = 0.03
IMAGE_ATTRACTION = 0.1
IMAGE_FAST = learners.Schedule(1.0, 1.0, 1.01, cap=3.0)
IMAGE_SLOW = learners.Schedule(0.5, 0.5, 1.005, cap=3.0)


def trained(algorithm, instance, seed, *, epochs=1500, real=False):
    """Weights that the algorithm finds, (K, n), and whether they solve the instance."""
    rng = np.random.default_rng(seed)
    if algorithm == "fBP":
        found = mp.focusing_bp(instance, "continuous", rng=rng)
        return found.weights, found.solved
    if algorithm == "LAL":
        result = learners.lal(instance, rng=rng, epochs=epochs)
        return result.weights, result.solved
    if algorithm == "eLAL":
        lam = IMAGE_ATTRACTION if real else 0.003
        result = learners.elal(instance, rng=rng, epochs=epochs, lam=lam)
        return result.weights, result.solved
    schedule = algorithm.removeprefix("ceSGD-")
    start = EPOCHS_A_START[schedule]
    if real:
        schedule = IMAGE_FAST if schedule == "fast" else IMAGE_SLOW
    for _ in range(max(1, epochs // start)):
        result = learners.ce_sgd(
            instance,
            rng=rng,
            epochs=start,
            schedule=schedule,
            lr=IMAGE_RATE if real else 1.0,
        )
        if result.solved:
            break
    return result.weights, result.solved


def solution_entropy(*, algorithm, N, K, alpha, seed, distance):
    """Local entropy around a solution, by belief propagation."""
    instance = mp.Instance.random(N, alpha, K, rng=seed)
    weights, solved = trained(algorithm, instance, seed + 1)
    distance = np.asarray(distance)
    if not solved:
        nan = np.full(len(distance), np.nan)
        columns = {"distance": distance, "normalised": nan, "error": nan}
        messages = ["no solution found"] * len(distance)
    else:
        curve = mp.local_entropy(instance, weights, "continuous", distance=distance)
        columns = {
            "distance": distance,
            "normalised": curve.normalised,
            "error": curve.error,
        }
        messages = list(curve.message)
    return _series("local entropy", algorithm, seed, columns, messages)


def solution_spectrum(*, algorithm, N, K, alpha, seed):
    """All eigenvalues of the Hessian at a solution, beta = gamma = 3."""
    instance = mp.Instance.random(N, alpha, K, rng=seed)
    weights, solved = trained(algorithm, instance, seed + 1)
    spectrum = learners.hessian_spectrum(instance, weights)
    columns = {
        "eigenvalue": spectrum.eigenvalues,
        "error": np.full(instance.N, spectrum.residual),
    }
    messages = [spectrum.message if solved else "no solution found"] * instance.N
    return _series("spectrum", algorithm, seed, columns, messages)


def wide_centre(*, alpha, fractions):
    """Theory for K -> infinity, y -> infinity: the widest minima there are."""
    return curves.local_entropy(channel=rp.Wide(), alpha=alpha, fractions=fractions)


def success(*, algorithm, N, K, alpha, seeds, epochs):
    """Fraction of instances solved, at each load."""
    solved = np.array(
        [
            [
                trained(
                    algorithm,
                    mp.Instance.random(N, a, K, rng=seed),
                    seed + 1,
                    epochs=epochs,
                )[1]
                for seed in seeds
            ]
            for a in alpha
        ]
    )
    # half width of the one-sigma interval of Agresti and Coull
    share = (solved.sum(axis=1) + 0.5) / (len(seeds) + 1)
    columns = {
        "alpha": np.asarray(alpha),
        "solved": solved.mean(axis=1),
        "error": np.sqrt(share * (1 - share) / (len(seeds) + 1)),
    }
    return _series("success", algorithm, seeds[0], columns, [""] * len(alpha))


def flatness_of_images(*, algorithm, randomised, per_class, seed, distance):
    """Local energy of a committee trained on images."""
    train, _, weights, solved = _image_machine(algorithm, randomised, per_class, seed)
    energy = learners.local_energy(train, weights, np.asarray(distance), rng=seed)
    columns = {
        "distance": np.asarray(distance),
        "energy": energy.value,
        "error": energy.error,
    }
    messages = ["" if solved else "no solution found"] * len(distance)
    return _series("local energy", algorithm, seed, columns, messages, randomised)


def noise_of_images(*, algorithm, randomised, per_class, seed, flip):
    """Test error, trace of the Hessian and robustness to noise, one point."""
    train, test, weights, solved = _image_machine(
        algorithm, randomised, per_class, seed
    )
    rates = learners.pixel_rates(train.patterns, flip)
    white = learners.input_robustness(train, weights, flip, rng=seed)
    coloured = learners.input_robustness(train, weights, rates, rng=seed)
    spectrum = learners.hessian_spectrum(train, weights, largest=1)
    share = test.errors(weights) / test.M
    columns = {
        "test error": share,
        "trace": spectrum.trace,
        "largest eigenvalue": spectrum.eigenvalues[-1],
        "noise": white.value,
        "coloured noise": coloured.value,
        "error": np.sqrt(share * (1 - share) / test.M),
    }
    message = spectrum.message if solved else "no solution found"
    return _series("image", algorithm, seed, columns, [message], randomised)


def _image_machine(algorithm, randomised, per_class, seed):
    """Training and test instance, weights and whether they solve the first."""
    folder = os.environ.get(images.FOLDER)
    data = images.fashion_mnist() if folder else images.digits()
    train, test = data.split(per_class, K=9, rng=seed)
    if randomised:
        train = images.randomised(train, rng=seed)
    return train, test, *trained(algorithm, train, seed + 1, real=True)


def _series(name, algorithm, seed, columns, messages, randomised=None):
    parameters = {"curve": name, "algorithm": algorithm, "seed": float(seed)}
    if randomised is not None:
        parameters["data"] = "randomised" if randomised else "real"
    arrays = {key: np.atleast_1d(np.asarray(v, float)) for key, v in columns.items()}
    # a point that failed is nan
    bad = np.array([message != "" for message in messages])
    first = next(iter(arrays))
    for key, array in arrays.items():
        if key != first or name == "image":
            arrays[key] = np.where(bad, np.nan, array)
    title = ", ".join(str(v) for v in parameters.values())
    return Series(title, parameters, arrays, tuple(messages))
