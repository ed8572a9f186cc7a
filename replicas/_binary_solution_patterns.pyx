"""Averages over patterns around a binary solution: docs/binary_local_entropy.md.

Two outer Gaussians: x, the field of the reference, and u, that of the replicas given x;
one inner, v, tilted by both. (BL36)-(BL40).
"""

from libc.math cimport M_PI, exp, fabs, fmax, log, sqrt

from replicas._channels cimport Field, Overlap, Scalar, ScalarChannel
from replicas._one_rsb cimport gap as overlap_gap
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node

ctypedef struct Pattern:
    Scalar channel
    double y
    # reference's inner field: its part along v, and its own variance
    double along
    double own
    # replicas' inner field
    double root_D
    double V

ctypedef struct Node:
    Field ref
    Field field
    double exponent
    double slope
    double curvature


cdef inline Node node_at(Pattern* p, double a, double h, double v) noexcept nogil:
    cdef Node n
    n.ref = p.channel.log_z(a + p.along * v, p.own, &p.channel)
    n.field = p.channel.log_z(h + p.root_D * v, p.V, &p.channel)
    n.exponent = n.ref.log_z + p.y * n.field.log_z - 0.5 * v * v
    n.slope = p.along * n.ref.d + p.y * p.root_D * n.field.d - v
    n.curvature = 1 - p.along * p.along * n.ref.d2
    n.curvature -= p.y * p.root_D * p.root_D * n.field.d2
    return n


cdef double tilted(
    Pattern* p, double a, double h, double* start, Rule rule, double* mean
) noexcept nogil:
    # log int Dv f~ Z^y; means of A = (log f~)', g = (log Z)', g^2, log Z and A g
    cdef double v = start[0], step, flank, width, up, factor, w, norm = 0
    cdef double r = 0, g = 0, gg = 0, z = 0, rg = 0
    cdef double fall = 0.5 * rule.window * rule.window
    cdef Node top, n
    cdef int side
    for _ in range(200):
        top = node_at(p, a, h, v)
        step = top.slope / top.curvature
        v += step
        if fabs(step) * sqrt(top.curvature) < 1e-2:
            break
    top = node_at(p, a, h, v)
    start[0] = v
    # the walls are on the left: crowd where the exponent has fallen by 2
    flank = v - 2 / sqrt(top.curvature)
    for _ in range(20):
        n = node_at(p, a, h, flank)
        if top.exponent - 2 - n.exponent < 0.5:
            break
        flank += (top.exponent - 2 - n.exponent) / n.slope
    width = 1 / sqrt(n.curvature)
    step = rule.step / (1 + 0.13 * fabs(v - flank) * sqrt(top.curvature))
    for side in range(2):
        factor = exp(step if side else -step)
        up = sqrt(factor)
        while True:
            n = node_at(p, a, h, flank + 0.5 * width * (up - 1 / up))
            if not n.exponent > top.exponent - fall:
                break
            w = (up + 1 / up) * exp(n.exponent - top.exponent)
            norm += w
            r += w * n.ref.d
            g += w * n.field.d
            gg += w * n.field.d * n.field.d
            z += w * n.field.log_z
            rg += w * n.ref.d * n.field.d
            up *= factor
    mean[0], mean[1], mean[2], mean[3] = r / norm, g / norm, gg / norm, z / norm
    mean[4] = rg / norm
    return top.exponent + log(0.5 * norm * width * step) - 0.5 * log(2 * M_PI)


def averages(
    ScalarChannel channel, double eps_ref, double t, double eps0, double eps, double p,
    double y, double step, double window,
):
    """Averages over (x, u) at overlaps of the weights, eps = 1 - q1, eps0 = 1 - q0.

    Returns (norm, log int, <log Z>) and, times tq' of the overlap to which each is
    conjugate, <A>^2, <A><g>, <g>^2, <g^2>, <A g>.
    """
    cdef Pattern s
    cdef Rule rule
    cdef Grid outer, grid
    cdef Overlap between, across, other, same, to_ref
    cdef double root, r, D, x, u, weight = 0, w = 0, front, log_integral, v, shared, c
    cdef double[5] mean
    cdef double[8] total
    cdef int i, j, k
    with nogil:
        for k in range(8):
            total[k] = 0
        rule.step, rule.window = step, window
        s.channel, s.y = channel.c, y
        # overlaps of the fields, by (C4)
        between = channel.c.overlap(1 - eps_ref, eps_ref, &s.channel)
        across = channel.c.overlap(t, 1 - t, &s.channel)
        other = channel.c.overlap(1 - eps0, eps0, &s.channel)
        same = channel.c.overlap(1 - eps, eps, &s.channel)
        to_ref = channel.c.overlap(p, 1 - p, &s.channel)
        D = overlap_gap(other, same)
        s.V, s.root_D, root = same.eps, sqrt(D), sqrt(between.q)
        shared = across.q / root
        c = sqrt(fmax(other.q - shared * shared, 0))
        r = overlap_gap(across, to_ref) / s.root_D
        s.along, s.own = r, fmax(between.eps - r * r, 1e-14)
        # the reference reaches the margin, its inner field narrowed by the tilt
        outer = front_grid(
            channel.c.kappa / root,
            2.8 * sqrt(s.own + r * r / (1 + y * D / s.V)) / root,
            rule,
        )
        for i in range(outer.n):
            x = gauss_node(outer, i, &weight)
            front = (channel.c.kappa - shared * x) / fmax(c, 1e-8)
            grid = front_grid(front, 2.8 * sqrt(other.eps) / fmax(c, 1e-8), rule)
            v = 0
            for j in range(grid.n):
                u = gauss_node(grid, j, &w)
                log_integral = tilted(
                    &s, root * x, shared * x + c * u, &v, rule, mean
                )
                w *= weight
                total[0] += w
                total[1] += w * log_integral
                total[2] += w * mean[3]
                total[3] += w * between.d * mean[0] * mean[0]
                total[4] += w * across.d * mean[0] * mean[1]
                total[5] += w * other.d * mean[1] * mean[1]
                total[6] += w * same.d * mean[2]
                total[7] += w * to_ref.d * mean[4]
    return tuple(total)
