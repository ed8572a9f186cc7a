"""Binary weights and losses, replica symmetric: docs/reference.md (M24)-(M28)."""

from mpmath import mp, mpf

from replicas.channels import Loss, Perceptron, Wide
from replicas.priors import Binary
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
from replicas.reference.channel import number, require_arguments, scalar_field

__all__ = ["binary_entropic", "loss_averages", "mean_loss", "teacher"]


def normal(rule, *, centre=0, scale=1):
    """Nodes and weights for int Dz, crowded at `centre` on `scale`."""
    reach = window(rule)
    z, dz = nodes(rule, -reach, reach, left=6, right=6, scale=scale, centre=centre)
    w = [gaussian(x, 0, 1) * dx for x, dx in zip(z, dz, strict=True)]
    require_normalised(mp.fsum(w), rule)
    return z, w


def log_2cosh(x):
    return abs(x) + mp.log1p(mp.exp(-2 * abs(x)))


def binary_entropic(q_hat, rule):
    """E log 2cosh and E sech^2 of sqrt(q_hat) z, (M24)."""
    if q_hat == 0:
        return mp.log(2), mpf(1)
    root = mp.sqrt(q_hat)
    z, w = normal(rule, scale=min(1, 1 / root))
    return (
        mp.fdot(w, [log_2cosh(root * x) for x in z]),
        mp.fdot(w, [mp.sech(root * x) ** 2 for x in z]),
    )


class Gibbs:
    """exp(-beta loss) of one Gaussian field, for one rule: (M25), (M26)."""

    def __init__(self, channel, V, rule):
        self.channel, self.V, self.rule = channel, V, rule
        self.beta = mpf(channel.beta)
        self.root = mp.sqrt(V)
        self.gamma = mpf(channel.gamma or 0)

    def front(self):
        """Field where log Z changes fast, and on which scale."""
        if not self.gamma:
            pole = -mp.sqrt(2 * self.beta + 2j * mp.pi)
            if self.beta > 18:
                return mpf(0), self.root
            return pole.real * self.root, abs(pole.imag) * self.root / 2
        top = mp.log1p(2 * self.gamma * self.beta * self.V)
        return (1 + top) / (2 * self.gamma), 1 / (2 * self.gamma)

    def cost(self, x):
        """beta times the cross-entropy."""
        return self.beta * mp.log1p(mp.exp(-2 * self.gamma * x)) / (2 * self.gamma)

    def peak(self, omega):
        """eta at which eta^2/2 + beta loss is least, by bisection."""
        low, high = mpf(-1), self.beta * self.root + 1
        for _ in range(60 + int(mp.log(high - low, 2))):
            eta = (low + high) / 2
            force = self.beta * self.root
            force /= 1 + mp.exp(2 * self.gamma * (omega + self.root * eta))
            low, high = (low, eta) if eta > force else (eta, high)
        return eta

    def averages(self, omega):
        """log Z, its derivative in omega, and the mean loss."""
        if not self.gamma:
            u = omega / self.root
            right, wrong = mp.ncdf(u), mp.exp(-self.beta) * mp.ncdf(-u)
            density = mp.exp(-u * u / 2) / mp.sqrt(2 * mp.pi)
            total = right + wrong
            slope = density * (1 - mp.exp(-self.beta)) / (self.root * total)
            return mp.log(total), slope, wrong / total
        eta, w, top = self.weights(omega)
        total = mp.fsum(w)
        loss = [self.cost(omega + self.root * x) for x in eta]
        slope = mp.fdot(w, eta) / (total * self.root)
        return mp.log(total) - top, slope, mp.fdot(w, loss) / (total * self.beta)

    def weights(self, omega):
        """Nodes eta around the peak, exp(-eta^2/2 - beta loss) less its largest."""
        peak = self.peak(omega)
        slope = 1 / (1 + mp.exp(2 * self.gamma * (omega + self.root * peak)))
        bend = 2 * self.gamma * self.beta * self.V * slope * (1 - slope)
        unit = min(1 / (2 * self.gamma * self.root), mpf(1))
        scale, reach = min(1 / mp.sqrt(1 + bend), unit), window(self.rule)
        eta, d = nodes(
            self.rule, peak - reach, peak + reach, left=4 * unit, right=4 * unit,
            scale=scale, centre=peak,
        )  # fmt: skip
        exponents = [x * x / 2 + self.cost(omega + self.root * x) for x in eta]
        top = peak * peak / 2 + self.cost(omega + self.root * peak)
        norm = mp.sqrt(2 * mp.pi)
        w = [dx * mp.exp(top - e) / norm for dx, e in zip(d, exponents, strict=True)]
        return eta, w, top

    def wrong(self, omega):
        """Probability that the field is negative; omega such that it is below 1."""
        if not self.gamma:
            return self.averages(omega)[2]
        start, log_z = -omega / self.root, self.averages(omega)[0]
        first = start * start / 2 + self.cost(mpf(0))
        rate = abs(start - self.beta * self.root / 2) + 1
        step, total = self.rule.step / 2, mpf(0)
        for i in range(-int(5 / step), int(5 / step)):
            t = (i + self.rule.shift) * step
            d = mp.exp(t - mp.exp(-t)) / rate
            x = start - d
            e = x * x / 2 + self.cost(omega + self.root * x)
            total += step * d * (1 + mp.exp(-t)) * mp.exp(first - e)
        return total * mp.exp(-first - log_z) / mp.sqrt(2 * mp.pi)


