"""log Z(omega, V) of Gibbs weights exp(-beta loss): docs/channels.md (C20)-(C27)."""

from libc.math cimport M_PI, asinh, exp, expm1, fabs, fmin, hypot, log, log1p, sqrt

from replicas._channels cimport Field, Front, Scalar, ScalarChannel
from replicas._gauss cimport GH, GH_excess, H, log_H
from replicas._quadrature cimport Grid, sinh_node

cdef double NEGLIGIBLE = 1e-18


# number of errors

cdef double log_wrong(double u, double beta, double* log_p) noexcept nogil:
    # log of the share of errors; log P of (C20)
    cdef double wrong = -expm1(-beta) * H(u), a = log_H(-u), b = log_H(u) - beta
    if wrong < 0.5:
        log_p[0] = log1p(-wrong)
    elif a > b:
        log_p[0] = a + log1p(exp(b - a))
    else:
        log_p[0] = b + log1p(exp(a - b))
    return b - log_p[0]


cdef Field errors_log_z(double omega, double V, const Scalar* c) noexcept nogil:
    # (C21), (C22)
    cdef double scale = 1 / sqrt(V), u = omega * scale, ratio = GH(-u), r
    cdef Field f
    log_wrong(u, c.beta, &f.log_z)
    r = exp(-c.beta - f.log_z)
    f.d = ratio * scale * (
        1 - r if r < 0.5 else -expm1(-c.beta) * exp(log_H(-u) - f.log_z)
    )
    f.d2 = -f.d * scale * (GH_excess(-u) - ratio * r)
    return f


cdef Front errors_front(double V, const Scalar* c) noexcept nogil:
    # nearest zeros of P, at about -sqrt(2 beta + 2 pi i); of H where those are far
    cdef double modulus = sqrt(c.beta * c.beta + M_PI * M_PI)
    cdef Front front
    front.centre = -sqrt(V * (modulus + c.beta))
    front.width = 1.5 * sqrt(V * (modulus - c.beta))
    if c.beta > 18:
        front.centre, front.width = 0, 4 * sqrt(V)
    return front


# cross-entropy, f(x) = log(1 + exp(-2 gamma x))/(2 gamma)

cdef double softplus(double y) noexcept nogil:
    return y + log1p(exp(-y)) if y > 0 else log1p(exp(y))


cdef Peak proximal(double omega, double V, const Scalar* c) noexcept nogil:
    # (C24): v + softplus(2 gamma omega + exp(v)) = log(2 gamma beta V) for
    # exp(v) = 2 gamma (x - omega); convex, and v starts above the root
    cdef double two_gamma = 2 * c.gamma, a = two_gamma * omega
    cdef double top = log(two_gamma * c.beta * V), v = top - a, u, s, step
    cdef Peak p
    v = fmin(top, log(v) if v > 1 else v)
    for _ in range(100):
        u = exp(v)
        s = 1 / (1 + exp(-a - u))
        step = (v + softplus(a + u) - top) / (1 + s * u)
        v -= step
        if fabs(step) < 1e-9:
            break
    u = exp(v)
    s = 1 / (1 + exp(-a - u))
    p.eta = u / (two_gamma * sqrt(V))
    p.loss = c.beta * softplus(-a - u) / two_gamma
    p.cost = 0.5 * p.eta * p.eta + p.loss
    p.curvature = 1 + c.beta * V * two_gamma * s * (1 - s)
    return p


cdef Grid inner_grid(Peak p, double omega, double V, const Scalar* c) noexcept nogil:
    # (C25): nodes crowd at the peak, or at the edge of the loss beside it where that is
    # sharper; t is that of the peak
    cdef double s = 1 / sqrt(p.curvature), unit = 1 / (2 * c.gamma * sqrt(V)), edge
    cdef double share = 0.5 * c.beta / c.gamma
    cdef Grid grid
    grid.centre, grid.width, grid.t, grid.step = p.eta, 1.6 * s, 0, c.step
    grid.n = 0  # from the peak outwards, without end
    if s < unit:
        return grid
    edge = -omega / sqrt(V)
    if p.eta > edge:
        if share > 1:
            edge += log(share) * unit
    elif share > 4:
        unit *= 2 / sqrt(share)
    if fabs(edge - p.eta) < 10 * s:
        grid.centre, grid.width = edge, unit
        grid.t = asinh((p.eta - edge) / unit)
        grid.step *= fmin(1, 2.5 * s / hypot(unit, p.eta - edge))
    return grid


cdef Tilted tilted(double omega, double V, const Scalar* c) noexcept nogil:
    # (C25): from the peak outwards until what is left is negligible: the weight is
    # log-concave. Moments of the smaller of sigma and 1 - sigma
    cdef Peak p = proximal(omega, V, c)
    cdef Grid grid = inner_grid(p, omega, V, c)
    cdef double root = sqrt(V), two_gamma = 2 * c.gamma, share = c.beta / two_gamma
    cdef bint right = omega + root * p.eta > 0
    cdef double z = 0, m1 = 0, m2 = 0, s1 = 0, s2 = 0, b = 0, f = 0
    cdef double w = 0, d, e, y, loss, s
    cdef int side, i
    cdef Tilted out
    for side in range(2):
        # the peak itself belongs to the first side
        i = -side
        while True:
            d = sinh_node(grid, i, &w) - p.eta
            y = two_gamma * (omega + root * (p.eta + d))
            e = exp(-fabs(y))
            loss = share * (log1p(e) + (0 if y > 0 else -y))
            s = (e if (y > 0) == right else 1) / (1 + e)
            w *= exp(p.loss - loss - d * (p.eta + 0.5 * d))
            z += w
            m1 += w * d
            m2 += w * d * d
            s1 += w * s
            s2 += w * s * s
            b += w * s * (1 - s)
            f += w * loss
            if not w * (1 + d * d) > NEGLIGIBLE * z:
                break
            i += 1 - 2 * side
    m1 /= z
    s1 /= z
    out.log_z = log(z / sqrt(2 * M_PI)) - p.cost
    out.loss, out.slope = f / z, s1 if right else 1 - s1
    out.slope_variance = s2 / z - s1 * s1
    out.bend = two_gamma * b / z
    out.mean = p.eta + m1
    out.variance = m2 / z - m1 * m1
    return out


cdef Field entropy_log_z(double omega, double V, const Scalar* c) noexcept nogil:
    # (C26): the first form cancels where the loss is steep, the second elsewhere
    cdef Tilted a = tilted(omega, V, c)
    cdef Field f
    f.log_z = a.log_z
    if a.variance > 0.5:
        f.d = c.beta * a.slope
        f.d2 = c.beta * (c.beta * a.slope_variance - a.bend)
    else:
        f.d = a.mean / sqrt(V)
        f.d2 = (a.variance - 1) / V
    return f


cdef Front entropy_front(double V, const Scalar* c) noexcept nogil:
    # (C27): branch points of the proximal point
    cdef Front front
    front.centre = (1 + log1p(2 * c.gamma * c.beta * V)) / (2 * c.gamma)
    front.width = 2 / c.gamma + 2 * sqrt(V)
    return front


def loss_channel(double beta, double gamma):
    """ScalarChannel of the weight exp(-beta loss); gamma = 0: the number of errors."""
    cdef ScalarChannel channel = ScalarChannel(0, False)
    channel.c.beta, channel.c.gamma, channel.c.step = beta, gamma, 0.09
    channel.c.log_z = entropy_log_z if gamma > 0 else errors_log_z
    channel.c.front = entropy_front if gamma > 0 else errors_front
    return channel
