"""Gradient of the cross-entropy of a committee over a batch; docs/learners.md."""

from libc.math cimport exp, fabs, log1p, sqrt
from scipy.linalg.cython_blas cimport dgemm, dgemv

cdef extern from "_batch.h":
    void batch_reals(
        const signed char* x, Py_ssize_t n, double* out
    ) noexcept nogil
    void batch_tanh(double beta, double* h, Py_ssize_t count) noexcept nogil
    void batch_step(
        double* w, double rate, const double* gradient, Py_ssize_t n
    ) noexcept nogil


cdef void load(
    double[:, ::1] real, const signed char[:, ::1] patterns,
    const Py_ssize_t[::1] batch,
) noexcept nogil:
    # the batch as real numbers
    cdef Py_ssize_t b, N = patterns.shape[1]
    for b in range(batch.shape[0]):
        batch_reals(&patterns[batch[b], 0], N, &real[b, 0])


cdef void fields(
    double[:, ::1] real, const double[:, ::1] weights, bint tree, int size,
    double[:, ::1] out,
) noexcept nogil:
    # out[b, l] = sum_i w_li xi_bi / sqrt n
    cdef int K = <int>weights.shape[0], n = <int>weights.shape[1]
    cdef int N = <int>real.shape[1], one = 1, l
    cdef double scale = 1 / sqrt(n), zero = 0
    cdef char transposed = b"T", plain = b"N"
    if not tree:
        dgemm(
            &transposed, &plain, &K, &size, &n, &scale, <double*>&weights[0, 0], &n,
            &real[0, 0], &N, &zero, &out[0, 0], &K,
        )
        return
    for l in range(K):
        dgemv(
            &transposed, &n, &size, &scale, &real[0, l * n], &N,
            <double*>&weights[l, 0], &one, &zero, &out[0, l], &K,
        )


cdef void back(
    double[:, ::1] real, const double[:, ::1] slopes, bint tree, int size,
    double[:, ::1] gradient,
) noexcept nogil:
    # gradient[l, i] = sum_b slope_bl xi_bi / sqrt n
    cdef int K = <int>gradient.shape[0], n = <int>gradient.shape[1]
    cdef int N = <int>real.shape[1], one = 1, l
    cdef double scale = 1 / sqrt(n), zero = 0
    cdef char transposed = b"T", plain = b"N"
    if not tree:
        dgemm(
            &plain, &transposed, &n, &K, &size, &scale, &real[0, 0], &N,
            <double*>&slopes[0, 0], &K, &zero, &gradient[0, 0], &n,
        )
        return
    for l in range(K):
        dgemv(
            &plain, &n, &size, &scale, &real[0, l * n], &N,
            <double*>&slopes[0, l], &K, &zero, &gradient[l, 0], &one,
        )


cdef double output(
    double[:, ::1] h, int size, double beta, double gamma
) noexcept nogil:
    """Turn the fields h[b, l] into slopes of the mean loss (LN4); the mean loss."""
    cdef int K = <int>h.shape[1], b, l
    cdef double root = 1 / sqrt(K), x, slope, t, tail, loss = 0
    batch_tanh(beta, &h[0, 0], size * K)
    for b in range(size):
        x = 0
        for l in range(K):
            x += h[b, l]
        x *= root
        # f = log(1 + exp(-2 gamma x)) / (2 gamma), f' = -1 / (1 + exp(2 gamma x))
        tail = exp(-2 * gamma * fabs(x))
        loss += (log1p(tail) / gamma + fabs(x) - x) / 2
        slope = -(tail if x > 0 else 1) / (1 + tail) * beta * root / size
        for l in range(K):
            t = h[b, l]
            h[b, l] = slope * (1 - t * t)
    return loss / size


def batch_gradient(
    const double[:, ::1] weights, const signed char[:, ::1] patterns,
    const Py_ssize_t[::1] batch, bint tree, double beta, double gamma,
    double[:, ::1] real, double[:, ::1] h, double[:, ::1] gradient,
):
    """Mean loss of the batch, and its gradient in the weights.

    real (batch, N) and h (batch, K) are scratch; gradient has the weights' shape.
    """
    cdef int size = <int>batch.shape[0]
    cdef double loss
    with nogil:
        load(real, patterns, batch)
        fields(real, weights, tree, size, h)
        loss = output(h, size, beta, gamma)
        back(real, h, tree, size, gradient)
    return loss


def move(
    double[:, ::1] weights, const double[:, ::1] gradient, double rate
):
    """weights -= rate n gradient, then every unit at norm sqrt n."""
    cdef Py_ssize_t K = weights.shape[0], n = weights.shape[1], l
    with nogil:
        for l in range(K):
            batch_step(&weights[l, 0], rate * n, &gradient[l, 0], n)
