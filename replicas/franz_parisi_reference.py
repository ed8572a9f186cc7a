"""Measures from which the references of the Franz-Parisi ansatz are drawn."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from replicas.channels import Loss, Perceptron, Symmetric, Tree, Wide, single_unit
from replicas.losses import freezing
from replicas.model import Model
from replicas.priors import Binary
from replicas.rs import rs
from replicas.warnings import UNSTABLE, joined

__all__ = ["Reference", "references", "require_reference"]

ALPHA_STEP = 1e-4
RESIDUAL = 1e-12


@dataclass(frozen=True)
class Reference:
    """Replica symmetric measure of the references.

    q : their overlap, eps = 1 - q; q_hat : its conjugate; stability : replicon index;
    near : the same at a load lower by ALPHA_STEP; shift : error of q in units of
    the way to there; failure : why there is none; warning : what it may not be taken
    for.
    """

    channel: Any
    q: float
    eps: float
    q_hat: float
    stability: float
    near: tuple[float, float, float]
    shift: float
    failure: str
    warning: str

    @property
    def message(self):
        """What results around the references say of them, or an empty message."""
        said = self.failure or self.warning
        return f"reference: {said}" if said else ""

    def moved(self):
        """The measure of `near`."""
        q, eps, q_hat = self.near
        return replace(self, q=q, eps=eps, q_hat=q_hat)


def require_reference(function, model, reference):
    """The model of the references; refuse one whose fields are not those of `model`."""
    if reference is None:
        return model
    if not isinstance(reference, Model):
        raise TypeError(
            f"{function}: reference must be None (typical solutions of the model) or "
            f"a Model, given {reference!r}"
        )
    if reference.prior != model.prior:
        raise ValueError(
            f"{function}: reference must have the prior {model.prior!r}, "
            f"given {reference!r}"
        )
    if _fields(reference.channel) != _fields(model.channel):
        raise ValueError(
            f"{function}: reference must have the units of {model.channel!r}, "
            f"given {reference.channel!r}"
        )
    return reference


def _fields(channel):
    """What the fields of a pattern depend on."""
    channel = single_unit(channel)
    if isinstance(channel, Wide):
        return Wide, channel.activation
    return channel if isinstance(channel, (Symmetric, Tree)) else Perceptron


def references(model, alpha):
    """`Reference` for each load of the array alpha, as a dict."""
    model = replace(model, channel=single_unit(model.channel))
    return {a: _reference(model, a) for a in map(float, np.unique(alpha))}


def _reference(model, alpha):
    found = _frozen if _freezes(model.channel) else _typical
    channel, here, near, stability, residual, failure, said = found(model, alpha)
    if stability > 1:
        said.append(f"{UNSTABLE} (index {stability:.3g})")
    return Reference(
        channel,
        *here,
        stability=stability,
        near=near,
        shift=max(np.nan_to_num(residual), RESIDUAL) / ALPHA_STEP,
        failure=failure,
        warning=joined(*said),
    )


def _freezes(channel):
    return isinstance(channel, Loss) and channel.beta is None


def _frozen(model, alpha):
    """Minimisers of a loss; near: at the same temperature."""
    f = freezing(model, alpha)
    here, near, channel = _measure(f.order), (math.nan,) * 3, model.channel
    if f.success:
        channel = replace(channel, beta=f.value)
        s = rs(replace(model, channel=channel), alpha * (1 - ALPHA_STEP))
        near = _measure(s.order)
    failure = "" if f.success else f.message
    return channel, here, near, f.order["stability"], f.residual, failure, []


def _typical(model, alpha):
    s = rs(model, np.array([alpha * (1 - ALPHA_STEP), alpha]))
    near, here = ({k: v[i] for k, v in s.order.items()} for i in (0, 1))
    said = []
    if isinstance(model.prior, Binary) and s.entropy[1] < -s.error[1]:
        said.append(f"its entropy is negative ({s.entropy[1]:.2g})")
    failure = "" if s.success[1] else str(s.message[1])
    numbers = float(s.stability[1]), float(s.residual[1])
    return model.channel, _measure(here), _measure(near), *numbers, failure, said


def _measure(order):
    """q, 1 - q and, of binary weights, q_hat."""
    return tuple(float(order.get(k, math.nan)) for k in ("q", "eps", "q_hat"))
