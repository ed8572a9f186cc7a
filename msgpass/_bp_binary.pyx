"""Sweeps of belief propagation, binary weights: docs/focusing.md (FB7)-(FB10).

A message U to a weight is half the logarithm of the odds of its signs.
"""

from libc.math cimport fabs, log, sqrt

from msgpass._exact cimport exact_messages, update_counts
from msgpass._node cimport Node, OutputNode, majority, node, parity
from msgpass._rows cimport (
    ROW_TAYLOR, ROW_TAYLOR_LONG, ROW_U_MAX, row_spins, row_sums_reals, row_sums_signs,
    row_update_mean_reals, row_update_mean_signs, row_update_spins_erf_reals,
    row_update_spins_erf_reals_long, row_update_spins_erf_signs,
    row_update_spins_erf_signs_long,
)
from replicas._channels cimport MAX_K
from replicas._gauss cimport G, H, log_H

cdef double SMALL = 1e-150  # below it votes are counted in the log domain, by `node`

cdef double TRUNCATION = 1e-13  # last terms of a series of messages

ctypedef signed char char8

ctypedef fused pattern:
    char8
    double

ctypedef struct Unit:
    # probabilities that the pattern is satisfied if the unit is positive, if it is not
    double plus
    double minus


def sweep_gaussian(
    OutputNode output, const pattern[:, ::1] X, const signed char[::1] labels,
    const Py_ssize_t[::1] order, bint tree, bint symmetric, bint expanded,
    const double[:, ::1] T, double[:, ::1] S, double[:, :, ::1] U, double damping,
    double[:, ::1] m, double[:, ::1] v,
):
    """Update the messages of the patterns in `order`, fields of units Gaussian.

    T (K, n): fields of the weights, all messages included; S: the same, to which new
    messages are added (T itself if the schedule is sequential); U (M, K, n): messages.
    symmetric: the rule; expanded: messages to first order in 1/sqrt(n) each.
    m, v (K, n): scratch. Labels are +1 except for parity. Returns the sum of log Z.
    """
    cdef double[MAX_K] mu, s2, omega, V, g, Gam
    cdef Unit[MAX_K] units
    cdef double log_z = 0, scale
    cdef Py_ssize_t k, a, l, n = T.shape[1], step = n if tree else 0
    cdef int K = T.shape[0]
    cdef bint first_order
    with nogil:
        scale = 1 / sqrt(<double>n)
        for k in range(order.shape[0]):
            a = order[k]
            for l in range(K):
                row_spins(&T[l, 0], &U[a, l, 0], &m[l, 0], &v[l, 0], n)
                if pattern is double:
                    row_sums_reals(
                        &X[a, l * step], &m[l, 0], &v[l, 0], n, &mu[l], &s2[l]
                    )
                else:
                    row_sums_signs(
                        &X[a, l * step], &m[l, 0], &v[l, 0], n, &mu[l], &s2[l]
                    )
                omega[l] = scale * mu[l]
                V[l] = s2[l] / n
            log_z += node(&output.c, labels[a], omega, V, g, Gam)
            first_order = expanded
            if not (expanded or symmetric):
                first_order = not _units(&output.c, labels[a], omega, V, units)
            for l in range(K):
                if first_order:
                    if pattern is double:
                        row_update_mean_reals(
                            &X[a, l * step], &m[l, 0], &S[l, 0], &U[a, l, 0], n,
                            scale * g[l], Gam[l] / n, ROW_U_MAX, damping,
                        )
                    else:
                        row_update_mean_signs(
                            &X[a, l * step], &m[l, 0], &S[l, 0], &U[a, l, 0], n,
                            scale * g[l], Gam[l] / n, ROW_U_MAX, damping,
                        )
                elif symmetric:
                    _update_scalar(
                        &output.c, &X[a, l * step], &m[l, 0], &v[l, 0], &S[l, 0],
                        &U[a, l, 0], n, mu[l], s2[l], damping,
                    )
                else:
                    _update_erf(
                        units[l], &X[a, l * step], &m[l, 0], &v[l, 0], &S[l, 0],
                        &U[a, l, 0], n, mu[l] - output.c.scalar.kappa / scale, s2[l],
                        damping,
                    )
    return log_z


