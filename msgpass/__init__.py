"""Message passing on one finite instance.

An `Instance` holds patterns, labels and the machine that must fit them. Weights are
arrays (K, n); entropies are in nats per weight, alpha is patterns per weight.
"""

from msgpass.amp import amp
from msgpass.bp import bp
from msgpass.focusing import Focused, focusing_bp
from msgpass.instance import Instance
from msgpass.local_entropy import local_entropy
from msgpass.protocols import (
    FreeScoping,
    PseudoReinforcement,
    Scoping,
    StandardReinforcement,
)
from msgpass.results import Beliefs, Evolution
from msgpass.state_evolution import state_evolution

__all__ = [
    "Beliefs",
    "Evolution",
    "Focused",
    "FreeScoping",
    "Instance",
    "PseudoReinforcement",
    "Scoping",
    "StandardReinforcement",
    "amp",
    "bp",
    "focusing_bp",
    "local_entropy",
    "state_evolution",
]
