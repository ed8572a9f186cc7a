"""y -> infinity local entropy of a scalar channel: docs/large_y.md.

The centre's field h and the replicas' field omega are tied by
h = omega - D f'(omega), f = log Z(omega, V), V = 1 - tq; averages over h are taken
over omega, which needs no inner solution.
"""

from libc.math cimport INFINITY, NAN, exp, fabs, fmax, fmin, hypot, log, log1p, sqrt

from replicas._channels cimport Field, Overlap, Scalar, ScalarChannel
from replicas._gauss cimport G
from replicas._quadrature cimport Grid, Rule, sinh_grid, sinh_node
from replicas._saddle cimport Root, find_root

ctypedef struct Averages:
    # over h ~ N(0, tq); s = D f'' and u = (eps + delta) f'; the last two are
    # (eps + delta)^2 times f''^2/(1 - s)^2 and f''^2/(1 - s)
    double norm
    double f
    double u_squared
    double u_squared_shift
    double curvature_squared
    double d2_squared

ctypedef struct Context:
    Scalar channel
    Overlap o
    Rule rule
    double alpha
    double q
    double eps
    double log_c


cdef double omega_of(
    Scalar channel, double V, double D, double h, double below
) noexcept nogil:
    # (L7) inverted: Newton from below is monotone since h(omega) is concave; about
    # log(D/V) steps from the first value, few from the omega of a smaller h
    cdef double omega = fmax(below, (h + D / V * channel.kappa) / (1 + D / V)), step
    cdef Field f
    for _ in range(1000):
        f = channel.log_z(omega, V, &channel)
        step = (h - omega + D * f.d) / (1 - D * f.d2)
        omega += step
        if fabs(step) < 1e-3 * sqrt(V):
            break
    return omega


cdef Averages averages(Context* c) noexcept nogil:
    cdef double V = c.o.eps, ratio = exp(c.log_c), D = ratio * V
    cdef double edge = c.rule.window * sqrt(c.o.q)
    cdef double delta = D / c.o.d
    # where lifted patterns meet satisfied ones, (L8), and on which scale
    cdef double lift = sqrt(2 * log1p(ratio))
    cdef double front = c.channel.kappa + lift * sqrt(V)
    cdef double width = 2 * sqrt(V) / (1 + lift), omega, w = 0, shift, u
    cdef double low = omega_of(c.channel, V, D, -edge, -INFINITY)
    cdef double middle = omega_of(c.channel, V, D, 0, low)
    cdef double high = fmax(edge, omega_of(c.channel, V, D, edge, middle))
    # the nodes must also resolve the Gaussian, where it is narrower than the front
    cdef Field f = c.channel.log_z(middle, V, &c.channel)
    cdef double spacing = hypot(width, middle - front) * (1 - D * f.d2)
    cdef Grid grid = sinh_grid(
        front, width, low, high, c.rule.step * fmin(1, 10 * sqrt(c.o.q) / spacing)
    )
    cdef Averages a
    cdef int i
    a.norm = a.f = a.u_squared = a.u_squared_shift = a.curvature_squared = 0
    a.d2_squared = 0
    for i in range(grid.n):
        omega = sinh_node(grid, i, &w)
        f = c.channel.log_z(omega, V, &c.channel)
        shift = 1 - D * f.d2
        w *= shift * G((omega - D * f.d) / sqrt(c.o.q)) / sqrt(c.o.q)
        u = (c.eps + delta) * f.d
        a.norm += w
        a.f += w * f.log_z
        a.u_squared += w * u * u
        a.u_squared_shift += w * u * u * D * f.d2 / shift
        u = (c.eps + delta) * f.d2 / shift
        a.curvature_squared += w * u * u
        a.d2_squared += w * u * u * shift
    return a


cdef double stationarity(double log_c, void* context, double* slope) noexcept nogil:
    # (L5), and its derivative in log c at fixed h, (L6)
    cdef Context* c = <Context*>context
    cdef Averages a
    cdef double delta
    c.log_c = log_c
    a = averages(c)
    delta = exp(log_c) * c.o.eps / c.o.d
    slope[0] = 2 * (delta / (c.eps + delta) + a.u_squared_shift / a.u_squared)
    return log(c.alpha * c.o.d * a.u_squared / c.q)


cdef double normalised(Context* c, Averages a) noexcept nogil:
    # (L9): (L3) at the saddle, without its cancellation
    cdef double delta = exp(c.log_c) * c.o.eps / c.o.d
    return 0.5 * c.q * c.eps / (c.eps + delta) ** 2 + c.alpha * a.f


def energetic(
    ScalarChannel channel, double eps, double delta, double step, double window,
):
    """Averages over the centre's field: docs/binary_local_entropy.md (BL2), (BL3).

    Returns 1, f, tq' f'^2, delta (tq'^2 f''^2/(1 - D f'') + tq'' f'^2) and
    tq'^2 (f''/(1 - D f''))^2 + tq'' f'^2.
    """
    cdef Context c
    cdef Averages a
    cdef double scale
    with nogil:
        c.channel = channel.c
        c.q, c.eps = 1 - eps, eps
        c.o = c.channel.overlap(c.q, eps, &c.channel)
        c.rule.step, c.rule.window = step, window
        c.log_c = log(delta * c.o.d / c.o.eps)
        a = averages(&c)
        scale = 1 / (eps + delta)
    return (
        a.norm,
        a.f,
        c.o.d * (scale * scale * a.u_squared),
        delta * scale * scale * (
            c.o.d * c.o.d * a.d2_squared + c.o.d2 * a.u_squared
        ),
        scale * scale * (
            c.o.d * c.o.d * a.curvature_squared + c.o.d2 * a.u_squared
        ),
    )


def solve(
    ScalarChannel channel, double alpha, double eps, double start,
    double step, double window, double fine_step, double fine_window,
):
    """(log c, delta, normalised, stability, error, residual); nan without a saddle."""
    cdef Context c
    cdef Root root
    cdef Averages coarse, fine
    cdef double value, residual, error, stability, delta
    with nogil:
        c.channel = channel.c
        c.alpha, c.q, c.eps = alpha, 1 - eps, eps
        c.o = c.channel.overlap(c.q, eps, &c.channel)
        c.rule.step, c.rule.window = 2.5 * step, window
        # a coarse rule brings Newton close
        root = find_root(stationarity, &c, start, -46, 690, 1e-3)
        c.rule.step = step
        if root.success:
            root = find_root(stationarity, &c, root.x, -46, 690, 1e-7)
        c.log_c = root.x
        coarse = averages(&c)
        c.rule.step, c.rule.window = fine_step, fine_window
        fine = averages(&c)
        value = normalised(&c, fine)
        delta = exp(c.log_c) * c.o.eps / c.o.d
        residual = fabs(log(alpha * c.o.d * fine.u_squared / c.q))
        error = fabs(value - normalised(&c, coarse)) + fabs(value) * (
            fabs(fine.norm - 1) + residual / root.slope
        )
        # (L10)
        stability = alpha * c.o.d * c.o.d * fine.curvature_squared
        stability += c.q * c.o.d2 / c.o.d
    if not root.success:
        return (root.x,) + (NAN,) * 5
    return root.x, delta, value, stability, error, residual
