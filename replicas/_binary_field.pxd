"""Total field of a binary weight at y -> infinity: docs/binary_local_entropy.md.

X = X0 + x >= X0 solves X = x0 + dq_hat tanh X + p_hat at the centre's field x0 >= 0;
x0 is explicit in x, and X0 belongs to x0 = 0+.
"""

from libc.math cimport cosh, fabs, fmax, tanh


cdef inline double largest_root(double dq_hat, double p_hat) noexcept nogil:
    # X0 = dq_hat tanh X0 + p_hat: Newton from above, where the difference is convex
    cdef double X = fmax(dq_hat, 0) + p_hat, step, slope
    for _ in range(200):
        slope = 1 - dq_hat / (cosh(X) * cosh(X))
        if slope < 1e-12:
            # the root is double: dq_hat = 1, p_hat = 0
            break
        step = (X - dq_hat * tanh(X) - p_hat) / slope
        if X > 0 and not step < X + 1:
            step = 0.5 * X
        X -= step
        if fabs(step) < 1e-14 * (fabs(X) + 1e-3):
            break
    return X


cdef inline double field(
    double x, double slope, double m0, double dq_hat
) noexcept nogil:
    # (BL9): x0 at X = X0 + x, without cancellation; slope = 1 - m0^2
    cdef double t = tanh(x)
    return x - dq_hat * slope * t / (1 + m0 * t)


cdef inline double reach(
    double bound, double slope, double m0, double dq_hat
) noexcept nogil:
    # x at which x0 = bound
    cdef double x = bound + fmax(dq_hat, 0) * (1 - m0), step, t
    for _ in range(60):
        t = tanh(x)
        step = field(x, slope, m0, dq_hat) - bound
        step /= 1 - dq_hat * slope * (1 - t * t) / ((1 + m0 * t) * (1 + m0 * t))
        x -= step
        if fabs(step) < 1e-3 * x:
            break
    return x
