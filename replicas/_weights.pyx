"""Terms of the priors at the replica symmetric saddle: docs/rs.md, docs/binary.md."""

from replicas._binary cimport binary_weights, teacher_weights
from replicas._quadrature cimport Rule
from replicas._spherical cimport spherical_weights


cdef class PriorKernel:
    """Weights on the sphere, x = logit q, or binary, x = log q_hat; those may have a
    teacher."""

    def __cinit__(self, bint binary, bint teacher=False):
        self.teacher = teacher
        if teacher:
            self.at, self.high = teacher_weights, 6
        elif binary:
            self.at, self.high = binary_weights, 60
        else:
            self.at, self.high = spherical_weights, 30

    def terms(self, double x, double step, double window):
        """The terms at x, as a dict named as in `Weights`."""
        cdef Rule rule
        rule.step, rule.window = step, window
        return self.at(x, rule)
