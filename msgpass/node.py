"""The output node of an instance: the channel of `replicas`, pattern by pattern."""

import replicas as rp
from msgpass._node import OutputNode
from replicas.channels import MAX_K

__all__ = ["channel_of", "output_node"]


def channel_of(function, instance):
    """Channel of `replicas` that the instance samples: `rp.Perceptron(kappa)`, ...

    A majority of even K, where a tie fits no label, is that of K + 1 units of which one
    is always negative: that tree is returned. ValueError for K > 63.
    """
    units = instance.K
    if instance.rule == "symmetric":
        return rp.Symmetric(instance.kappa)
    if units == 1:
        return rp.Perceptron(instance.kappa)
    if instance.rule == "majority":
        units += units % 2 == 0
    if units > MAX_K:
        raise ValueError(f"{function}: K must be at most {MAX_K}, given {instance.K}")
    return rp.Tree(units, instance.rule)


def output_node(function, instance):
    """Kernel of the output node, for the message-passing kernels."""
    return OutputNode(instance.K, instance.rule, channel_of(function, instance))
