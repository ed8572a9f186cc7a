"""1-RSB averages of a scalar channel: docs/one_rsb.md.

The outer field h ~ N(0, tq0) shifts the inner one, omega = h + sqrt(D) z, whose law
is tilted by Z(omega, V)^m; D = tq1 - tq0 and V = 1 - tq1 are overlaps of the fields.
"""

from libc.math cimport M_PI, exp, fabs, fmax, log, sqrt

from replicas._channels cimport Field, Overlap, Scalar, ScalarChannel
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node

ctypedef struct Inner:
    # f = (1/m) log int Dz Z^m and its derivatives in h; tilted means
    double f
    double d
    double d2
    double log_z
    double d_variance
    double d2_squared

ctypedef struct Node:
    # exponent -z^2/2 + m log Z with its slope and curvature
    Field field
    double exponent
    double slope
    double curvature

ctypedef struct Wall:
    # where patterns cease to be satisfied, and its width: inner and outer field
    double omega
    double omega_width
    double h
    double h_width


cdef inline Node node_at(
    Scalar channel, double h, double root_D, double V, double m, double z
) noexcept nogil:
    cdef Node n
    n.field = channel.log_z(h + root_D * z, V, &channel)
    n.exponent = m * n.field.log_z - 0.5 * z * z
    n.slope = m * root_D * n.field.d - z
    n.curvature = 1 - m * root_D * root_D * n.field.d2
    return n


cdef double maximiser(
    Scalar channel, double h, double root_D, double V, double m, double z
) noexcept nogil:
    # Newton: the exponent is concave and its slope convex, so it ends monotone
    cdef Node n
    cdef double step
    for _ in range(200):
        n = node_at(channel, h, root_D, V, m, z)
        step = n.slope / n.curvature
        z += step
        if fabs(step) * sqrt(n.curvature) < 1e-2:
            break
    return z


cdef double flank(
    Scalar channel, double h, double root_D, double V, double m, double z, Node top
) noexcept nogil:
    # left of the maximiser, where the exponent has fallen by 2: (B9)
    cdef Node n
    cdef double excess
    z -= 2 / sqrt(top.curvature)
    for _ in range(20):
        n = node_at(channel, h, root_D, V, m, z)
        excess = top.exponent - 2 - n.exponent
        if excess < 0.5:
            break
        z += excess / n.slope
    return z


cdef Inner inner_average(
    Scalar channel, double h, double D, double V, double m, Wall wall, double* start,
    Rule rule,
) noexcept nogil:
    # (B8): trapezoid in t, z = centre + width sinh(t), out to a fall of window^2/2
    cdef double root_D = sqrt(D), z = maximiser(channel, h, root_D, V, m, start[0])
    cdef Node top = node_at(channel, h, root_D, V, m, z), n
    cdef double centre = flank(channel, h, root_D, V, m, z, top), top_z = z
    cdef double fall = 0.5 * rule.window * rule.window, step = rule.step
    cdef double w, norm = 0, log_z = 0, d = 0, dd = 0, d2 = 0, d2d2 = 0, x = 0, xx = 0
    cdef double width, up, factor
    cdef int side
    cdef Inner a
    start[0] = z
    n = node_at(channel, h, root_D, V, m, centre)
    width = 1 / sqrt(n.curvature)
    z = (wall.omega - h) / root_D
    if wall.omega_width < width * root_D and (
        node_at(channel, h, root_D, V, m, z).exponent > top.exponent - fall
    ):
        centre, width = z, wall.omega_width / root_D
    # keep nodes at the maximiser, off the centre
    step /= 1 + 0.13 * fabs(top_z - centre) * sqrt(top.curvature)
    for side in range(2):
        factor = exp(step if side else -step)
        up = sqrt(factor)
        while True:
            z = centre + 0.5 * width * (up - 1 / up)
            n = node_at(channel, h, root_D, V, m, z)
            if not n.exponent > top.exponent - fall:
                break
            w = (up + 1 / up) * exp(n.exponent - top.exponent)
            norm += w
            # moments about the maximiser, where they do not cancel
            x += w * (z - top_z)
            xx += w * (z - top_z) * (z - top_z)
            log_z += w * (n.field.log_z - top.field.log_z)
            d += w * (n.field.d - top.field.d)
            dd += w * (n.field.d - top.field.d) * (n.field.d - top.field.d)
            d2 += w * n.field.d2
            d2d2 += w * n.field.d2 * n.field.d2
            up *= factor
    x, xx, log_z, d, dd = x / norm, xx / norm, log_z / norm, d / norm, dd / norm
    d2, d2d2 = d2 / norm, d2d2 / norm
    norm *= 0.5 * width * step / sqrt(2 * M_PI)
    a.f = (top.exponent + log(norm)) / m
    a.log_z = top.field.log_z + log_z
    a.d = top.field.d + d
    a.d_variance = dd - d * d
    a.d2_squared = d2d2
    # (B6), or (B7) where the tilt dominates and (B6) would cancel
    if m * D > V:
        a.d2 = (xx - x * x - 1) / (m * D)
    else:
        a.d2 = d2 + m * a.d_variance
    return a


