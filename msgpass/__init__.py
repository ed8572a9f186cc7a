"""Message passing on one finite instance.

An `Instance` holds patterns, labels and the machine that must fit them. Weights are
arrays (K, n); entropies are in nats per weight, alpha is patterns per weight.
"""

from msgpass.amp import amp
from msgpass.instance import Instance
from msgpass.results import Beliefs

__all__ = ["Beliefs", "Instance", "amp"]
