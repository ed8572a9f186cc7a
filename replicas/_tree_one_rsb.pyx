"""log P of a tree with 2 or 3 units on a grid of fields: docs/one_rsb.md."""

from libc.math cimport exp, log

cdef struct Node:
    # log P, |grad log P|^2, sum of the squares of its Hessian
    double log_p
    double slope
    double curvature


cdef Node node_at(
    int K, const signed char[:, ::1] allowed, const Py_ssize_t* at,
    const double[::1] b, const double[:, ::1] log_h, const double[:, ::1] s,
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
    has first index 0. Symmetric, so each sorted node is computed once.
    """
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
                    node = node_at(K, allowed, at, b, log_h, s)
                    put(log_p, i, j, k, top, node.log_p)
                    put(slope, i, j, k, top, node.slope)
                    put(curvature, i, j, k, top, node.curvature)


cdef void put(
    double[:, :, ::1] cube, Py_ssize_t i, Py_ssize_t j, Py_ssize_t k, Py_ssize_t top,
    double value,
) noexcept nogil:
    cube[i, j, k] = cube[i, k, j] = value
    if top > 1:
        cube[j, i, k] = cube[j, k, i] = cube[k, i, j] = cube[k, j, i] = value
