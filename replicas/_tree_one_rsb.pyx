"""log P of a tree with 2 or 3 units on a grid of fields: docs/one_rsb.md."""

from libc.math cimport INFINITY, exp, fmax, log

cdef struct Node:
    # log P, |grad log P|^2, sum of the squares of its Hessian
    double log_p
    double slope
    double curvature


cdef Node node_at(
    int K, const signed char[:, ::1] allowed, const Py_ssize_t* at,
    const double[::1] b, const double[:, ::1] log_h, const double[:, ::1] s,
    bint derivatives,
) noexcept nogil:
    # (B18): averages over the allowed signs with the weights of the posterior;
    # column 1 of log_h and s is a positive unit, column 0 a negative one
    cdef double[4] weight
    cdef double[3] mean
    cdef double top = -1e308, total = 0, x
    cdef double diagonal, product
    cdef int t, l, k, count = allowed.shape[0]
    cdef Node n
    for t in range(count):
        weight[t] = 0
        for l in range(K):
            weight[t] += log_h[at[l], allowed[t, l]]
        if weight[t] > top:
            top = weight[t]
    for t in range(count):
        weight[t] = exp(weight[t] - top)
        total += weight[t]
    n.log_p = top + log(total)
    n.slope = n.curvature = 0
    if not derivatives:
        return n
    for l in range(K):
        mean[l] = 0
        for t in range(count):
            weight[t] = weight[t] / total if l == 0 else weight[t]
            mean[l] += weight[t] * s[at[l], allowed[t, l]]
        n.slope += mean[l] * mean[l]
        diagonal = -b[at[l]] * mean[l] - mean[l] * mean[l]
        n.curvature += diagonal * diagonal
        for k in range(l):
            product = 0
            for t in range(count):
                x = weight[t] * s[at[l], allowed[t, l]]
                product += x * s[at[k], allowed[t, k]]
            x = product - mean[l] * mean[k]
            n.curvature += 2 * x * x
    return n


def fill(
    int K, const signed char[:, ::1] allowed, const double[::1] b,
    const double[:, ::1] log_h, const double[:, ::1] s, double[:, :, ::1] log_p,
    double[:, :, ::1] slope, double[:, :, ::1] curvature,
):
    """log P, |grad log P|^2 and its squared Hessian at all (b_i, b_j, b_k); K = 2
    has first index 0. Symmetric, so each sorted node is computed once. Only log P where
    the others are empty.
    """
    cdef bint derivatives = slope.shape[0] > 0
    cdef Py_ssize_t n = b.shape[0], i, j, k, top = n if K == 3 else 1
    cdef Py_ssize_t[3] at
    cdef Node node
    with nogil:
        for k in range(n):
            at[0] = k
            for j in range(k + 1):
                at[1] = j
                for i in range(j + 1 if K == 3 else 1):
                    at[2] = i
                    node = node_at(K, allowed, at, b, log_h, s, derivatives)
                    put(log_p, i, j, k, top, node.log_p)
                    if derivatives:
                        put(slope, i, j, k, top, node.slope)
                        put(curvature, i, j, k, top, node.curvature)


cdef void put(
    double[:, :, ::1] cube, Py_ssize_t i, Py_ssize_t j, Py_ssize_t k, Py_ssize_t top,
    double value,
) noexcept nogil:
    cube[i, j, k] = cube[i, k, j] = value
    if top > 1:
        cube[j, i, k] = cube[j, k, i] = cube[k, i, j] = cube[k, j, i] = value


def tilted_means(
    const double[:, ::1] log_terms, const double[:, ::1] log_law,
    const double[:, ::1] x, const double[:, ::1] x_squared,
    const double[:, :, ::1] means, double[:, ::1] log_sum, double[:, :, ::1] out,
):
    """log of sum_j exp(log_terms[r, j] + log_law[i, j]) into log_sum[r, i], and into
    out[:, r, i] the averages with these weights: of the means[:, r, j], of x[i, j],
    of x_squared[i, j] and of x times the last of the means.
    """
    cdef Py_ssize_t r, i, j, k, n = log_terms.shape[1], M = means.shape[0]
    cdef double top, total, w
    with nogil:
        for r in range(log_terms.shape[0]):
            for i in range(log_law.shape[0]):
                top = -INFINITY
                for j in range(n):
                    top = fmax(top, log_terms[r, j] + log_law[i, j])
                total = 0
                out[:, r, i] = 0
                for j in range(n):
                    w = log_terms[r, j] + log_law[i, j] - top
                    if w < -45:
                        continue
                    w = exp(w)
                    total += w
                    for k in range(M):
                        out[k, r, i] += w * means[k, r, j]
                    out[M, r, i] += w * x[i, j]
                    out[M + 1, r, i] += w * x_squared[i, j]
                    out[M + 2, r, i] += w * x[i, j] * means[M - 1, r, j]
                log_sum[r, i] = top + log(total)
                for k in range(M + 3):
                    out[k, r, i] /= total
