"""Parisi recursion of a scalar channel on a uniform grid: docs/rsb_centre.md.

One level averages exp(mu f) over a Gaussian, in log space; the weights it used carry
the density back down, which is the exact adjoint of the discrete recursion.
"""

from libc.math cimport M_PI, exp, fabs, log, sqrt

from replicas._channels cimport Field, Scalar, ScalarChannel

cdef extern from "_correlate.h" nogil:
    void correlate(
        double* total, Py_ssize_t rows, const double* x, Py_ssize_t begin,
        Py_ssize_t end, const double* kernel, Py_ssize_t first, Py_ssize_t last)

cdef enum:
    BLOCK = 64
    LARGE = 550


def terminal(
    ScalarChannel channel, double V, double D, double low, double step,
    double[::1] f, double[::1] d, double[::1] d2,
):
    """M(h) of (RC3), M' and M'' at h = low + j step; D = 0 gives log Z(h, V)."""
    cdef Scalar c = channel.c
    cdef double h, omega = 0, slope = 0, move
    cdef Py_ssize_t j
    cdef Field z
    with nogil:
        for j in range(f.shape[0]):
            h = low + j * step
            # omega(h) is convex: its tangent, like the chord of the first node,
            # starts from below and Newton is monotone
            if j == 0:
                omega = (h + D / V * c.kappa) / (1 + D / V)
            else:
                omega += slope * step
            if D == 0:
                omega = h
            for _ in range(200):
                z = c.log_z(omega, V, &c)
                move = (h - omega + D * z.d) / (1 - D * z.d2)
                omega += move
                if fabs(move) < 1e-7 * sqrt(V):
                    break
            # the last move was quadratically small: values at the root
            z = c.log_z(omega, V, &c)
            slope = 1 / (1 - D * z.d2)
            f[j] = z.log_z - 0.5 * D * z.d * z.d
            d[j] = z.d
            d2[j] = z.d2 * slope


cdef void extend(const double[::1] x, double slope, double curvature,
                 Py_ssize_t w, double[::1] wide) noexcept nogil:
    # w nodes on each side: a parabola on the left, a constant on the right
    cdef Py_ssize_t n = x.shape[0], j
    for j in range(n):
        wide[w + j] = x[j]
    for j in range(1, w + 1):
        wide[w - j] = x[0] - j * slope + 0.5 * curvature * j * j
        wide[w + n - 1 + j] = x[n - 1]


cdef Py_ssize_t reach(
    const double* f, double mu, double b, Py_ssize_t j, Py_ssize_t p, Py_ssize_t w,
    int side,
) noexcept nogil:
    # nodes beyond the peak p of row j that count: those before its integrand, which is
    # log-concave, has fallen as far as a Gaussian has after w nodes
    cdef Py_ssize_t low = 0, high = w, middle, k
    cdef double floor = mu * f[p] - b * (p - j) ** 2 - b * w * w
    while low < high:
        middle = (low + high) // 2
        k = p + side * middle
        if mu * f[k] - b * (k - j) ** 2 > floor:
            low = middle + 1
        else:
            high = middle
    return low


