"""Energetic averages of Franz-Parisi around minimisers of a loss.

docs/franz_parisi.md (F28)-(F31): the law of the tagged reference's field is a sum over
nodes at the peak of exp(-beta loss); what depends on the mean field of the constrained
weights alone is tabulated, and the law is pushed onto the nodes of the table.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport M_PI, NAN, asinh, ceil, exp, fabs, fmax, fmin, log, sinh, sqrt

from replicas._channels cimport Field, Front, Scalar, ScalarChannel
from replicas._franz_parisi cimport Fields, correlate
from replicas._loss cimport Peak, inner_grid, proximal, softplus
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node, sinh_node

cdef enum:
    POINTS = 12  # of the interpolation
    LAWS = 3
    FUNCTIONS = 7

cdef double NEGLIGIBLE = 1e-18
# signs and binomials of the barycentric weights
cdef double[POINTS] BARYCENTRIC = [
    1, -11, 55, -165, 330, -462, 462, -330, 165, -55, 11, -1
]

ctypedef struct Table:
    # nodes of the mean field: m = centre + width sinh(low + i step), i < n
    double centre
    double width
    double low
    double step
    int n


cdef bint push(
    Table table, double m, double* weights, double[:, ::1] law
) noexcept nogil:
    # (F30): the weights at m as weights on the nodes nearby; whether there are enough
    cdef double u = (asinh((m - table.centre) / table.width) - table.low) / table.step
    cdef double[POINTS] share
    cdef double total = 0, gap
    cdef int first = <int>u - POINTS // 2 + 1, k, l
    if not (0 <= first and first + POINTS <= table.n):
        return False
    for k in range(POINTS):
        gap = u - (first + k)
        share[k] = BARYCENTRIC[k] / (gap if gap != 0 else 1e-17)
        total += share[k]
    for k in range(POINTS):
        for l in range(LAWS):
            law[first + k, l] += weights[l] * share[k] / total
    return True


cdef double push_field(
    double z0, double w0, Fields o, const Scalar* reference, double shrink,
    Table table, double[:, ::1] law, double[:, ::1] rows,
) noexcept nogil:
    # (F28): law of the tagged reference's field x at one z0, from its peak outwards;
    # returns its norm against the channel's own log Z
    cdef double h = o.root_q * z0, root = sqrt(o.q.eps), z = 0, w = 0, d, x
    cdef double drift = o.root_V * o.rho
    cdef double share = 0.5 * reference.beta / reference.gamma
    cdef Field g = reference.log_z(h, o.q.eps, reference)
    cdef Peak p = proximal(h, o.q.eps, reference)
    cdef Grid grid = inner_grid(p, h, o.q.eps, reference)
    cdef double[LAWS] weights
    cdef int side, i, n = 0, limit = <int>rows.shape[0]
    # other nodes than those of log Z
    grid.t += 0.5 * grid.step
    grid.step *= shrink
    for side in range(2):
        i = -side
        while n < limit:
            x = sinh_node(grid, i, &w)
            d = x - p.eta
            w *= exp(
                p.loss - share * softplus(-2 * reference.gamma * (h + root * x))
                - d * (p.eta + 0.5 * d)
            )
            rows[n, 0], rows[n, 1] = x, w
            z += w
            n += 1
            if not w * (1 + d * d) > NEGLIGIBLE * z:
                break
            i += 1 - 2 * side
    for i in range(n):
        w = w0 * rows[i, 1] / z
        weights[0], weights[1] = w, w * g.d
        weights[2] = w * (g.d2 - g.d * g.d)
        if not push(table, o.slope * z0 + drift * rows[i, 0], weights, law):
            return NAN
    if n == limit:
        return NAN
    return exp(log(z / sqrt(2 * M_PI)) - p.cost - g.log_z)


cdef void smooth(
    double m, double e, Scalar channel, double V, Rule rule, double* total
) noexcept nogil:
    # (F29): f, f'^2, f', f''^2, f'^2 f'', f' f'', f'' over the rest e z1 of the field
    cdef Front front = channel.front(V, &channel)
    cdef Grid grid = front_grid((front.centre - m) / e, front.width / e, rule)
    cdef Field f
    cdef double w = 0
    cdef int i
    for i in range(FUNCTIONS):
        total[i] = 0
    for i in range(grid.n):
        f = channel.log_z(m + e * gauss_node(grid, i, &w), V, &channel)
        total[0] += w * f.log_z
        total[1] += w * f.d * f.d
        total[2] += w * f.d
        total[3] += w * f.d2 * f.d2
        total[4] += w * f.d * f.d * f.d2
        total[5] += w * f.d * f.d2
        total[6] += w * f.d2


cdef Table tabulate(
    Fields o, Scalar reference, Scalar channel, Rule rule
) noexcept nogil:
    # (F31): the mean field between the ends of both laws, crowding at the front of f
    cdef double L = rule.window + 3, e = o.root_V * sqrt(o.rest)
    cdef double common = fabs(o.slope) * L, drift = o.root_V * o.rho
    cdef double high = proximal(-o.root_q * L, o.q.eps, &reference).eta
    cdef Front front = channel.front(o.q1.eps, &channel)
    cdef Table table
    table.centre = front.centre
    table.width = 1.5 * sqrt(0.0625 * front.width * front.width + e * e)
    table.step = 0.3 * rule.step
    # x runs from -L to its highest peak and L beyond
    high = fmax(high, 0) + L
    table.low = fmin(-drift * L, drift * high) - common - front.centre
    high = fmax(-drift * L, drift * high) + common - front.centre
    table.low = asinh(table.low / table.width) - POINTS * table.step
    high = asinh(high / table.width) + POINTS * table.step
    table.n = <int>ceil((high - table.low) / table.step)
    return table


def energetic(
    ScalarChannel reference, ScalarChannel channel, double q, double eps,
    double eps_p, double eps_t, double eps1, double step, double window,
    double[:, ::1] law, double[:, ::1] rows, double[::1] out,
):
    """Fill `out` as `_franz_parisi.energetic` does; the reference is a cross-entropy.

    law (n, 3) and rows (m, 2) are scratch, law zero; nan where they are too small.
    """
    cdef Rule rule
    cdef Fields o
    cdef Front front
    cdef Grid outer
    cdef Table table
    cdef double[FUNCTIONS] f
    cdef double z0, w = 0, e, shrink = step / 0.125
    cdef int i
    rule.step, rule.window = step, window
    with nogil:
        out[:] = 0
        o = correlate(channel.c, q, eps, eps_p, eps_t, eps1)
        table = tabulate(o, reference.c, channel.c, rule)
        front = reference.c.front(o.q.eps, &reference.c)
        outer = front_grid(front.centre / o.root_q, front.width / o.root_q, rule)
        if table.n > law.shape[0]:
            out[:] = NAN
            outer.n = table.n = 0
        for i in range(outer.n):
            z0 = gauss_node(outer, i, &w)
            out[7] += w * push_field(
                z0, w, o, &reference.c, shrink, table, law, rows
            )
        e = o.root_V * sqrt(o.rest)
        for i in range(table.n):
            if fabs(law[i, 0]) < DBL_EPSILON * 1e-8:
                continue
            z0 = table.low + i * table.step
            smooth(
                table.centre + table.width * sinh(z0), e, channel.c, o.q1.eps, rule, f
            )
            out[0] += law[i, 0] * f[0]
            out[1] += law[i, 0] * f[1]
            out[2] += law[i, 1] * f[2]
            out[3] += law[i, 0] * f[3]
            out[4] += law[i, 0] * f[4]
            out[5] += law[i, 1] * f[5]
            out[6] += law[i, 2] * f[6]
        out[8], out[9], out[10], out[11] = o.q1.d, o.q1.d2, o.t.d, o.t.d2
