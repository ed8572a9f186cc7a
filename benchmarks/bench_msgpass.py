"""An iteration of AMP, time for each weight and pattern (message)."""

import time
from functools import partial

import msgpass as mp
from benchmarks.plain_msgpass import PlainAmp
from benchmarks.table import Row
from msgpass.amp import Amp, iterate

DAMPING = 0.3


def rows():
    for N, K in ((999, 9), (999, 1), (2997, 9)):
        inst = mp.Instance.random(N, 1.0 if K > 1 else 0.8, K, rng=0)
        twin = PlainAmp(inst.patterns, K)
        ours = _settled(inst, "continuous")
        yield Row(
            f"AMP iteration, tree K={K} N={N}",
            ours().copy(),
            ours,
            _plain(twin),
            None,
            limit=0.5e-9,
            points=inst.N * inst.M,
            note="per message; plain has float64 patterns",
        )
    inst = mp.Instance.random(999, 0.5, 9, rng=0)
    ours = _settled(inst, "binary")
    yield Row(
        "AMP iteration, tree K=9 N=999, binary",
        ours().copy(),
        ours,
        None,
        None,
        limit=0.5e-9,
        points=inst.N * inst.M,
        note="per message",
    )
    inst = mp.Instance.random(9999, 5000 / 9999, 9, rng=0)
    ours = _settled(inst, "continuous")
    exact = ours().copy()
    yield Row(
        "AMP iteration, K=9 N=9999 M=5000",
        exact,
        ours,
        None,
        None,
        limit=25e-3,
        note="whole iteration",
    )
    both = _settled(inst, "continuous", threads=2)
    yield Row(
        "AMP, the same on two threads",
        exact,
        both,
        ours,
        None,
        target=1.6,
        clock=time.perf_counter,
        note="wall clock; plain is one thread of ours",
    )


def _settled(instance, weights, threads=1):
    """One more iteration at the fixed point."""
    engine = Amp(instance, weights, threads=threads)
    state = engine.start()
    run = {"fresh": True, "damping": DAMPING, "adapt": False}
    iterate(engine, state, tol=1e-11, max_sweeps=400, **run)

    def step():
        engine.step(state, damping=DAMPING)
        return state.mean

    return step


def _plain(twin):
    for _ in range(300):
        twin.step(DAMPING)
    return partial(twin.step, DAMPING)
