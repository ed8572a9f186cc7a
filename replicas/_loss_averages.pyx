"""Mean loss and share of errors of a replica symmetric state: docs/channels.md."""

from libc.math cimport M_PI, exp, fabs, fmin, log, log1p, sqrt

from replicas._channels cimport Front, Scalar, ScalarChannel
from replicas._loss cimport Peak, log_wrong, proximal, softplus, tilted
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node, sinh_node

cdef double NEGLIGIBLE = 1e-18


cdef double half_line(
    double eta, double side, double omega, double V, const Scalar* c
) noexcept nogil:
    # (C28): log of int exp(-eta^2/2 - beta f) d eta beyond eta, on one side, less its
    # value at eta; exp(u - exp(-u)) reaches the scale of the decay and both its ends
    cdef double two_gamma = 2 * c.gamma, root = sqrt(V), share = c.beta / two_gamma
    cdef double y = two_gamma * (omega + root * eta), s = 1 / (1 + exp(y)), d, t, e
    cdef double curvature = 1 + c.beta * V * two_gamma * s * (1 - s), total = 0
    cdef double slope = fabs(eta - c.beta * root * s), start = share * softplus(-y)
    cdef double scale = 1 / (slope + sqrt(curvature))
    cdef int i, n = <int>(4 / c.step)
    for i in range(-n, n + 1):
        t = 0.5 * i * c.step
        e = exp(-2 * t)
        d = scale * exp(2 * t - e)
        e = d * 2 * (1 + e)
        d *= side
        y = two_gamma * (omega + root * (eta + d))
        total += e * exp(start - share * softplus(-y) - d * (eta + 0.5 * d))
    return log(0.5 * c.step * total)


cdef double log_share(double omega, double V, const Scalar* c) noexcept nogil:
    # log-probability of an error; (C28)
    cdef double eta = -omega / sqrt(V), log_p = 0, x
    cdef Peak p
    if c.gamma == 0:
        return log_wrong(-eta, c.beta, &log_p)
    p = proximal(omega, V, c)
    # the exponent at the field 0
    x = -0.5 * (eta * eta + log(2 * M_PI)) - c.beta * log(2) / (2 * c.gamma)
    x -= tilted(omega, V, c).log_z
    if eta < p.eta:
        return x + half_line(eta, -1, omega, V, c)
    return log1p(-exp(x + half_line(eta, 1, omega, V, c)))


cdef double weighed(double z, double q, double V, const Scalar* c) noexcept nogil:
    return log_share(sqrt(q) * z, V, c) - 0.5 * z * z


def mean_loss(
    ScalarChannel channel, double q, double V, double step, double window
):
    """Mean loss of a pattern: (C29)."""
    cdef Scalar c = channel.c
    cdef Front front = c.front(V, &c)
    cdef Rule rule
    cdef Grid grid
    cdef double total = 0, w = 0, omega
    cdef int i
    rule.step, rule.window = step, window
    c.step *= step / 0.125
    with nogil:
        grid = front_grid(front.centre / sqrt(q), front.width / sqrt(q), rule)
        for i in range(grid.n):
            omega = sqrt(q) * gauss_node(grid, i, &w)
            if c.gamma > 0:
                total += w * tilted(omega, V, &c).loss / c.beta
            else:
                total += w * exp(log_share(omega, V, &c))
    return total


def log_errors(ScalarChannel channel, double q, double V, double step):
    """Log of the share of errors, log-concave in z: its peak, then outwards (C30)."""
    cdef Scalar c = channel.c
    cdef double low = -8, high = 0, golden = 0.381966011250105, total = 0, w = 0
    cdef double left, right, at_left, at_right
    cdef Grid grid
    cdef int i, side
    c.step *= step / 0.125
    with nogil:
        # log P falls with the field
        while weighed(2 * low, q, V, &c) > weighed(low, q, V, &c):
            low *= 2
        low *= 2
        left, right = low + golden * (high - low), high - golden * (high - low)
        at_left, at_right = weighed(left, q, V, &c), weighed(right, q, V, &c)
        while high - low > 0.1 * sqrt(V):
            if at_left > at_right:
                high, right, at_right = right, left, at_left
                left = low + golden * (high - low)
                at_left = weighed(left, q, V, &c)
            else:
                low, left, at_left = left, right, at_right
                right = high - golden * (high - low)
                at_right = weighed(right, q, V, &c)
        grid.centre, grid.width = 0.5 * (low + high), fmin(1, 4 * sqrt(V / q))
        grid.t, grid.step = 0, step
        at_left = weighed(grid.centre, q, V, &c)
        for side in range(2):
            i = -side
            while True:
                left = sinh_node(grid, i, &w)
                w *= exp(weighed(left, q, V, &c) - at_left)
                total += w
                if not w > NEGLIGIBLE * total:
                    break
                i += 1 - 2 * side
    return at_left + log(total / sqrt(2 * M_PI))
