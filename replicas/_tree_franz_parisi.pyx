"""log P of a tree and its derivatives on a cube of nodes: docs/franz_parisi.md."""

from libc.math cimport INFINITY, exp, log

from replicas._gauss cimport GH, dGH, log_H

cdef enum:
    MAX_UNITS = 3
    MAX_CONFIGURATIONS = 4


cdef void fill_point(
    int K, int n, const int* node, const int* signs, int configurations,
    const double* log_h, const double* s, const double* curvature,
    double* f, double* f1, double* f2,
) noexcept nogil:
    # (F16): posterior averages over the allowed signs; tables are (2, n), row 1 for
    # a positive unit; every f2 is a sum of terms without cancellation
    cdef double[MAX_CONFIGURATIONS] w
    cdef double top = -INFINITY, total = 0, deviation
    cdef int i, l, m
    for i in range(configurations):
        w[i] = 0
        for l in range(K):
            w[i] += log_h[signs[i * K + l] * n + node[l]]
        top = max(top, w[i])
    for i in range(configurations):
        w[i] = exp(w[i] - top)
        total += w[i]
    f[0] = top + log(total)
    for l in range(K):
        f1[l] = 0
        for i in range(configurations):
            w[i] /= total if l == 0 else 1
            f1[l] += w[i] * s[signs[i * K + l] * n + node[l]]
    for l in range(K):
        for m in range(l + 1):
            f2[l * K + m] = 0
            for i in range(configurations):
                deviation = s[signs[i * K + l] * n + node[l]] - f1[l]
                deviation *= s[signs[i * K + m] * n + node[m]] - f1[m]
                if l == m:
                    deviation -= curvature[signs[i * K + l] * n + node[l]]
                f2[l * K + m] += w[i] * deviation
            f2[m * K + l] = f2[l * K + m]


def fill(
    const double[::1] b, const int[:, ::1] signs, double[:, ::1] table,
    double[:, ::1] out,
):
    """Columns of `out` for all nodes (b_1, ..., b_K), the last index fastest.

    signs : allowed rows of 0 (negative) and 1, K <= 3; table : scratch (6, n). Rows
    of out: f, f_1, f_11, f_12, |f'|^2, |f''|^2, f' f'' f', (f'' f')_1; the indices
    are those of the units.
    """
    cdef int K = signs.shape[1], n = b.shape[0], i, l, m
    cdef Py_ssize_t point
    cdef int[MAX_UNITS] node
    cdef double[MAX_UNITS] f1
    cdef double[MAX_UNITS * MAX_UNITS] f2
    cdef double f = 0, row
    with nogil:
        for i in range(n):
            table[0, i], table[1, i] = log_H(b[i]), log_H(-b[i])
            table[2, i], table[3, i] = -GH(b[i]), GH(-b[i])
            table[4, i], table[5, i] = dGH(b[i]), dGH(-b[i])
        for l in range(K):
            node[l] = 0
        for point in range(out.shape[1]):
            fill_point(
                K, n, node, &signs[0, 0], signs.shape[0],
                &table[0, 0], &table[2, 0], &table[4, 0], &f, f1, f2,
            )
            out[0, point], out[1, point] = f, f1[0]
            out[2, point], out[3, point] = f2[0], f2[1]
            out[4, point] = out[5, point] = out[6, point] = 0
            for l in range(K):
                row = 0
                for m in range(K):
                    row += f2[l * K + m] * f1[m]
                    out[5, point] += f2[l * K + m] * f2[l * K + m]
                out[4, point] += f1[l] * f1[l]
                out[6, point] += f1[l] * row
                if l == 0:
                    out[7, point] = row
            l = K - 1
            node[l] += 1
            while node[l] == n and l > 0:
                node[l] = 0
                l -= 1
                node[l] += 1
