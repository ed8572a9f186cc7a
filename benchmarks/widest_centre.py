"""Measure the local entropy around the widest centres that sampling finds.

python -m benchmarks.widest_centre [--N 100] [--alpha 10] [--kappa -1] [--eps 0.02]

Weights on the sphere |W|^2 = N at overlap p = sqrt(1 - eps) with a centre C that satisfy
all M = alpha N patterns are sampled by R chains. The centre moves towards the chains'
mean, which never lowers its local entropy, while the margin rises to kappa. Then the
fraction of the weights at that overlap which satisfy the patterns is measured by
splitting in the margin, and printed beside the replica symmetric and broken predictions.
A sampled centre is one of many: the predictions are for the best one.
"""

import argparse
import math

import numpy as np

import replicas as rp

__all__ = ["Cap", "measure", "widen"]


class Cap:
    """Chains u (R, N), unit, orthogonal to the centre: W/sqrt(N) = p centre + s u."""

    def __init__(self, patterns, centre, p, chains, rng):
        self.patterns, self.rng = patterns, rng
        self.p, self.s = p, math.sqrt(1 - p * p)
        self.place(centre, rng.standard_normal((chains, len(centre))))

    def place(self, centre, u):
        """Put the chains u around a centre, orthogonal to it."""
        self.centre = centre / np.linalg.norm(centre)
        self.fixed = self.p * (self.patterns @ self.centre)
        self.u = self.tangent(u)
        self.moving = self.s * (self.u @ self.patterns.T)

    def tangent(self, v, away=None):
        v = v - np.outer(v @ self.centre, self.centre)
        if away is not None:
            v -= (v * away).sum(1, keepdims=True) * away
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    def smallest(self):
        """Smallest margin of each chain."""
        return (self.fixed + self.moving).min(axis=1)

    def move(self, kappa):
        """One step of each chain along a random great circle, uniform in its arc."""
        v = self.tangent(self.rng.standard_normal(self.u.shape), away=self.u)
        along = self.s * (v @ self.patterns.T)
        # a cos t + b sin t >= c: within arccos(c/r) of the circle's best angle
        r = np.hypot(self.moving, along)
        reach = np.arccos(np.clip((kappa - self.fixed) / r, -1, 1))
        best = np.arctan2(along, self.moving)
        free = kappa - self.fixed <= -r
        high = np.where(free, math.pi, best + reach).min(axis=1).clip(0, math.pi)
        low = np.where(free, -math.pi, best - reach).max(axis=1).clip(-math.pi, 0)
        t = (low + (high - low) * self.rng.random(len(low)))[:, None]
        self.u = np.cos(t) * self.u + np.sin(t) * v
        self.moving = np.cos(t) * self.moving + np.sin(t) * along

    def select(self, keep):
        """Replace the chains that are not kept by copies of kept ones."""
        kept = np.flatnonzero(keep)
        take = np.where(keep, np.arange(len(keep)), self.rng.choice(kept, len(keep)))
        self.u, self.moving = self.u[take], self.moving[take]

    def raise_margin(self, kappa, target, share):
        """The margin that a share of the chains meets, at most target; select them."""
        smallest = self.smallest()
        kappa = min(target, max(kappa, np.quantile(smallest, 1 - share)))
        keep = smallest >= kappa
        self.select(keep)
        return kappa, keep.mean()


def widen(cap, target, *, rounds, moves, rate=1.0):
    """Move the centre of `cap` to its chains' mean while the margin rises to target."""
    kappa = np.quantile(cap.smallest(), 0.3)
    cap.select(cap.smallest() >= kappa)
    history = []
    for _ in range(rounds):
        mean = np.zeros_like(cap.centre)
        for _ in range(moves):
            cap.move(kappa)
            mean += cap.u.mean(axis=0) / moves
        # the next centre: fixed point p C + s <u> along C
        u, centre = cap.u, cap.p * cap.centre + rate * cap.s * mean
        cap.place(centre, u)
        smallest = cap.smallest()
        kappa = min(kappa, np.quantile(smallest, 0.3))
        cap.select(smallest >= kappa)
        kappa, _ = cap.raise_margin(kappa, target, 0.7)
        history.append((kappa, float(np.linalg.norm(mean))))
    return kappa, history


def measure(cap, target, *, moves, share=0.5):
    """log-fraction of the cap that meets the margin, per weight: splitting in it."""
    R, N = cap.u.shape
    cap.place(cap.centre, cap.rng.standard_normal((R, N)))
    kappa, total = -math.inf, 0.0
    while kappa < target:
        kappa, kept = cap.raise_margin(kappa, target, share)
        total += math.log(kept)
        for _ in range(moves):
            cap.move(kappa)
    return total / N


def run(N, alpha, kappa, eps, *, chains, rounds, moves, seed):
    """Local entropy around one widened centre of one instance."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((round(alpha * N), N))
    cap = Cap(patterns, rng.standard_normal(N), math.sqrt(1 - eps), chains, rng)
    reached, history = widen(cap, kappa, rounds=rounds, moves=moves)
    if reached < kappa:
        return math.nan, history
    return measure(cap, kappa, moves=moves), history


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--N", type=int, default=100)
    parser.add_argument("--alpha", type=float, default=10.0)
    parser.add_argument("--kappa", type=float, default=-1.0)
    parser.add_argument("--eps", type=float, default=0.02)
    parser.add_argument("--chains", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--instances", type=int, default=4)
    a = parser.parse_args()
    model = rp.Model(rp.Spherical(), rp.Perceptron(a.kappa))
    for centre in ("rs", "1rsb", "frsb"):
        e = rp.local_entropy(model, a.alpha, a.eps / 2, centre=centre)
        print(f"{centre:>5} prediction {e.normalised:.5f} +- {e.error:.0e}")
    found = []
    for seed in range(a.instances):
        value, history = run(
            a.N,
            a.alpha,
            a.kappa,
            a.eps,
            chains=a.chains,
            rounds=a.rounds,
            moves=a.moves,
            seed=seed,
        )
        found.append(value)
        margin, drift = history[-1]
        print(f"instance {seed}: {value:.5f} margin {margin:.4f} drift {drift:.3f}")
    found = np.array(found)[np.isfinite(found)]
    if found.size:
        spread = found.std(ddof=1) / math.sqrt(found.size) if found.size > 1 else 0
        print(f"N = {a.N}: mean {found.mean():.4f} +- {spread:.4f}")


if __name__ == "__main__":
    main()
