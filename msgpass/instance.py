"""One finite instance: M patterns, their labels and the machine that must fit them.

A unit l has the field Delta_l = n^(-1/2) sum_i W_li xi_li over its n inputs; a unit is
positive where Delta_l > 0, so that a field of zero is negative. docs/message_passing.md
states the conventions.
"""

from dataclasses import dataclass

import numpy as np

from msgpass import _amp, files
from msgpass.arrays import (
    check_machine,
    labels_array,
    patterns_array,
    row_blocks,
    weights_array,
)
from replicas import check

__all__ = ["Instance", "require_instance"]

DRAWS = 1000  # of the patterns that a teacher does not label


@dataclass(frozen=True, eq=False)
class Instance:
    """Patterns with labels, and the machine that is to reproduce them.

    patterns : array (M, inputs); entries +-1 are kept as int8, others as float64 (or
        float32 if given so). Integers other than +-1 are refused.
    labels : array (M,) of +-1, kept as int8.
    K : number of units. In a tree each sees its own contiguous block of n = inputs / K
        inputs; fully connected (tree=False) each sees all n = inputs.
    rule : what label +1 demands of the signs of the units. "majority": more than half
        are positive, so that for even K a tie fits no label (K = 1: the perceptron);
        "parity": their product is +1; "symmetric" (K = 1): |Delta| < kappa, whatever
        the label.
    kappa : margin of the perceptron (label times Delta must exceed it), half width of
        the symmetric one, which must be > 0; 0 for K > 1.

    Weights are arrays (K, n), or of any shape with as many entries. The arrays kept
    here are read-only.
    """

    patterns: np.ndarray
    labels: np.ndarray
    K: int = 1
    tree: bool = True
    rule: str = "majority"
    kappa: float = 0.0

    def __post_init__(self):
        check_machine("Instance", self.K, self.tree, self.rule, self.kappa)
        patterns = patterns_array(self.patterns)
        labels = labels_array(self.labels, len(patterns))
        if self.tree and patterns.shape[1] % self.K:
            raise ValueError(
                f"Instance: K must divide the number of inputs of a tree, "
                f"given K = {self.K} and {patterns.shape[1]} inputs"
            )
        object.__setattr__(self, "patterns", patterns)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "K", int(self.K))
        object.__setattr__(self, "tree", bool(self.tree))
        object.__setattr__(self, "kappa", float(self.kappa))

    @property
    def M(self):
        """Number of patterns."""
        return self.patterns.shape[0]

    @property
    def n(self):
        """Number of inputs of a unit."""
        return self.patterns.shape[1] // (self.K if self.tree else 1)

    @property
    def N(self):
        """Number of weights, K n."""
        return self.K * self.n

    @property
    def alpha(self):
        """Patterns per weight."""
        return self.M / self.N

    @property
    def signs(self):
        """True if the patterns are +-1 (int8), False if they are real numbers."""
        return self.patterns.dtype == np.int8

    def absorbed(self):
        """Patterns times labels, (M, inputs): with them, every label is +1.

        Fits all rules but the parity of several units: a ValueError.
        The patterns themselves, not a copy, where all labels are +1.
        """
        if self.rule == "parity" and self.K > 1:
            raise ValueError(
                "Instance.absorbed: rule must not be parity for K > 1, given 'parity'"
            )
        if (self.labels == 1).all():
            return self.patterns
        absorbed = self.patterns * self.labels[:, None]
        absorbed.flags.writeable = False
        return absorbed

    def weights(self, values):
        """`values` as a float64 array (K, n); a ValueError if they do not fit."""
        return weights_array("Instance.weights", values, self.K, self.n)

    def fields(self, weights):
        """Fields Delta_l = n^(-1/2) sum_i W_li xi_li of the patterns: array (M, K)."""
        weights = weights_array("Instance.fields", weights, self.K, self.n)
        # units of weights +-c have the exact sums of signs, so that a tie is a tie
        size = np.abs(weights)
        binary = (size == size[:, :1]).all(axis=1, keepdims=True) & (size[:, :1] > 0)
        size = np.where(binary, size[:, :1], 1.0)
        return self._fields(weights / size) * size.T

    def _fields(self, weights):
        fields = np.empty((self.M, self.K))
        if self.signs:
            _amp.fields(self.patterns, self.tree, weights, fields)
            return fields
        for rows in row_blocks(self.patterns):
            block = self.patterns[rows]
            if self.tree:
                units = block.reshape(len(block), self.K, self.n)
                fields[rows] = np.einsum("mki,ki->mk", units, weights)
            else:
                fields[rows] = block @ weights.T
        return fields / np.sqrt(self.n)

    def errors(self, weights):
        """Number of patterns that the weights, (K, n), do not fit."""
        weights = weights_array("Instance.errors", weights, self.K, self.n)
        fits = _fits(self.fields(weights), self.labels, self.rule, self.kappa)
        return int(self.M - np.count_nonzero(fits))

    @classmethod
    def random(cls, N, alpha, K=1, *, tree=True, rule="majority", kappa=0.0, rng=None):
        """Independent patterns of +-1.

        N : number of inputs: for a tree also the number of weights; fully connected
            there are K N weights.
        alpha : patterns per weight; their number is rounded (halves to even).
        rng : numpy Generator or seed. The labels are +1, except for parity, where they
            are drawn after the patterns (elsewhere random labels are absorbed in them).
        """
        M = _size("Instance.random", N, alpha, K, tree, rule, kappa)
        rng = check.generator("Instance.random", rng)
        patterns = _signs(rng, M, N)
        labels = _signs(rng, M, 1)[:, 0] if rule == "parity" else np.ones(M, np.int8)
        patterns.flags.writeable = False
        return cls(patterns, labels, K, tree, rule, kappa)

    @classmethod
    def teacher(
        cls, N, alpha, K=1, *, tree=True, rule="majority", weights="binary", rng=None
    ):
        """Patterns of +-1 labelled by a random machine of the same kind.

        weights : "binary" or "continuous" (of norm sqrt(n) in each unit). Patterns to
        which the teacher gives no label (a field that is zero, a tie) are drawn again.
        Returns the instance and the teacher's weights, (K, n).
        """
        if isinstance(rule, str) and rule == "symmetric":
            raise ValueError(
                "Instance.teacher: rule must be majority or parity, given 'symmetric'"
            )
        check.choice("Instance.teacher", "weights", weights, ("binary", "continuous"))
        M = _size("Instance.teacher", N, alpha, K, tree, rule, 0.0)
        rng = check.generator("Instance.teacher", rng)
        shape = (K, N // K if tree else N)
        if weights == "binary":
            teacher = _signs(rng, *shape).astype(float)
        else:
            teacher = rng.standard_normal(shape)
            teacher *= np.sqrt(shape[1] / np.sum(teacher**2, axis=1, keepdims=True))
        patterns, labels = _signs(rng, M, N), np.ones(M, np.int8)
        open_ = np.arange(M)
        for _ in range(DRAWS):
            fields = cls(patterns[open_], labels[open_], K, tree, rule).fields(teacher)
            fits = [_fits(fields, sign, rule, 0.0) for sign in (1, -1)]
            labels[open_] = np.where(fits[0], 1, -1)
            open_ = open_[~(fits[0] | fits[1])]
            if not len(open_):
                break
            patterns[open_] = _signs(rng, len(open_), N)
        else:
            raise ValueError(
                "Instance.teacher: the teacher drawn gives no label to any pattern: "
                f"its units tie, given N = {N} and K = {K}; give K odd or another rng"
            )
        patterns.flags.writeable = False
        return cls(patterns, labels, K, tree, rule), teacher

    @classmethod
    def load(cls, path, *, K=None, tree=None, rule=None, kappa=None):
        """Read an instance from a file that `save` wrote.

        path : *.txt or *.txt.gz: one pattern a line, blank-separated numbers, all
        labels +1; K, tree, rule and kappa are then given here, as for `Instance`.
        *.npz: the whole instance, nothing else may be given.
        A file that is truncated or wrong raises ValueError with the line. A plain text
        that ends after a whole line cannot be known to lack others.
        """
        given = {"K": K, "tree": tree, "rule": rule, "kappa": kappa}
        machine = {name: value for name, value in given.items() if value is not None}
        if files.kind("Instance.load", path) == "npz":
            if machine:
                raise ValueError(
                    f"Instance.load: a .npz file says by itself what "
                    f"{', '.join(machine)} is, given {machine}"
                )
            with files.opened("Instance.load", path) as file:
                return cls(**files.read_npz(file))
        patterns = files.read_text(path)
        return cls(patterns, np.ones(len(patterns), np.int8), **machine)

    def save(self, path):
        """Write the instance to *.txt, *.txt.gz or *.npz; `load` says what they hold.

        Text keeps the patterns times their labels; parity (K > 1) with labels -1 needs
        *.npz.
        """
        if files.kind("Instance.save", path) == "npz":
            files.write_npz(path, self)
            return
        negative = (self.labels == -1).any()
        if self.rule == "parity" and self.K > 1 and negative:
            raise ValueError(
                f"Instance.save: text files have no labels, which parity needs; "
                f"write .npz, given {str(path)!r}"
            )
        files.write_text(path, self.absorbed() if negative else self.patterns)


def require_instance(function, instance):
    """Refuse what is not an `Instance`."""
    if not isinstance(instance, Instance):
        raise TypeError(f"{function}: instance must be an Instance, given {instance!r}")


def _size(function, N, alpha, K, tree, rule, kappa):
    """Number of patterns of a random instance, after its arguments are checked."""
    check_machine(function, K, tree, rule, kappa)
    check.integer(function, "N", N, 1, 1 << 31)
    if tree and N % K:
        raise ValueError(
            f"{function}: K must divide N for a tree, given N = {N} and K = {K}"
        )
    alpha = check.finite(function, "alpha", alpha)
    M = round(alpha * (N if tree else K * N))
    if not 1 <= M <= 1 << 31:
        raise ValueError(
            f"{function}: alpha must give 1 to 2^31 patterns, given {alpha}"
        )
    return M


def _signs(rng, rows, columns):
    """Random +-1 as int8; the stream of rng.integers(0, 2, size) * 2 - 1."""
    signs = np.empty((rows, columns), np.int8)
    for block in row_blocks(signs):
        signs[block] = rng.integers(0, 2, size=signs[block].shape) * 2 - 1
    return signs


def _fits(fields, labels, rule, kappa):
    """Which patterns are satisfied by the fields, (M, K), under their labels."""
    labels = np.broadcast_to(labels, len(fields))
    if rule == "symmetric":
        return np.abs(fields[:, 0]) < kappa
    if rule == "parity":
        return np.prod(np.sign(fields), axis=1) == labels
    positive = np.count_nonzero(fields * labels[:, None] > kappa, axis=1)
    return 2 * positive > fields.shape[1]
