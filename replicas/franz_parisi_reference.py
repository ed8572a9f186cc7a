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
    return {a: _reference(model, a) for a in map(float, np.unique(alpha))}


def _reference(model, alpha):
    if isinstance(model.channel, Loss) and model.channel.beta is None:
        frozen = freezing(model, alpha)
        if not frozen.success:
            nan = math.nan
            missing = (nan, nan, nan, nan, (nan, nan, nan), nan)
            return Reference(model.channel, *missing, frozen.message, "")
        model = replace(model, channel=replace(model.channel, beta=frozen.value))
    saddle = rs(model, np.array([alpha * (1 - ALPHA_STEP), alpha]))
    order = saddle.order
    names = ("q", "eps", "q_hat") if isinstance(model.prior, Binary) else ("q", "eps")
    near, here = (tuple(float(order[k][i]) for k in names) for i in (0, 1))
    if len(names) == 2:
        near, here = (*near, np.nan), (*here, np.nan)
    residual = float(np.nan_to_num(saddle.residual[1]))
    return Reference(
        single_unit(model.channel),
        *here,
        stability=float(saddle.stability[1]),
        near=near,
        shift=max(residual, RESIDUAL) / ALPHA_STEP,
        failure="" if saddle.success[1] else str(saddle.message[1]),
        warning=_warning(model, saddle),
    )


def _warning(model, saddle):
    said = []
    if isinstance(model.prior, Binary) and saddle.entropy[1] < -saddle.error[1]:
        said.append(f"its entropy is negative ({saddle.entropy[1]:.2g})")
    if saddle.stability[1] > 1:
        said.append(f"replica symmetry is unstable (index {saddle.stability[1]:.3g})")
    return "; ".join(said)
