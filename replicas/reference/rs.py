"""Replica symmetric free entropy and capacity, docs/reference.md (M5)-(M8)."""

from mpmath import mp, mpf

from replicas.channels import Tree
from replicas.model import require_model
from replicas.reference.average import (
    GH,
    Rule,
    converge,
    gaussian,
    log_H,
    nodes,
    window,
)
from replicas.reference.channel import number, scalar_field

__all__ = ["ReplicaSymmetric", "capacity_rs", "rs"]


class ReplicaSymmetric:
    """S(q) of a channel with one field or of a tree of 2 or 3 units."""

    def __init__(self, function, model, alpha):
        require_model(function, model)
        self.alpha = number(function, "alpha", alpha)
        self.tree = None
        if isinstance(model.channel, Tree) and model.channel.K > 1:
            self.tree = model.channel
            if self.tree.K > 3:
                raise ValueError(
                    f"{function}: trees are supported for K <= 3 and the replica "
                    f"symmetric ansatz, given {self.tree!r}"
                )
        else:
            self.field = scalar_field(function, model)

    def guard(self, order):
        return int(-mp.log10(1 - order["q"])) * 2

    def evaluate(self, order, rule):
        """Entropy and its derivative in q."""
        q = order["q"]
        eps = 1 - q
        energetic, force = (self._tree if self.tree else self._scalar)(q, rule)
        entropy = (mp.log(eps) + q / eps) / 2 + self.alpha * energetic
        return entropy, {"q": q / (2 * eps**2) - self.alpha * force / 2}

    def zero_is_stationary(self):
        """Whether q = 0 is a saddle: no pattern prefers a direction (parity)."""
        return self.evaluate({"q": mpf(0)}, Rule(15))[1]["q"] == 0

    def _scalar(self, q, rule):
        """E log H(u) and (d overlap/dq) E GH(u)^2/eps, u ~ N(threshold, gamma)."""
        overlap = self.field.overlap(q)
        eps = 1 - overlap
        mean = self.field.threshold(eps)
        slope = self.field.slope(q) / eps
        if overlap == 0:
            return log_H(mean), slope * GH(mean) ** 2
        u, w = _normal_nodes(rule, mean, overlap / eps)
        return (
            mp.fdot(w, [log_H(x) for x in u]),
            slope * mp.fdot(w, [GH(x) ** 2 for x in u]),
        )

    def _tree(self, q, rule):
        """E log P(b) and E |grad log P|^2/eps over ordered K-tuples of nodes."""
        eps = 1 - q
        b, w = ([mpf(0)], [mpf(1)]) if q == 0 else _normal_nodes(rule, 0, q / eps)
        sums = {2: _pairs, 3: _triples}[self.tree.K]
        energetic, force = sums(_units(b, w), self.tree.rule, mp.exp(-rule.cut))
        return energetic, force / eps


def _normal_nodes(rule, mean, variance):
    """Nodes and weights of N(mean, variance), crowded at 0 on the scale 1."""
    width = mp.sqrt(variance)
    reach = window(rule) * width
    u, du = nodes(rule, mean - reach, mean + reach, left=6 * width, right=6 * width)
    return u, [gaussian(x, mean, variance) * dx for x, dx in zip(u, du, strict=True)]


def _units(b, w):
    """(weight, H(-b), H(b), G(b)) of every node: what one unit contributes."""
    root = mp.sqrt(2)
    return [
        (v, mp.erfc(-x / root) / 2, mp.erfc(x / root) / 2, gaussian(x, 0, 1))
        for x, v in zip(b, w, strict=True)
    ]


def _pairs(units, rule, smallest):
    """Parity of two: P = h1 h2 + l1 l2, with h = H(-b), l = H(b)."""
    energetic = force = mpf(0)
    for i, (w1, h1, l1, g1) in enumerate(units):
        for j, (w2, h2, l2, g2) in enumerate(units[i:]):
            weight = w1 * w2 * (2 if j else 1)
            if weight < smallest:
                continue
            p = h1 * h2 + l1 * l2
            energetic += weight * mp.log(p)
            force += weight * ((g1 * (h2 - l2)) ** 2 + (g2 * (h1 - l1)) ** 2) / p**2
    return energetic, force


def _triples(units, rule, smallest):
    """Three units: P = h3 up + l3 down, up and down given by units 1 and 2."""
    energetic = force = mpf(0)
    for i, (w1, h1, l1, g1) in enumerate(units):
        for j, (w2, h2, l2, g2) in enumerate(units[i:], start=i):
            pair = w1 * w2 * (1 if i == j else 2)
            same, mixed = h1 * h2, h1 * l2 + l1 * h2
            up, down = (
                (same + mixed, same) if rule == "majority" else (same + l1 * l2, mixed)
            )
            rows = [(w, h, l, g) for w, h, l, g in units if pair * w >= smallest]
            if not rows:
                continue
            p = [h * up + l * down for _, h, l, _ in rows]
            # the third unit only: the others follow by symmetry
            weights = [w for w, *_ in rows]
            energetic += pair * mp.fdot(weights, [mp.log(x) for x in p])
            ratio = [g / x for (_, _, _, g), x in zip(rows, p, strict=True)]
            square = mp.fdot(weights, [r * r for r in ratio])
            force += 3 * pair * (up - down) ** 2 * square
    return energetic, force


def rs(model, alpha, order, *, dps=30):
    r"""Replica symmetric free entropy S(q), mpf with dps digits.

    S = (log(1-q) + q/(1-q))/2 + alpha E log P(sqrt(q/(1-q)) z), (M5).

    order : {"q": in [0, 1)} or {"eps": 1 - q}; channels with one field, and trees
    with K = 2, 3. Source: docs/reference.md (M5), (M6).
    """
    twin = ReplicaSymmetric("rs", model, alpha)
    with mp.workdps(dps + 60):
        q = 1 - number("rs", "eps", order["eps"]) if "eps" in order else None
        q = number("rs", "q", order["q"]) if q is None else q
        if not 0 <= q < 1:
            raise ValueError(f"rs: q must be in [0, 1), given {q}")
        order = {"q": q}
        return converge(lambda r: twin.evaluate(order, r), dps, twin.guard(order))


def capacity_rs(model, *, dps=30):
    """Replica symmetric capacity in closed form, (M8); inf for Wide.

    Perceptron(kappa), trees with K <= 3, Wide("sign", kappa).
    """
    require_model("capacity_rs", model)
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
        if field.wide:
            return mp.inf
        kappa = mpf(field.kappa)
        density = mp.exp(-(kappa**2) / 2) / mp.sqrt(2 * mp.pi)
        return 1 / ((1 + kappa**2) * mp.ncdf(kappa) + kappa * density)
