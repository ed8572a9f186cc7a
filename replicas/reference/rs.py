"""Replica symmetric free entropy and capacity, docs/reference.md (M5)-(M12)."""

from mpmath import mp, mpf

from replicas.channels import Loss, Tree
from replicas.model import require_model
from replicas.priors import Binary, Spherical
from replicas.reference.average import (
    GH,
    Rule,
    converge,
    gaussian,
    log_H,
    nodes,
    require_normalised,
    window,
)
from replicas.reference.binary import binary_entropic, loss_averages
from replicas.reference.channel import number, require_arguments, scalar_field
from replicas.reference.trees import MAJORITY_K, tree_average

__all__ = ["ReplicaSymmetric", "capacity_rs", "rs"]


class ReplicaSymmetric:
    """S(q) of a channel with one field, of a parity or the majority of 3.

    Binary weights: a function of q_hat too, (M24). A Loss: the free entropy, (M25).
    """

    def __init__(self, function, model, alpha):
        require_model(function, model)
        self.alpha = number(function, "alpha", alpha)
        self.tree = self.loss = None
        self.binary = isinstance(model.prior, Binary)
        if isinstance(model.channel, Tree) and model.channel.K > 1:
            self.tree = model.channel
            if self.tree.rule == "majority" and self.tree.K != MAJORITY_K:
                raise ValueError(
                    f"{function}: of the majorities, K = 1 and 3 are supported, given "
                    f"{self.tree!r}"
                )
        elif isinstance(model.channel, Loss):
            self.loss = model.channel
        else:
            self.field = scalar_field(function, model)

    def guard(self, order):
        return int(-mp.log10(1 - order["q"])) * 2

    def evaluate(self, order, rule):
        """Entropy and its derivative in q, and in q_hat."""
        q = order["q"]
        eps = 1 - q
        energetic, force = (self._tree if self.tree else self._scalar)(q, rule)
        if self.binary:
            q_hat = order["q_hat"]
            free, below = binary_entropic(q_hat, rule)
            entropy = free - q_hat * eps / 2 + self.alpha * energetic
            d_q = (q_hat - self.alpha * force) / 2
            return entropy, {"q": d_q, "q_hat": (below - eps) / 2}
        entropy = (mp.log(eps) + q / eps) / 2 + self.alpha * energetic
        return entropy, {"q": q / (2 * eps**2) - self.alpha * force / 2}

    def zero_is_stationary(self):
        """Whether q = 0 is a saddle: no pattern prefers a direction (parity)."""
        return self.evaluate({"q": mpf(0), "q_hat": mpf(0)}, Rule(15))[1]["q"] == 0

    def _scalar(self, q, rule):
        """E log H(u) and (d overlap/dq) E GH(u)^2/eps, u ~ N(threshold, gamma)."""
        if self.loss:
            return loss_averages(self.loss, q, rule)[:2]
        overlap = self.field.overlap(q)
        eps = 1 - overlap
        mean = self.field.threshold(eps)
        slope = self.field.slope(q) / eps
        if overlap == 0:
            return log_H(mean), slope * GH(mean) ** 2
        u, w = _normal_nodes(rule, mean, overlap / eps)
        require_normalised(mp.fsum(w), rule)
        return (
            mp.fdot(w, [log_H(x) for x in u]),
            slope * mp.fdot(w, [GH(x) ** 2 for x in u]),
        )

    def _tree(self, q, rule):
        """E log P(b) and E |grad log P|^2/eps, b ~ N(0, gamma)."""
        eps = 1 - q
        energetic, slope = tree_average(self.tree, q / eps, rule)
        return energetic, -2 * slope / eps**2


def _normal_nodes(rule, mean, variance):
    """Nodes and weights of N(mean, variance), crowded at 0 on the scale 1."""
    width = mp.sqrt(variance)
    reach = window(rule) * width
    u, du = nodes(rule, mean - reach, mean + reach, left=6 * width, right=6 * width)
    return u, [gaussian(x, mean, variance) * dx for x, dx in zip(u, du, strict=True)]


def rs(model, alpha, order, *, dps=30):
    r"""Replica symmetric free entropy S(q), mpf with dps digits.

    S = (log(1-q) + q/(1-q))/2 + alpha E log P(sqrt(q/(1-q)) z), (M5).

    order : {"q": in [0, 1)} or {"eps": 1 - q}, and "q_hat" for binary weights;
    channels with one field, the majority of 3 and parities. Of a Loss, the free
    entropy. Source: docs/reference.md (M5), (M6), (M24), (M25).
    """
    require_arguments("rs", model, order, [("q", "eps")], dps)
    twin = ReplicaSymmetric("rs", model, alpha)
    with mp.workdps(dps + 60):
        q = 1 - number("rs", "eps", order["eps"]) if "eps" in order else None
        q = number("rs", "q", order["q"]) if q is None else q
        if not 0 <= q < 1:
            raise ValueError(f"rs: q must be in [0, 1), given {q}")
        order = {"q": q, "q_hat": number("rs", "q_hat", order.get("q_hat", 0))}
        return converge(lambda r: twin.evaluate(order, r), dps, twin.guard(order))


def capacity_rs(model, *, dps=30):
    """Replica symmetric capacity in closed form, (M12); inf for Wide("sign").

    Perceptron(kappa), trees with K <= 3, Wide(activation, kappa).
    """
    require_arguments("capacity_rs", model, {}, (), dps, Spherical)
    channel = model.channel
    with mp.workdps(dps):
        if isinstance(channel, Tree) and channel.K > 1:
            closed = {
                (2, "parity"): lambda: (1 - 2 / mp.pi) / 2,
                (3, "parity"): lambda: (1 - (6 - 2 * mp.sqrt(3)) / mp.pi) / 2,
                (3, "majority"): lambda: mpf(5) / 8 - (3 + mp.sqrt(3)) / (4 * mp.pi),
            }
            if (channel.K, channel.rule) not in closed:
                raise ValueError(f"capacity_rs: no closed form for {channel!r}")
            return 1 / closed[channel.K, channel.rule]()
        field = scalar_field("capacity_rs", model)
        if field.activation == "sign":
            return mp.inf
        kappa = mpf(field.kappa)
        density = mp.exp(-(kappa**2) / 2) / mp.sqrt(2 * mp.pi)
        square = (1 + kappa**2) * mp.ncdf(kappa) + kappa * density
        return field.slope(mpf(1)) / square
