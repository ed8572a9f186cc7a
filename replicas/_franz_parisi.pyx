"""Energetic averages of the Franz-Parisi ansatz, scalar channels: docs/franz_parisi.md.

One field z0 common to the references, one field y of the constrained weights whose
law is tilted by the tagged reference; the grid in y follows the moving front.
"""

from libc.math cimport copysign, exp, fabs, fmax, fmin, hypot, sqrt

from replicas._channels cimport Field, Front, Overlap, Scalar, ScalarChannel
from replicas._gauss cimport G
from replicas._quadrature cimport (
    Grid, Rule, front_grid, gauss_node, sinh_grid, sinh_node,
)

cdef enum:
    SIZE = 8  # number of averages

cdef Fields correlate(
    Scalar channel, double q, double eps, double eps_p, double eps_t, double eps1
) noexcept nogil:
    # (F8)
    cdef Overlap p = channel.overlap(1 - eps_p, eps_p, &channel)
    cdef double s, gap, free, V
    cdef Fields o
    o.q = channel.overlap(q, eps, &channel)
    o.q.q = fmax(o.q.q, 1e-300)  # q = 0 of even activations
    o.t = channel.overlap(1 - eps_t, eps_t, &channel)
    o.q1 = channel.overlap(1 - eps1, eps1, &channel)
    # the smaller terms cancel less
    s = o.q.q - o.t.q if o.q.q < o.q.eps else o.t.eps - o.q.eps
    gap = p.eps - s
    free = 2 * p.eps - s * s / o.q.q - gap * gap / o.q.eps - o.q1.eps
    # rounding may push the free variance, zero at p = q, below zero
    free = fmax(free, 1e-15 * p.eps)
    V = free + (o.q.eps - gap) * (o.q.eps - gap) / o.q.eps
    o.root_q = sqrt(o.q.q)
    o.slope = o.t.q / o.root_q
    o.root_V = sqrt(V)
    o.rho = (o.q.eps - gap) / sqrt(o.q.eps * V)
    o.rest = free / V
    return o


cdef Grid inner_grid(
    Fields o, double z0, double kappa, double beta, Rule rule
) noexcept nogil:
    # (F11): y between the ends of the tilted law, crowding at the reference's front;
    # a finite beta leaves weight beyond it
    cdef double b = (o.root_q * z0 - kappa) / sqrt(o.q.eps), L = rule.window
    cdef double spread = L * sqrt(o.rest), tiny = 1e-30
    cdef double low = -L if beta > 0 else fmax(-b, -L)
    cdef double high = sqrt(fmax(-b, 0) * fmax(-b, 0) + L * L)
    cdef double front = -b / (o.rho + copysign(tiny, o.rho))
    cdef double width = fmin(
        sqrt(o.rest) / (fabs(o.rho) + tiny), sqrt(o.q1.eps) / o.root_V
    )
    cdef double step = rule.step, bulk
    low, high = o.rho * low, o.rho * high
    low, high = fmin(low, high) - spread, fmax(low, high) + spread
    front = fmin(fmax(front, low), high)
    width = fmin(2 * width, 5.6)
    # the bulk of the law must keep enough nodes when the front is far from it
    bulk = fabs(front - o.rho * fmax(-b, 0))
    if beta > 0:
        bulk = fmax(bulk, fabs(front))
    step *= fmin(1, 5.6 / hypot(width, 1.3 * bulk))
    return sinh_grid(front, width, low, high, step)


cdef void averages(
    Scalar reference, Scalar channel, Fields o, Rule rule, double* total
) noexcept nogil:
    # (F9), (F10): f, f'^2, g f', f''^2, f'^2 f'', g f' f'', (g' - g^2) f'', 1
    cdef Front f0 = reference.front(o.q.eps, &reference)
    cdef Grid outer = front_grid(f0.centre / o.root_q, f0.width / o.root_q, rule)
    cdef Grid inner
    cdef Field f, g, tagged
    cdef double z0, y, w, w0 = 0, w1 = 0, V = o.q.eps * o.rest
    cdef double drift = o.rho * sqrt(o.q.eps)
    cdef int i, j
    for i in range(SIZE):
        total[i] = 0
    for i in range(outer.n):
        z0 = gauss_node(outer, i, &w0)
        g = reference.log_z(o.root_q * z0, o.q.eps, &reference)
        inner = inner_grid(o, z0, reference.kappa, reference.beta, rule)
        for j in range(inner.n):
            y = sinh_node(inner, j, &w1)
            tagged = reference.log_z(
                o.root_q * z0 + drift * y, V, &reference
            )
            w = w0 * w1 * exp(tagged.log_z - g.log_z - 0.5 * y * y)
            f = channel.log_z(o.slope * z0 + o.root_V * y, o.q1.eps, &channel)
            total[0] += w * f.log_z
            total[1] += w * f.d * f.d
            total[2] += w * g.d * f.d
            total[3] += w * f.d2 * f.d2
            total[4] += w * f.d * f.d * f.d2
            total[5] += w * g.d * f.d * f.d2
            total[6] += w * (g.d2 - g.d * g.d) * f.d2
            total[7] += w
    for i in range(SIZE):
        total[i] *= G(0)


def energetic(
    ScalarChannel reference, ScalarChannel channel, double q, double eps,
    double eps_p, double eps_t, double eps1, double step, double window,
    double[::1] out,
):
    """Fill `out` with the eight averages, then the derivatives of the overlaps
    of the fields: first and second in q1, first and second in t.
    """
    cdef Rule rule
    cdef Fields o
    rule.step, rule.window = step, window
    with nogil:
        o = correlate(channel.c, q, eps, eps_p, eps_t, eps1)
        averages(reference.c, channel.c, o, rule, &out[0])
        out[8], out[9], out[10], out[11] = o.q1.d, o.q1.d2, o.t.d, o.t.d2
