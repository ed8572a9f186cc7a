"""One stationarity equation solved in C: Newton inside a bracket. Knows no model."""

from libc.math cimport fabs, isfinite

# value of a function at x; its derivative goes to slope
ctypedef double (*Function)(double x, void* context, double* slope) noexcept nogil

ctypedef struct Root:
    double x
    double slope
    bint success


cdef inline Root find_root(
    Function f, void* context, double x, double low, double high, double tol
) noexcept nogil:
    """Root of f, negative at low and positive at high, from the start x.

    Newton steps that leave the bracket become bisections. Fails where f does not
    change sign before an end of the bracket.
    """
    cdef double value, slope = 0, step, left = low, right = high
    cdef Root root
    root.success = False
    for _ in range(200):
        value = f(x, context, &slope)
        if not isfinite(value):
            break
        if value < 0:
            left = x
        else:
            right = x
        step = -value / slope
        if not left <= x + step <= right:
            step = 0.5 * (left + right) - x
        x += step
        if fabs(step) < tol:
            root.success = left > low and right < high or fabs(value) < tol
            break
    root.x = x
    root.slope = slope
    return root
