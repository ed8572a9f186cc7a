"""Sweeps of full belief propagation, time for each message."""

from functools import partial

import numpy as np

import msgpass as mp
from benchmarks import plain_bp
from benchmarks.table import Row
from msgpass.bp import bp_engine

START = 5  # sweeps before, so that messages are those of a run


def rows():
    for N, K, M in ((999, 1, 999), (999, 9, 999), (2997, 9, 2997)):
        inst = mp.Instance.random(N, M / N, K, rng=0)
        ours, state = _ours(inst, "continuous")
        exact, x = _once(inst, "continuous"), inst.patterns.reshape(M, K, -1)
        twin = partial(
            plain_bp.sweep_continuous, x.astype(float), state.fields.copy(),
            state.precision.copy(), state.edges.copy(), state.A[..., None].copy(),
        )  # fmt: skip
        yield Row(
            f"BP sweep, continuous K={K} N={N}",
            exact,
            ours,
            twin if M < 2000 else None,
            None,
            limit=1.5e-9,
            points=inst.N * inst.M,
            note="per message",
        )
    twins = {
        "gaussian": plain_bp.sweep_perceptron,
        "expanded": plain_bp.sweep_expanded,
    }
    for K, factor in ((1, "gaussian"), (9, "gaussian"), (1, "expanded")):
        inst = mp.Instance.random(1001 if K == 1 else 2997, 0.5, K, rng=0)
        ours, state = _ours(inst, "binary", factor=factor)
        twin = partial(
            twins[factor], inst.patterns.astype(float), state.fields[0].copy(),
            state.edges[:, 0].copy(),
        )  # fmt: skip
        yield Row(
            f"BP sweep, binary {factor} K={K} N={inst.N}",
            _once(inst, "binary", factor=factor),
            ours,
            twin if K == 1 else None,
            None,
            limit=8e-9,
            points=inst.N * inst.M,
            note="per message",
        )
    inst = mp.Instance.random(321, 0.2, rng=0)
    yield Row(
        "BP sweep, binary exact N=321",
        _once(inst, "binary", factor="exact"),
        _ours(inst, "binary", factor="exact")[0],
        None,
        None,
        points=inst.N * inst.M,
        note="per message",
    )
    inst = mp.Instance.random(1001, 0.7, rng=0)
    yield Row(
        "focusing, binary perceptron alpha=0.7",
        0,
        lambda: mp.focusing_bp(inst, "binary").errors,
        None,
        None,
        limit=7.0,
        note="N=1001, to the solution; error: patterns",
    )


def _ours(inst, weights, **options):
    """One more sweep over the patterns in order; and the state it starts from."""
    engine = bp_engine("bench", inst, weights, rng=0, **options)
    state, order = engine.start(), np.arange(inst.M)
    for _ in range(START):
        engine.step(state, damping=0.0)
    if weights == "continuous":
        _fix_norm(engine, state)

    def sweep():
        engine.visit(state, order, 0.0)
        return state.fields

    return sweep, state


def _fix_norm(engine, state):
    """The twin has lam = 1."""
    state.lam[:] = 1
    engine.take_sums(state)


def _once(inst, weights, **options):
    """The fields after the first of those sweeps."""
    return _ours(inst, weights, **options)[0]().copy()
