"""Messages of one unit by convolution over its inputs."""

cdef void update_counts(
    const double* up, const double* down, Py_ssize_t n, double* counts
) noexcept nogil

cdef void exact_messages(
    const double* up, const double* down, const double* counts, double* weight,
    Py_ssize_t n, double* u,
) noexcept nogil
