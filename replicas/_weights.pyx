"""Terms of the priors at the replica symmetric saddle: docs/rs.md, docs/binary.md."""

from replicas._binary cimport binary_weights
from replicas._quadrature cimport Rule
from replicas._spherical cimport spherical_weights


cdef class PriorKernel:
    """Weights on the sphere, x = logit q, or binary weights, x = log q_hat."""

    def __cinit__(self, bint binary):
        self.at = binary_weights if binary else spherical_weights
        self.high = 60 if binary else 30

    def terms(self, double x, double step, double window):
        """The terms at x, as a dict named as in `Weights`."""
        cdef Rule rule
        rule.step, rule.window = step, window
        w = self.at(x, rule)
        return w
