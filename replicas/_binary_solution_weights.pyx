"""Averages over weights around a binary solution: docs/binary_local_entropy.md.

Two outer Gaussians: x, the field of the reference, and u, that of the replicas given x;
one inner, the total field X of a weight, tilted with the reference w. (BL36)-(BL40).
"""

from libc.math cimport M_PI, NAN, exp, fabs, fmax, log, sqrt, tanh
from libc.stdlib cimport free, malloc

from replicas._binary_table cimport Table, tabulate
from replicas._quadrature cimport Grid, Rule, front_grid, gauss_node

cdef enum:
    MAX_NODES = 100000

ctypedef struct Weight:
    Table table
    double* row
    double y
    double dq_hat
    double w0
    # deviation of X given the fields; slope in X of the reference's field
    double b
    double ratio
    # of the exponent, and of X about the replicas' field
    double fall
    double reach


cdef double tilted_weight(Weight* c, double h, double k, double* mean) noexcept nogil:
    # log of the integral over X at the fields k + w0 w of the reference and h of the
    # replicas; means of w, T = tanh X, 1 - w T, 1 - T^2 and y log 2cosh X
    cdef Table t = c.table
    cdef int low = max(<int>((h - c.reach) / t.h) - 1, -t.n), j
    cdef int high = min(<int>((h + c.reach) / t.h) + 1, t.n)
    cdef double z, s, e, g, value, top = -1e300
    cdef double norm = 0, w = 0, T = 0, tie = 0, gap2 = 0, log_2cosh = 0
    for j in range(low, high + 1):
        z, s = (j * t.h - h) / c.b, c.ratio * (j * t.h - h) + k
        value = t.exponent[j if j > 0 else -j] - 0.5 * z * z + fabs(s)
        c.row[j - low] = value
        top = fmax(top, value)
    for j in range(low, high + 1):
        value = c.row[j - low] - top
        if value < -c.fall:
            continue
        s = c.ratio * (j * t.h - h) + k
        e = exp(-2 * fabs(s))
        value = exp(value) * (1 + e)
        g = t.gap[j if j > 0 else -j]
        norm += value
        T += value * (1 - g if j >= 0 else g - 1)
        gap2 += value * g * (2 - g)
        e = 2 * e / (1 + e)
        w += value * (1 - e if s > 0 else e - 1)
        # 1 - |w T| from the two gaps
        g = e + g - e * g
        tie += value * (g if (s > 0) == (j > 0) else 2 - g)
        log_2cosh += value * t.exponent[j if j > 0 else -j]
    mean[0], mean[1], mean[2] = w / norm, T / norm, tie / norm
    mean[3], mean[4] = gap2 / norm, log_2cosh / norm
    return top - 0.5 * c.w0 * c.ratio + log(norm * t.h / c.b) - 0.5 * log(2 * M_PI)


cdef void average_weights(
    Weight* c, double root_ref, double tau, double spread, Rule rule, double* total
) noexcept nogil:
    # over the fields root_ref x of the reference, tau x + spread u of the replicas
    cdef double m = 1, x, u, k, log_integral, weight = 0, w = 0
    cdef double front = fmax(spread, 1e-8)
    cdef double[5] mean
    cdef Grid outer, grid
    cdef int i, j
    # the reference switches where root_ref x + y m (tau x + spread u) = 0
    for _ in range(50):
        m = tanh(c.w0 + c.dq_hat * m)
    outer = front_grid(
        0, (2 + 2.8 * c.y * m * spread) / (root_ref + c.y * m * tau), rule
    )
    for i in range(outer.n):
        x = gauss_node(outer, i, &weight)
        k = root_ref * x
        grid = front_grid(
            -(k / (c.y * m) + tau * x) / front, 2 / (c.y * m * front), rule
        )
        for j in range(grid.n):
            u = gauss_node(grid, j, &w)
            w *= weight
            log_integral = tilted_weight(c, tau * x + spread * u, k, mean)
            total[0] += w
            total[1] += w * log_integral
            total[2] += w * mean[0] * mean[0]
            total[3] += w * mean[0] * mean[1]
            total[4] += w * mean[2]
            total[5] += w * mean[1] * mean[1]
            total[6] += w * mean[3]
            total[7] += w * (1 - mean[2] - mean[0] * mean[1])
            total[8] += w * (1 - mean[3] - mean[1] * mean[1])
            total[9] += w * mean[4] / c.y


def averages(
    double root_ref, double tau, double c, double dq_hat, double w0, double y,
    double step, double window,
):
    """Averages over (x, u) of means tilted over X and w.

    The reference's field is root_ref x, the replicas' tau x + c u; variance of X given
    them dq_hat/y. Returns (norm, log int, <w>^2, <w><T>, 1 - <w T>, <T>^2, 1 - <T^2>,
    <w T> - <w><T>, <T^2> - <T>^2, log 2cosh X); nan where the nodes are too many.
    """
    cdef Weight s
    cdef Rule rule
    cdef double b = sqrt(dq_hat / y), reach
    cdef double[10] total
    cdef bint done = False
    cdef int k
    rule.step, rule.window = step, window
    s.y, s.dq_hat, s.w0, s.b, s.ratio = y, dq_hat, w0, b, w0 * y / dq_hat
    s.fall = 0.5 * window * window + 5
    s.reach = fabs(w0) + dq_hat + window * b
    with nogil:
        for k in range(10):
            total[k] = 0
        reach = (tau + c) * (window + 2) * 1.3 + w0 + dq_hat + (window + 2) * b
        if tabulate(&s.table, y, b, reach, rule, MAX_NODES):
            s.row = <double*>malloc((2 * s.table.n + 1) * sizeof(double))
            done = s.row != NULL
            if done:
                average_weights(&s, root_ref, tau, c, rule, total)
            free(s.row)
        free(s.table.exponent)
    if not done:
        return (NAN,) * 10
    return tuple(total)
