"""Measure the local entropy around the widest centres that training finds.

python -m benchmarks.widest_centre [--N 60 120] [--alpha 10] [--kappa -1] [--eps 0.02]

The centre C minimises the smoothed number of errors, sum -log H((kappa - p h)/s),
from many starts: p = sqrt(1 - eps) is its overlap with the solutions, s^2 = eps. The
fraction of the weights at that overlap which satisfy all patterns is then measured by
splitting: chains move uniformly in the cap while the margin rises to kappa. Finally the
centre moves to the mean of the chains, which never lowers its local entropy, and the
fraction is measured again. The predictions are for the best centre: at large N a
measured value below one does not contradict it, one above does.
"""

import argparse
import math

import numpy as np
from scipy.optimize import minimize
from scipy.special import erfcx, log_ndtr

import replicas as rp

__all__ = ["Cap", "measure", "train"]


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


def train(patterns, kappa, eps, starts, rng):
    """Unit centre with the smallest smoothed number of errors of several starts."""
    p, s, N = math.sqrt(1 - eps), math.sqrt(eps), patterns.shape[1]

    def errors(w):
        norm = np.linalg.norm(w)
        c = w / norm
        b = (p * (patterns @ c) - kappa) / s
        ratio = math.sqrt(2 / math.pi) / erfcx(-math.sqrt(0.5) * b)
        slope = -(patterns.T @ ratio) * p / s
        return -log_ndtr(b).sum() / N, (slope - (slope @ c) * c) / (norm * N)

    found = [
        minimize(errors, rng.standard_normal(N), jac=True, method="L-BFGS-B")
        for _ in range(starts)
    ]
    return min(found, key=lambda result: result.fun).x


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


def run(N, alpha, kappa, eps, *, chains, starts, moves, rounds, rng):
    """Local entropy around the best centre found: (trained, after `rounds` means)."""
    patterns = rng.standard_normal((round(alpha * N), N))
    centre = train(patterns, kappa, eps, starts, rng)
    cap = Cap(patterns, centre, math.sqrt(1 - eps), chains, rng)
    values = [measure(cap, kappa, moves=moves)]
    for _ in range(rounds):
        cap.place(cap.p * cap.centre + cap.s * cap.u.mean(axis=0), cap.u)
        values.append(measure(cap, kappa, moves=moves))
    return values[0], max(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--N", type=int, nargs="*", default=[60, 120])
    parser.add_argument("--alpha", type=float, default=10.0)
    parser.add_argument("--kappa", type=float, default=-1.0)
    parser.add_argument("--eps", type=float, default=0.02)
    parser.add_argument("--chains", type=int, default=100)
    parser.add_argument("--starts", type=int, default=100)
    parser.add_argument("--moves", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--instances", type=int, default=8)
    a = parser.parse_args()
    model = rp.Model(rp.Spherical(), rp.Perceptron(a.kappa))
    for centre in ("rs", "1rsb", "frsb"):
        e = rp.local_entropy(model, a.alpha, a.eps / 2, centre=centre)
        print(f"{centre:>5} prediction {e.normalised:.5f} +- {e.error:.0e}", flush=True)
    for N in a.N:
        rows = [
            run(
                N,
                a.alpha,
                a.kappa,
                a.eps,
                chains=a.chains,
                starts=a.starts,
                moves=a.moves,
                rounds=a.rounds,
                rng=np.random.default_rng([N, seed]),
            )
            for seed in range(a.instances)
        ]
        mean = np.mean(rows, axis=0)
        spread = np.std(rows, axis=0, ddof=1) / math.sqrt(len(rows))
        print(
            f"N = {N}: trained {mean[0]:.4f} +- {spread[0]:.4f}, "
            f"widened {mean[1]:.4f} +- {spread[1]:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
