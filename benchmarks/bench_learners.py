"""An epoch of each training algorithm, on one core."""

import numpy as np

from benchmarks.plain_learners import CESGD, elal_epoch, lal_epoch
from benchmarks.table import Row
from learners import _ce_sgd, _lal
from learners.ce_sgd import Batches
from msgpass import Instance

BATCH, BETA, GAMMA = 100, 2.0, 2.0


def rows():
    yield _lal_row("LAL epoch, tree K=9 N=M=999", 999, 1.0, True, limit=3e-3)
    yield _lal_row("LAL epoch, full K=9 n=111 M=999", 111, 1.0, False)
    yield _elal_row("eLAL epoch y=10, tree K=9 N=M=999", 999, 1.0, True)
    yield _ce_row("CE-SGD epoch, tree K=9 N=M=999", 999, 1.0, True)
    yield _ce_row("CE-SGD epoch, full K=9 n=784 M=500", 784, 500 / 7056, False)


def _lal_row(task, N, alpha, tree, limit=None):
    inst, start = _problem(N, alpha, tree)
    order = np.random.default_rng(2).permutation(inst.M)
    weights = start.copy()
    exact = _total(lambda w: lal_epoch(w, inst.patterns, order, tree, 0.1), weights)

    def ours():
        weights[:] = start
        return _total(lambda w: _lal.epoch(w, inst.patterns, order, tree, 0.1), weights)

    def plain():
        weights[:] = start
        return _total(lambda w: lal_epoch(w, inst.patterns, order, tree, 0.1), weights)

    return Row(task, exact, ours, plain, None, target=20, limit=limit)


def _elal_row(task, N, alpha, tree):
    inst, _ = _problem(N, alpha, tree)
    rng = np.random.default_rng(3)
    start = rng.standard_normal((10, 9, inst.n))
    order = np.array([rng.permutation(inst.M) for _ in range(10)])
    machines, centre = start.copy(), np.empty((9, inst.n))
    wrong = np.empty(10, dtype=np.intp)

    def ours():
        machines[:] = start
        _lal.replicated_epoch(
            machines, centre, inst.patterns, order, tree, 0.3, 0.003, 10, 0, wrong
        )
        return machines.sum()

    def plain():
        machines[:] = start
        elal_epoch(machines, inst.patterns, order, tree, 0.3, 0.003, 10)
        return machines.sum()

    return Row(task, plain(), ours, plain, None, target=20)


def _ce_row(task, N, alpha, tree):
    inst, start = _problem(N, alpha, tree)
    order = np.random.default_rng(4).permutation(inst.M)
    weights = start.copy()
    twin = CESGD(inst.patterns, 9, inst.n, tree)
    batches = Batches(inst.patterns, inst, BATCH)

    def ours():
        weights[:] = start
        for i in range(0, inst.M, BATCH):
            batches.gradient(weights, order[i : i + BATCH], BETA, GAMMA)
            _ce_sgd.move(weights, batches.slope, 1.0)
        return weights.sum()

    def plain():
        weights[:] = start
        twin.epoch(weights, order, BATCH, BETA, GAMMA, 1.0)
        return weights.sum()

    return Row(task, plain(), ours, plain, None, target=1)


def _problem(N, alpha, tree):
    inst = Instance.random(N, alpha, 9, tree=tree, rng=1)
    return inst, np.random.default_rng(2).standard_normal((9, inst.n))


def _total(epoch, weights):
    epoch(weights)
    return weights.sum()