def loss_averages(channel, q, rule):
    """E log Z, E f'^2 and E loss of a Loss, (M25)."""
    gibbs = Gibbs(channel, 1 - q, rule)
    centre, scale = gibbs.front()
    root = mp.sqrt(q)
    edge = window(rule)
    centre = max(-edge, min(edge, centre / root))
    z, w = normal(rule, centre=centre, scale=min(1, scale / root))
    f = [gibbs.averages(root * x) for x in z]
    return (
        mp.fdot(w, [a for a, _, _ in f]),
        mp.fdot(w, [b * b for _, b, _ in f]),
        mp.fdot(w, [c for _, _, c in f]),
    )


def mean_loss(model, order, *, dps=15):
    """Mean loss and share of errors of a Loss at overlap order["q"] or 1 - "eps".

    The share is a sum over z of the probability of a negative field, (M26); it needs a
    weight whose peak is at positive fields near the z that dominate.
    """
    require_arguments("mean_loss", model, order, [("q", "eps")], dps)
    if not isinstance(model.channel, Loss):
        raise ValueError(f"mean_loss: the channel must be a Loss, given {model!r}")
    with mp.workdps(dps + 30):
        q = _overlap("mean_loss", order)

        def share(rule):
            gibbs = Gibbs(model.channel, 1 - q, rule)
            z, w = normal(rule, centre=-3, scale=mp.sqrt((1 - q) / q))
            return (mp.fdot(w, [gibbs.wrong(mp.sqrt(q) * x) for x in z]),)

        def energy(rule):
            return (loss_averages(model.channel, q, rule)[2],)

        return converge(energy, dps, 5), converge(share, dps, 5)


def _overlap(function, order):
    """q of a user's dict, in [0, 1)."""
    if "eps" in order:
        q = 1 - number(function, "eps", order["eps"])
    else:
        q = number(function, "q", order["q"])
    if not 0 <= q < 1:
        raise ValueError(f"{function}: q must be in [0, 1), given {q}")
    return q


def teacher(model, alpha, order, *, dps=30):
    """Entropy of the students of a binary teacher, mpf with dps digits, (M27).

    model : Binary weights, Perceptron or Wide of margin 0. order : "q_hat" and "q" or
    "eps". Returns the entropy and its derivatives in q and q_hat, (M28).
    """
    names = "q_hat", ("q", "eps")
    require_arguments("teacher", model, order, names, dps, Binary)
    field = scalar_field("teacher", model)
    if not isinstance(model.channel, (Perceptron, Wide)):
        raise ValueError(
            f"teacher: the channel must be Perceptron or Wide, given {model.channel!r}"
        )
    with mp.workdps(dps + 60):
        alpha = number("teacher", "alpha", alpha)
        q_hat = number("teacher", "q_hat", order["q_hat"])
        q = _overlap("teacher", order)
        overlap = field.overlap(q)
        gamma = overlap / (1 - overlap)

    def evaluate(rule):
        root = mp.sqrt(q_hat)
        z, w = normal(rule, centre=max(-root, -window(rule)), scale=min(1, 1 / root))
        free = mp.fdot(w, [log_2cosh(q_hat + root * x) for x in z])
        mean = mp.fdot(w, [mp.tanh(q_hat + root * x) for x in z])
        z, w = normal(rule, scale=min(1, 1 / mp.sqrt(gamma)))
        b = [-mp.sqrt(gamma) * x for x in z]
        shares = [2 * mp.exp(log_H(x)) for x in b]
        log_z = mp.fsum(a * p * log_H(x) for a, p, x in zip(w, shares, b, strict=True))
        square = mp.fsum(
            a * p * GH(x) ** 2 for a, p, x in zip(w, shares, b, strict=True)
        )
        force = alpha * field.slope(q) * square / (1 - overlap)
        value = -q_hat * (1 + q) / 2 + free + alpha * log_z
        return value, (force - q_hat) / 2, (mean - q) / 2

    entropy = converge(evaluate, dps, 0)
    with mp.workdps(dps + 20):
        _, d_q, d_q_hat = evaluate(Rule(dps, 3))
    return entropy, d_q, d_q_hat
