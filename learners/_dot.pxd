"""Products of real weights with patterns of +-1 stored as int8."""


cdef inline double dot(
    const double* w, const signed char* xi, Py_ssize_t n
) noexcept nogil:
    # eight partial sums: the additions do not wait for each other
    cdef double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0
    cdef Py_ssize_t i = 0
    while i + 8 <= n:
        s0 += w[i] * xi[i]
        s1 += w[i + 1] * xi[i + 1]
        s2 += w[i + 2] * xi[i + 2]
        s3 += w[i + 3] * xi[i + 3]
        s4 += w[i + 4] * xi[i + 4]
        s5 += w[i + 5] * xi[i + 5]
        s6 += w[i + 6] * xi[i + 6]
        s7 += w[i + 7] * xi[i + 7]
        i += 8
    while i < n:
        s0 += w[i] * xi[i]
        i += 1
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


cdef inline void add(
    double* w, double eta, const signed char* xi, Py_ssize_t n
) noexcept nogil:
    # w += eta xi
    cdef Py_ssize_t i
    for i in range(n):
        w[i] += eta * xi[i]
