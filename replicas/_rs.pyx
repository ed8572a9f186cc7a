"""Replica symmetric saddle of a scalar channel: docs/rs.md, docs/binary.md."""

from libc.float cimport DBL_EPSILON
from libc.math cimport NAN, exp, fabs, fmax, isnan, log, sqrt

from replicas._channels cimport Field, Front, Overlap, Scalar, ScalarChannel
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node
from replicas._saddle cimport Root, find_root
from replicas._weights cimport PriorKernel, Weights, WeightsAt

cdef double LOW = -80  # of the coordinate x of a branch
cdef double LEAST = 1e-14  # 1 - q that is resolved

ctypedef struct Averages:
    # over the field h = sqrt(tq) z, with f = log Z(h, 1 - tq)
    double f
    double f1
    double f1_squared
    double f2_squared
    double f1_squared_f2
    double norm

ctypedef struct Context:
    Scalar channel
    WeightsAt weights
    bint teacher
    Rule rule
    double log_alpha
    # where the equation was last evaluated
    Weights w
    Overlap o
    Averages a

ctypedef struct Branch:
    # a point x of the branch and dx/dlog alpha there
    double log_alpha
    double x
    double dx


cdef Averages averages(
    Scalar channel, bint teacher, Overlap o, Rule rule
) noexcept nogil:
    # under a teacher the field has the density of the patterns that it labels, 2 Z
    cdef double root_q = sqrt(o.q), w = 0, z
    cdef Front front = channel.front(o.eps, &channel)
    cdef Grid grid = front_grid(front.centre / root_q, front.width / root_q, rule)
    cdef Field f
    cdef Averages a
    cdef int i
    a.f = a.f1 = a.f1_squared = a.f2_squared = a.f1_squared_f2 = a.norm = 0
    for i in range(grid.n):
        z = gauss_node(grid, i, &w)
        f = channel.log_z(root_q * z, o.eps, &channel)
        if teacher:
            w *= 2 * exp(f.log_z)
        a.f += w * f.log_z
        a.f1 += w * f.d
        a.f1_squared += w * f.d * f.d
        a.f2_squared += w * f.d2 * f.d2
        a.f1_squared_f2 += w * f.d * f.d * f.d2
        a.norm += w
    return a


cdef double log_load(double x, Context* c, double* slope) noexcept nogil:
    # (R3): log of the load whose saddle is at x; its derivative goes to slope
    cdef double growth
    c.w = c.weights(x, c.rule)
    c.o = c.channel.overlap(c.w.q, c.w.eps, &c.channel)
    c.a = averages(c.channel, c.teacher, c.o, c.rule)
    # (R5), (BN18): derivative of E f'^2 in tq
    growth = c.a.f2_squared - (0 if c.teacher else 2 * c.a.f1_squared_f2)
    slope[0] = c.w.dlog_q_hat - c.w.dq * (
        c.o.d2 / c.o.d + c.o.d * growth / c.a.f1_squared
    )
    return c.w.log_q_hat - log(c.o.d * c.a.f1_squared)


cdef double stationarity(double x, void* context, double* slope) noexcept nogil:
    # (R4): log of the two sides of the saddle equation
    cdef Context* c = <Context*>context
    return log_load(x, c, slope) - c.log_alpha


cdef double lost_entropy(double x, void* context, double* slope) noexcept nogil:
    # minus the entropy of the saddle at x (BN8), a saddle of the load exp(log_alpha)
    cdef Context* c = <Context*>context
    cdef double alpha
    c.log_alpha = log_load(x, c, slope)
    alpha = exp(c.log_alpha)
    slope[0] *= -alpha * c.a.f
    return -c.w.entropic - alpha * c.a.f


cdef Context context(
    PriorKernel prior, ScalarChannel channel, double step, double window
):
    cdef Context c
    c.channel, c.weights, c.teacher = channel.c, prior.at, prior.teacher
    c.rule.step, c.rule.window = step, window
    return c


cdef Context finer(Context c, double step, double window) noexcept nogil:
    # the same by another rule, with finer inner sums of a loss too
    c.rule.step, c.rule.window = step, window
    c.channel.step /= 1.3
    return c


cdef double index(Context* c) noexcept nogil:
    # (R6)
    return exp(c.log_alpha) * c.w.response * (
        c.o.d * c.o.d * c.a.f2_squared + c.o.d2 * c.a.f1_squared
    )


cdef double extrapolate(Branch old, Branch last, double log_alpha) noexcept nogil:
    # cubic Hermite continuation of x(log alpha) beyond its last two points
    cdef double h = last.log_alpha - old.log_alpha
    cdef double s = (log_alpha - last.log_alpha) / h
    cdef double chord = (last.x - old.x) / h
    cdef double bend = last.dx + old.dx - 2 * chord
    return last.x + s * h * (
        last.dx + s * (2 * last.dx + old.dx - 3 * chord + bend * s)
    )


