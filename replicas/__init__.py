"""Replica theory of neural networks at N -> infinity.

A model is a prior on the weights and a channel; every solver combines them with an
ansatz for the overlaps of the replicas. Entropies are in nats per weight, alpha is
patterns per weight, distances are (1 - overlap)/2.
"""

from replicas import reference
from replicas.capacity import capacity
from replicas.channels import Loss, Perceptron, Symmetric, Tree, Wide
from replicas.envelope import envelope
from replicas.equilibrium import equilibrium
from replicas.first_moment import first_moment
from replicas.franz_parisi import franz_parisi
from replicas.isolation import isolation_distance
from replicas.kernels import Kernel
from replicas.local_entropy import local_entropy
from replicas.losses import freezing
from replicas.margin import largest_margin
from replicas.model import Model
from replicas.monotonic_load import monotonic_load
from replicas.one_rsb import one_rsb
from replicas.parity import parity_transitions
from replicas.priors import Binary, Spherical
from replicas.results import Curve, Estimate, Saddle
from replicas.robustness import Robustness, flip_error
from replicas.rs import rs
from replicas.second_moment import second_moment
from replicas.stability import at_line
from replicas.stochastic import stochastic
from replicas.teacher import teacher_student, teacher_transitions

__all__ = [
    "Binary",
    "Curve",
    "Estimate",
    "Kernel",
    "Loss",
    "Model",
    "Perceptron",
    "Robustness",
    "Saddle",
    "Spherical",
    "Symmetric",
    "Tree",
    "Wide",
    "at_line",
    "capacity",
    "envelope",
    "equilibrium",
    "first_moment",
    "flip_error",
    "franz_parisi",
    "freezing",
    "isolation_distance",
    "largest_margin",
    "local_entropy",
    "monotonic_load",
    "one_rsb",
    "parity_transitions",
    "reference",
    "rs",
    "second_moment",
    "stochastic",
    "teacher_student",
    "teacher_transitions",
]
