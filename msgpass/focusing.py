"""Focusing belief propagation: solutions in wide flat minima of one instance.

The replicas' coupling grows along a protocol, a few sweeps a step, and the messages
follow; docs/focusing.md (FB11)-(FB22).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tqdm import tqdm

from msgpass.amp import Amp
from msgpass.bp import FACTORS, bp_engine
from msgpass.instance import require_instance
from msgpass.observe import Observer
from msgpass.protocols import PseudoReinforcement, Scoping, coupling
from replicas import check

__all__ = ["Focused", "focusing_bp"]

RETRIES = 12  # times that a step is refined after a blow-up
JUMP = 0.5  # change of a mean in one sweep that is a blow-up, or an oscillation
TOP = 0.98  # damping


@dataclass(frozen=True, eq=False)
class Focused:
    """What focusing found.

    weights : (K, n), +-1, or continuous of norm sqrt(n) in each unit: the last ones
        without error, else the best ones.
    solved : they make no error; errors : how many they make.
    history : dict of arrays along the protocol: gamma, y, errors, q, q_centre,
        centre_overlap, free_entropy, local_entropy (nan unless asked for), residual,
        damping, sweeps (in all).
    sweeps : number of sweeps; message : why it stopped; state : messages to go on from.
    """

    weights: np.ndarray
    solved: bool
    errors: int
    history: dict[str, np.ndarray]
    sweeps: int
    message: str
    state: Any = field(default=None, repr=False)


def focusing_bp(
    instance,
    weights="continuous",
    *,
    protocol=None,
    method="amp",
    factor="gaussian",
    sweeps=None,
    damping=None,
    until=None,
    entropies=False,
    noise=None,
    rng=0,
    threads=1,
    state=None,
    callback=None,
    progress=False,
):
    r"""Solutions of an instance in regions with many others around.

    Parameters
    ----------
    instance : Instance; correlated patterns want method "bp".
    weights : "continuous" or "binary".
    protocol : iterable of (gamma, y), see msgpass.protocols; by default
        `PseudoReinforcement()` for the binary perceptron, `Scoping` with y = 10 up to
        gamma = 2.5 for other binary machines, `Scoping()` for continuous weights.
    method : "amp", or "bp" with a message on every edge and the `factor` of `bp`.
    sweeps : sweeps a step; by default 5 (binary) or 10.
    damping : share of the old messages in the new ones, in [0, 1); by default 0.8, 0.9
        for committees of binary weights and fully connected ones. It grows by itself
        when the messages blow up: the run goes back one step and takes a smaller one.
    until : "solved" (default for binary weights): stop at the first weights without
        errors; "end": go on for flatness.
    entropies : record the free and the local entropy too (a sweep more a step), of the
        messages at hand: near a fixed point if the protocol is slow, see the residual;
        nan where that exceeds 1 or binary weights are nearly certain and wrong.
    noise : standard deviation of the random fields to start from; by default 0.01, 0.1
        for binary weights fully connected. rng : its seed, and that of the order in bp.
    threads : as in `amp`.
    state : `Focused.state` of an earlier run, to go on from.
    callback : called after every step with a dict of what `history` records; True
        stops there.
    progress : show a progress bar.

    Returns
    -------
    Focused : a run that is stopped or cannot go on returns what there is.

    Source: docs/focusing.md.
    """
    require_instance("focusing_bp", instance)
    check.choice("focusing_bp", "weights", weights, ("continuous", "binary"))
    binary, committee = weights == "binary", instance.K > 1
    check.choice("focusing_bp", "method", method, ("amp", "bp"))
    check.choice("focusing_bp", "factor", factor, FACTORS)
    if method == "amp" and factor != "gaussian":
        raise ValueError(
            f"focusing_bp: factor must be gaussian for method amp, given {factor!r}"
        )
    until = ("solved" if binary else "end") if until is None else until
    check.choice("focusing_bp", "until", until, ("solved", "end"))
    sweeps = (5 if binary else 10) if sweeps is None else sweeps
    check.integer("focusing_bp", "sweeps", sweeps, 1, 1 << 30)
    if damping is None:
        damping = 0.9 if (binary and committee) or not instance.tree else 0.8
    check.number("focusing_bp", "damping", damping, "in [0, 1)", lambda x: 0 <= x < 1)
    if noise is None:
        noise = 0.1 if binary and not instance.tree else 0.01
    check.number("focusing_bp", "noise", noise, ">= 0", lambda x: 0 <= x < np.inf)
    protocol = _protocol(binary, committee) if protocol is None else protocol
    check.callback("focusing_bp", callback)
    check.flag("focusing_bp", "entropies", entropies)
    check.flag("focusing_bp", "progress", progress)
    if not isinstance(protocol, Iterable) or getattr(protocol, "ndim", 1) == 0:
        raise TypeError(
            "focusing_bp: protocol must be an iterable of pairs (gamma, y), "
            f"given {protocol!r}"
        )
    if method == "amp":
        engine = Amp(instance, weights, function="focusing_bp", threads=threads)
    else:
        engine = bp_engine(
            "focusing_bp", instance, weights, factor=factor, norm="unit", rng=rng
        )
    if state is not None:
        state = engine.resume(state)
    elif method == "amp":
        state = engine.start(noise=noise, rng=rng)
    else:
        state = engine.start(noise=noise)
    run = _Run(engine, state, Observer(instance, binary, entropies), sweeps, damping)
    steps = tqdm(protocol, disable=not progress, desc="focusing_bp", leave=False)
    message = run.follow(steps, until == "solved", callback)
    return run.result(message)


def _protocol(binary, committee):
    if not binary:
        return Scoping()
    return Scoping(np.linspace(0, 2.5, 401)[1:]) if committee else PseudoReinforcement()


def _coupling(pair):
    """One step of a protocol, as floats."""
    try:
        gamma, y = pair
    except (TypeError, ValueError):
        raise ValueError(
            f"focusing_bp: protocol must give pairs (gamma, y), given {pair!r}"
        ) from None
    return coupling("focusing_bp", gamma, y)


class _Run:
    """Messages on their way along a protocol."""

    def __init__(self, engine, state, observer, sweeps, damping):
        self.engine, self.state, self.observer = engine, state, observer
        self.sweeps, self.damping, self.total = sweeps, damping, 0
        self.retries, self.residual, self.here = 0, np.inf, None
        self.rows = []

    def follow(self, steps, stop, callback):
        """Go through the steps; returns why it ended."""
        for pair in steps:
            gamma, y = _coupling(pair)
            if not self.reach(gamma, y):
                return f"the messages blow up at gamma = {gamma:g}, y = {y:g}"
            row = self.observer.row(self.engine, self.state, gamma, y, self.residual)
            row |= {"residual": self.residual, "damping": self.damping}
            row |= {"sweeps": self.total}
            self.rows.append(row)
            if stop and row["errors"] == 0:
                return "solved"
            if callback is not None and callback(dict(row)):
                return "stopped by the callback"
        if not self.rows:
            raise ValueError("focusing_bp: protocol must not be empty")
        return "end of the protocol"

    def reach(self, gamma, y):
        """Sweeps at (gamma, y); after a blow-up from the last good messages, damped
        more and by way of a point in between."""
        targets = [(gamma, y)]
        while targets:
            good, last = self.state.copy(), self.residual
            if self.visit(*targets[-1]):
                self.here = targets.pop()
                continue
            self.retries += 1
            if self.retries > RETRIES:
                self.state = good
                return False
            self.state, self.residual = good, last
            self.damping = min(0.5 * (1 + self.damping), TOP)
            if self.here is not None and np.isfinite(gamma):
                middle = np.mean([self.here, targets[-1]], axis=0)
                targets.append((float(middle[0]), float(middle[1])))
        return True

    def visit(self, gamma, y):
        """A few sweeps at (gamma, y): False if they blow up."""
        for _ in range(self.sweeps):
            self.residual = self.engine.step(
                self.state, damping=self.damping, gamma=gamma, y=y
            )
            self.total += 1
            if not np.isfinite(self.residual):
                return False
        jump = self.residual * (1 - self.damping)
        return jump <= JUMP or self.damping >= TOP

    def result(self, message):
        best = self.observer.best[0]
        errors = self.observer.instance.errors(best) if self.rows else None
        names = self.rows[0] if self.rows else ()
        history = {name: np.array([row[name] for row in self.rows]) for name in names}
        return Focused(
            best, errors == 0, errors, history, self.total, message, self.state
        )