def branch(
    PriorKernel prior, ScalarChannel channel, double x, double step, double window
):
    """The saddle at x: log_load (R3) and its slope in x, terms of the weights named
    as in `Weights`, average f of log Z, entropy (R1), stability (R6), norm.
    """
    cdef Context c = context(prior, channel, step, window)
    cdef double slope = 0
    c.log_alpha = log_load(x, &c, &slope)
    found = c.w
    return found | {
        "log_load": c.log_alpha,
        "slope": slope,
        "f": c.a.f,
        "entropy": c.w.entropic + exp(c.log_alpha) * c.a.f,
        "stability": index(&c),
        "norm": c.a.norm,
    }


def zero_entropy(
    PriorKernel prior, ScalarChannel channel, double step, double window,
    double fine_step, double fine_window,
):
    """Load at which the entropy of the saddle vanishes (BN8), its error, the residual
    of (R4), d log alpha/d kappa (BN9) and the order parameters; None without root.
    """
    cdef Context c = context(prior, channel, step, window)
    cdef Context fine = finer(c, fine_step, fine_window)
    cdef Root root
    cdef double alpha, better, rounding, slope = 0, step_x
    with nogil:
        root = find_root(lost_entropy, &c, 1, LOW, prior.high, 1e-8)
        log_load(root.x, &c, &slope)
        fine.log_alpha = log_load(root.x, &fine, &slope)
    if not root.success:
        return None
    # stationary in x, as the entropy is
    alpha = -c.w.entropic / c.a.f
    better = -fine.w.entropic / fine.a.f
    rounding = 8 * fabs(fine.w.entropic) + 2 * fine.w.cancels
    # one more step for x by the fine rule
    step_x = (log(better) - fine.log_alpha) / slope
    return (
        better,
        fabs(better - alpha) + DBL_EPSILON * (rounding / fabs(fine.a.f) + 4 * better),
        fabs(log(better) - fine.log_alpha),
        fine.a.f1 / fine.a.f,
        {
            "q": fine.w.q + step_x * fine.w.dq,
            "eps": fine.w.eps - step_x * fine.w.dq,
            "q_hat": fine.w.q_hat * (1 + step_x * fine.w.dlog_q_hat),
        },
    )


def solve(
    PriorKernel prior, ScalarChannel channel, const double[::1] alpha, double step,
    double window, double fine_step, double fine_window, double[:, ::1] out,
    double start=NAN,
):
    """Saddles along alpha, each started from the last, the first from x = start unless
    nan: rows of `out` hold q, 1 - q, q_hat, entropy, stability, error, residual; nan
    where there is none. Returns the largest error times 1 - q.
    """
    cdef Py_ssize_t i
    cdef int known = 0
    cdef double x, value, coarse, slope = 0, worst = 0
    cdef Context c = context(prior, channel, step, window)
    cdef Context fine = finer(c, fine_step, fine_window)
    cdef Root root
    cdef Branch old, last
    with nogil:
        for i in range(alpha.shape[0]):
            c.log_alpha = fine.log_alpha = log(alpha[i])
            if known == 0:
                x = c.log_alpha - 0.7 if isnan(start) else start
            elif known == 1 or last.log_alpha - old.log_alpha < 1e-3:
                x = last.x + (c.log_alpha - last.log_alpha) * last.dx
            else:
                x = extrapolate(old, last, c.log_alpha)
            if known == 0 and isnan(start):
                # a coarse rule brings Newton close
                c.rule.step = 2 * step
                x = find_root(stationarity, &c, x, LOW, prior.high, 0.02).x
                c.rule.step = step
            root = find_root(stationarity, &c, x, LOW, prior.high, 3e-7)
            if not root.success:
                out[i, :] = NAN
                known = 0
                continue
            if known:
                old = last
            last.log_alpha, last.x, last.dx = c.log_alpha, root.x, 1 / root.slope
            known += 1
            coarse = c.w.entropic + alpha[i] * c.a.f
            value = stationarity(root.x, &fine, &slope)
            # one more Newton step, by the fine rule; S does not feel it
            x = -value / root.slope
            out[i, 0], out[i, 1] = fine.w.q + x * fine.w.dq, fine.w.eps - x * fine.w.dq
            out[i, 2] = fine.w.q_hat * (1 + x * fine.w.dlog_q_hat)
            out[i, 4] = index(&fine)
            out[i, 6] = fabs(value)
            value = fine.w.entropic + alpha[i] * fine.a.f  # (R1), (BN1)
            out[i, 3] = value
            # against the coarse rule, at the last Newton point: S is stationary
            out[i, 5] = (
                fabs(value - coarse)
                + alpha[i] * fabs(fine.a.f) * fabs(fine.a.norm - 1)
                # rounding; terms of the entropic one cancel as q -> 1
                + DBL_EPSILON * (8 * fabs(value) + 2 * fine.w.cancels)
            )
            if out[i, 1] < LEAST:
                out[i, :] = NAN  # at the end of the branch, 1 - q is lost in rounding
            else:
                worst = fmax(worst, out[i, 5] * out[i, 1])
    return worst