cdef double falling_root(
    Scalar channel, double V, double tilt_log, double tilt_d2
) noexcept nogil:
    # field above the margin where tilt_log |log Z| + tilt_d2 |(log Z)''| falls below 1
    cdef double low = channel.kappa, high = low + 40 * sqrt(V), omega = low
    cdef Field f = channel.log_z(omega, V, &channel)
    if tilt_log * f.log_z + tilt_d2 * f.d2 > -1:
        return low
    for _ in range(24):
        omega = 0.5 * (low + high)
        f = channel.log_z(omega, V, &channel)
        if tilt_log * f.log_z + tilt_d2 * f.d2 > -1:
            high = omega
        else:
            low = omega
    return omega


cdef inline double thickness(Scalar channel, double V, double omega) noexcept nogil:
    # scale on which log Z varies at omega
    return V / (sqrt(V) + omega - channel.kappa)


cdef Wall wall_of(Scalar channel, double D, double V, double m) noexcept nogil:
    # (B9) the inner wall, Z^m = 1/e; (B10) the outer front, m D |(log Z)''| = 1
    cdef double omega = falling_root(channel, V, 0, m * D), width
    cdef Wall wall
    width = thickness(channel, V, omega)
    wall.h = omega - m * D * channel.log_z(omega, V, &channel).d
    wall.h_width = 2.8 * sqrt(width * width + D)
    wall.omega = falling_root(channel, V, m, 0)
    wall.omega_width = thickness(channel, V, wall.omega)
    return wall


cdef Averages averages(
    Scalar channel, Overlap outer, Overlap inner, double D, double m, Rule rule
) noexcept nogil:
    """Averages over the outer field; docs (B8)-(B10)."""
    cdef double V = inner.eps, root_q = sqrt(fmax(outer.q, 1e-300)), z, w = 0
    cdef double start = 0
    cdef Wall wall = wall_of(channel, D, V, m)
    cdef Grid grid = front_grid(wall.h / root_q, wall.h_width / root_q, rule)
    cdef Inner f
    cdef Averages a
    cdef int i
    a.f = a.f1_squared = a.f2_squared = a.f1_squared_f2 = 0
    a.log_z = a.d_variance = a.d2_squared = a.norm = 0
    for i in range(grid.n):
        z = gauss_node(grid, i, &w)
        f = inner_average(channel, root_q * z, D, V, m, wall, &start, rule)
        a.f += w * f.f
        a.f1_squared += w * f.d * f.d
        a.f2_squared += w * f.d2 * f.d2
        a.f1_squared_f2 += w * f.d * f.d * f.d2
        a.log_z += w * f.log_z
        a.d_variance += w * f.d_variance
        a.d2_squared += w * f.d2_squared
        a.norm += w
    return a


cdef double gap(Overlap outer, Overlap inner) noexcept nogil:
    # tq1 - tq0 from the pair that loses fewer digits
    if outer.eps < outer.q:
        return outer.eps - inner.eps
    return inner.q - outer.q


def energetic(
    ScalarChannel channel, double q0, double eps0, double q1, double eps1, double m,
    double step, double window,
):
    """Averages at (q0, q1, m), eps = 1 - q, with the two overlaps of the fields."""
    cdef Rule rule
    cdef Overlap outer = channel.c.overlap(q0, eps0, &channel.c)
    cdef Overlap inner = channel.c.overlap(q1, eps1, &channel.c)
    cdef Averages a
    rule.step, rule.window = step, window
    with nogil:
        a = averages(channel.c, outer, inner, gap(outer, inner), m, rule)
    return a, outer, inner