cdef bint _units(
    const Node* c, double label, const double* omega, const double* V, Unit* units
) noexcept nogil:
    # what each unit must know of the others; False where probabilities underflow
    cdef double[MAX_K] p, q
    cdef int l
    if c.K == 1:
        units[0].plus, units[0].minus = 1, 0
        return True
    for l in range(c.K):
        p[l] = H(-omega[l] / sqrt(V[l]))
        q[l] = H(omega[l] / sqrt(V[l]))
    return _others(c, label, p, q, units) > SMALL


cdef double _others(
    const Node* c, double label, const double* p, const double* q, Unit* units
) noexcept nogil:
    # fill units from the probabilities p, q of positive and negative units; returns Z
    cdef double[MAX_K] piv, base
    cdef double Z
    cdef int l
    if c.parity:
        Z = parity(c.K, label, p, q, piv)
        for l in range(c.K):
            units[l].plus, units[l].minus = 0.5 * (1 + piv[l]), 0.5 * (1 - piv[l])
    else:
        Z = majority(c.K, c.least, p, q, piv, base)
        for l in range(c.K):
            units[l].plus, units[l].minus = base[l] + piv[l], base[l]
    return Z


cdef double _log_mixture(Unit unit, double x) noexcept nogil:
    if unit.minus == 0:
        return log_H(-x) + log(unit.plus)
    return log(unit.minus * H(x) + unit.plus * H(-x))


cdef double _expand(
    Unit unit, double b, double reach, int first, int last, double* z, double* L
) noexcept nogil:
    # Taylor coefficients first..last of log(minus H + plus (1 - H)) at b, those before
    # being there; returns how much the last two add at a distance `reach`
    cdef double bell = G(b), before = 0, total
    cdef int k, j
    if first == 1:
        z[0] = unit.minus * H(b) + unit.plus * H(-b)
        for k in range(1, ROW_TAYLOR_LONG + 1):
            z[k] = (unit.plus - unit.minus) * bell / (k * z[0])
            bell, before = -(b * bell + before) / k, bell
    for k in range(first, last + 1):
        total = k * z[k]
        for j in range(1, k):
            total -= j * L[j] * z[k - j]
        L[k] = total / k
    return reach ** (last - 1) * (fabs(L[last - 1]) + fabs(L[last]) * reach)


cdef void _update_erf(
    Unit unit, const pattern* x, const double* m, const double* v, double* S, double* U,
    Py_ssize_t n, double mu, double s2, double damping,
) noexcept nogil:
    # (FB8): from the series where that has converged, else one by one
    cdef double[ROW_TAYLOR_LONG + 1] L, z
    cdef double b = mu / sqrt(s2), top = 1, reach, rest, r, new
    cdef Py_ssize_t i
    if pattern is double:
        top = 0
        for i in range(n):
            top = max(top, fabs(x[i]))
    rest = s2 - top * top
    if rest > 0.5 * s2 and fabs(b) < 8:
        r = 1 / sqrt(rest)
        reach = 2 * top * r + fabs(b) * (sqrt(s2) * r - 1)
        if _expand(unit, b, reach, 1, ROW_TAYLOR, z, L) < TRUNCATION:
            if pattern is double:
                row_update_spins_erf_reals(x, m, v, S, U, n, mu, s2, b, L, damping)
            else:
                row_update_spins_erf_signs(x, m, v, S, U, n, mu, s2, b, L, damping)
            return
        if _expand(
            unit, b, reach, ROW_TAYLOR + 1, ROW_TAYLOR_LONG, z, L
        ) < TRUNCATION:
            if pattern is double:
                row_update_spins_erf_reals_long(
                    x, m, v, S, U, n, mu, s2, b, L, damping
                )
            else:
                row_update_spins_erf_signs_long(
                    x, m, v, S, U, n, mu, s2, b, L, damping
                )
            return
    for i in range(n):
        # the variance that weight i leaves may cancel when all others are certain
        r = 1 / sqrt(max(s2 - x[i] * x[i] * v[i], 1e-15 * s2))
        new = 0.5 * (
            _log_mixture(unit, (mu - x[i] * m[i] + x[i]) * r)
            - _log_mixture(unit, (mu - x[i] * m[i] - x[i]) * r)
        )
        new = (1 - damping) * _clip(new) + damping * U[i]
        S[i] += new - U[i]
        U[i] = new


