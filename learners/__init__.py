"""Algorithms that find minima, and how flat what they found is.

Every algorithm takes an `Instance` of `msgpass` and returns a `Trained`; weights are
arrays (K, n). `images` reads real patterns.
"""

from learners import images
from learners.ce_sgd import Schedule, ce_sgd
from learners.hessian import Spectrum, hessian_spectrum
from learners.lal import elal, lal, perceptron
from learners.monte_carlo import Chain, metropolis
from learners.replicated import replicated_sgd
from learners.results import Trained
from learners.robustness import input_robustness, local_energy, pixel_rates
from learners.sampled_entropy import sampled_local_entropy

__all__ = [
    "Chain",
    "Schedule",
    "Spectrum",
    "Trained",
    "ce_sgd",
    "elal",
    "hessian_spectrum",
    "images",
    "input_robustness",
    "lal",
    "local_energy",
    "metropolis",
    "perceptron",
    "pixel_rates",
    "replicated_sgd",
    "sampled_local_entropy",
]
