"""The channel |field| < kappa: equations (SY1)-(SY6) of docs/symmetric.md."""

from libc.math cimport M_PI, M_SQRT1_2, cosh, exp, expm1, fabs, log, log1p, sinh, sqrt
from scipy.special.cython_special cimport erf, erfcx

from replicas._channels cimport Field, Scalar, ScalarChannel
from replicas._gauss cimport G, GH, GH_excess, H, log_H

# positive nodes and weights of the 12-point Legendre rule on [-1, 1]
cdef double[6] NODES = [
    0.1252334085114689, 0.3678314989981802, 0.5873179542866175,
    0.7699026741943047, 0.9041172563704749, 0.9815606342467192,
]
cdef double[6] WEIGHTS = [
    0.2491470458134028, 0.2334925365383548, 0.2031674267230659,
    0.1600783285433462, 0.1069393259953184, 0.0471753363865118,
]


cdef Field narrow(double c, double h) noexcept nogil:
    # (SY2): a window on which the density varies little, about its centre
    cdef double t, w, even = 0, odd = 0, square = 0
    cdef Field f
    cdef int i
    for i in range(6):
        t = NODES[i] * h
        w = WEIGHTS[i] * exp(-0.5 * t * t)
        even += w * cosh(c * t)
        odd += w * t * sinh(c * t)
        square += w * t * t * cosh(c * t)
    f.log_z = -0.5 * c * c + log(2 * h * even / sqrt(2 * M_PI))
    f.d = odd / even - c
    f.d2 = square / even - (odd / even) ** 2 - 1
    return f


cdef Field inside(double c, double h) noexcept nogil:
    # (SY3): the mean lies in the window, all terms of the derivatives have one sign
    cdef double missed = H(h - c) + H(h + c), bell = G(h - c), Z, far
    cdef Field f
    if missed < 0.5:
        f.log_z = log1p(-missed)
        Z = 1 - missed
    else:
        Z = 0.5 * (erf((h - c) * M_SQRT1_2) + erf((h + c) * M_SQRT1_2))
        f.log_z = log(Z)
    far = exp(-2 * c * h)
    f.d = bell * expm1(-2 * c * h) / Z
    f.d2 = -bell * (h - c + (h + c) * far) / Z - f.d * f.d
    return f


cdef Field outside(double c, double h) noexcept nogil:
    # (SY4): the mean lies beyond the window, in units of the tail of its near edge
    cdef double u = c - h, v = c + h, near = GH(u), far = exp(-2 * c * h)
    cdef double lost = far * erfcx(v * M_SQRT1_2) / erfcx(u * M_SQRT1_2)
    cdef double part = 1 - lost
    cdef Field f
    f.log_z = log_H(u) + log1p(-lost)
    f.d = near * expm1(-2 * c * h) / part
    f.d2 = near / (part * part) * (
        far * (2 * u - v - u * far) - lost * (u - v * far)
        - GH_excess(u) * (1 - far) ** 2
    )
    return f


cdef Field window_log_z(double omega, double V, const Scalar* channel) noexcept nogil:
    # (SY1): the field is less than kappa in absolute value
    cdef double scale = 1 / sqrt(V), c = fabs(omega) * scale, h = channel.kappa * scale
    cdef Field f
    if h < 1 and c * h < 2:
        f = narrow(c, h)
    elif c < h:
        f = inside(c, h)
    else:
        f = outside(c, h)
    f.d *= scale if omega >= 0 else -scale
    f.d2 *= scale * scale
    return f


cdef class SymmetricChannel(ScalarChannel):
    """One Gaussian field that must lie between -kappa and kappa."""

    def __cinit__(self, double kappa, bint wide):
        self.c.log_z = window_log_z