def average_up(
    double mu, double sigma, double step, Py_ssize_t w,
    const double[::1] f, const double[::1] d, const double[::1] d2,
    double[:, ::1] wide, double[:, ::1] tilted, double[::1] gauss,
    double[::1] f_out, double[::1] d_out, double[::1] d2_out, int[::1] peak,
):
    """f_out = log E exp(mu f)/mu over a Gaussian of width sigma, and its derivatives.

    peak[j] is the node where the integrand of row j is largest; up to w nodes on each
    side of it count. f is concave and rises; sigma >= 1.25 step. Scratch: wide
    (3, n + 2 w) and tilted (5, n + 2 w); gauss (n + w) is left with exp(-b m^2).
    """
    cdef Py_ssize_t n = f.shape[0], size = n + 2 * w
    cdef Py_ssize_t block, lo, hi, j, k, m, i, left, right, p = 0
    cdef double b = 0.5 * (step / sigma) ** 2, norm = sigma / step * sqrt(2 * M_PI)
    cdef double top, e, u
    cdef double[BLOCK] base
    cdef double[BLOCK] total[5]
    with nogil:
        extend(f, d[0] * step, d2[0] * step * step, w, wide[0])
        extend(d, d2[0] * step, 0, w, wide[1])
        extend(d2, 0, 0, w, wide[2])
        for m in range(n + w):
            gauss[m] = exp(-b * m * m)
        for j in range(n):
            while p < n - 1 and mu * (f[p + 1] - f[p]) > b * (2 * (p - j) + 1):
                p += 1
            p = p if p > j else j
            peak[j] = <int>p
        for block in range((n + BLOCK - 1) // BLOCK):
            lo = block * BLOCK
            hi = lo + BLOCK if lo + BLOCK < n else n
            left, right = n, 0
            for j in range(lo, hi):
                p = peak[j]
                k = p - reach(&wide[0, w], mu, b, j, p, w, -1) - j
                left = left if left < k else k
                k = p + reach(&wide[0, w], mu, b, j, p, w, 1) - j
                right = right if right > k else k
            # node k of f is node k + w of `wide`; the rows see left <= k - j <= right
            k = hi + right + w if hi + right + w < size else size
            top = wide[0, k - 1]
            for i in range(5):
                for j in range(BLOCK):
                    total[i][j] = 0
            e = mu * (top - wide[0, peak[lo] + w]) + b * (peak[lo] - lo) ** 2
            if e < LARGE:
                for k in range(lo + left + w, k):
                    e = exp(mu * (wide[0, k] - top))
                    u = wide[1, k]
                    tilted[0, k], tilted[1, k] = e, e * u
                    tilted[2, k], tilted[3, k] = e * u * u, e * wide[2, k]
                    tilted[4, k] = e * wide[0, k]
                for i in range(5 if mu == 0 else 4):
                    correlate(
                        total[i], hi - lo, &tilted[i, lo + w], -lo - w, size - lo - w,
                        &gauss[0], left, right,
                    )
                for j in range(hi - lo):
                    base[j] = mu * top
            else:
                # the weights of one block differ by more than a double holds
                for j in range(lo, hi):
                    p, i = peak[j], j - lo
                    base[i] = mu * f[p] - b * (p - j) ** 2
                    left = p - reach(&wide[0, w], mu, b, j, p, w, -1)
                    right = p + reach(&wide[0, w], mu, b, j, p, w, 1)
                    for k in range(left + w, right + w + 1):
                        e = exp(mu * wide[0, k] - b * (k - w - j) ** 2 - base[i])
                        u = wide[1, k]
                        total[0][i] += e
                        total[1][i] += e * u
                        total[2][i] += e * u * u
                        total[3][i] += e * wide[2, k]
            for j in range(lo, hi):
                i = j - lo
                u = total[1][i] / total[0][i]
                d_out[j] = u
                d2_out[j] = (total[3][i] + mu * total[2][i]) / total[0][i] - mu * u * u
                if mu == 0:
                    f_out[j] = total[4][i] / total[0][i]
                else:
                    f_out[j] = (base[i] + log(total[0][i] / norm)) / mu


def density_down(
    double mu, double sigma, double step, Py_ssize_t w,
    const double[::1] f, const double[::1] f_out, const double[::1] gauss,
    const int[::1] peak, const double[::1] P, double[::1] tilted, double[::1] P_out,
):
    """P_out[k] = exp(mu f[k]) sum_j g(k - j) P[j] exp(-mu f_out[j]): the adjoint.

    Arguments as `average_up` left them; tilted (n) is scratch.
    """
    cdef Py_ssize_t n = f.shape[0], block, lo, hi, j, k, first = 0, last = 0
    cdef double b = 0.5 * (step / sigma) ** 2, norm = sigma / step * sqrt(2 * M_PI)
    cdef double low, total
    with nogil:
        for block in range((n + BLOCK - 1) // BLOCK):
            lo = block * BLOCK
            hi = lo + BLOCK if lo + BLOCK < n else n
            # rows whose window reaches this block of nodes
            while first < n - 1 and peak[first] + w < lo:
                first += 1
            while last < n and peak[last] - w < hi:
                last += 1
            low = f_out[first]
            if mu * (f[hi - 1] - low) < LARGE:
                for j in range(first, last):
                    tilted[j] = P[j] * exp(-mu * (f_out[j] - low))
                for k in range(lo, hi):
                    P_out[k] = 0
                correlate(
                    &P_out[lo], hi - lo, &tilted[0] + lo, first - lo, last - lo,
                    &gauss[0], first - hi + 1, last - 1 - lo,
                )
                for k in range(lo, hi):
                    P_out[k] *= exp(mu * (f[k] - low)) / norm
            else:
                for k in range(lo, hi):
                    total = 0
                    for j in range(first, last):
                        total += P[j] * exp(mu * (f[k] - f_out[j]) - b * (k - j) ** 2)
                    P_out[k] = total / norm