cdef void _update_scalar(
    const Node* c, const pattern* x, const double* m, const double* v, double* S,
    double* U, Py_ssize_t n, double mu, double s2, double damping,
) noexcept nogil:
    # the same with any channel of one field
    cdef double scale = 1 / sqrt(<double>n), up, down, V, new
    cdef Py_ssize_t i
    for i in range(n):
        V = max(s2 - x[i] * x[i] * v[i], 1e-15 * s2) / n
        up = c.scalar.log_z(scale * (mu - x[i] * m[i] + x[i]), V, &c.scalar).log_z
        down = c.scalar.log_z(scale * (mu - x[i] * m[i] - x[i]), V, &c.scalar).log_z
        new = (1 - damping) * _clip(0.5 * (up - down)) + damping * U[i]
        S[i] += new - U[i]
        U[i] = new


cdef double _clip(double u) noexcept nogil:
    return max(min(u, ROW_U_MAX), -ROW_U_MAX) if u == u else u


def sweep_exact(
    OutputNode output, const signed char[:, ::1] X, const signed char[::1] labels,
    const Py_ssize_t[::1] order, bint tree, const double[::1] positive,
    const double[:, ::1] T, double[:, ::1] S, double[:, :, ::1] U, double damping,
    double[:, ::1] m, double[:, ::1] v, double[:, :, ::1] counts, double[::1] weight,
):
    """As `sweep_gaussian` with the distribution of each field by convolution.

    positive[c]: 1 if a unit is positive with c of its inputs, 0 if not.
    counts (K, n + 1, n + 1), weight (n + 1): scratch.
    """
    cdef double[MAX_K] p, q
    cdef Unit[MAX_K] units
    cdef double log_z = 0, rare
    cdef Py_ssize_t k, a, l, i, n = T.shape[1], step = n if tree else 0
    cdef int K = T.shape[0]
    with nogil:
        for k in range(order.shape[0]):
            a = order[k]
            for l in range(K):
                row_spins(&T[l, 0], &U[a, l, 0], &m[l, 0], &v[l, 0], n)
                for i in range(n):
                    # m, v: now the probabilities of the two signs of x w
                    rare = v[l, i] / (2 * (1 + fabs(m[l, i])))
                    if X[a, l * step + i] * m[l, i] > 0:
                        m[l, i], v[l, i] = 1 - rare, rare
                    else:
                        m[l, i], v[l, i] = rare, 1 - rare
                update_counts(&m[l, 0], &v[l, 0], n, &counts[l, 0, 0])
                p[l] = 0
                q[l] = 0
                for i in range(n + 1):
                    p[l] += positive[i] * counts[l, n, i]
                    q[l] += (1 - positive[i]) * counts[l, n, i]
            if K == 1:
                log_z += log(p[0])
                units[0].plus, units[0].minus = 1, 0
            else:
                log_z += log(_others(&output.c, labels[a], p, q, units))
            for l in range(K):
                for i in range(n + 1):
                    weight[i] = units[l].plus if positive[i] else units[l].minus
                exact_messages(
                    &m[l, 0], &v[l, 0], &counts[l, 0, 0], &weight[0], n, &m[l, 0]
                )
                for i in range(n):
                    rare = _clip(X[a, l * step + i] * m[l, i])
                    rare = (1 - damping) * rare + damping * U[a, l, i]
                    S[l, i] += rare - U[a, l, i]
                    U[a, l, i] = rare
    return log_z
