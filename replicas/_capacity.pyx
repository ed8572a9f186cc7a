"""E_z0 log E_z1 exp(-w d^2/2) of a tree, and E d^2 of a margin: docs/capacity.md."""

from libc.math cimport log

from replicas._channels cimport TreeChannel
from replicas._gauss cimport GH_excess, H
from replicas._units cimport MAX_UNITS, add_unit, at_least

# multisets of a smaller weight are left out
cdef double NEGLIGIBLE = 1e-18
cdef enum:
    LANES = 4


def perceptron_distance(double kappa):
    """E max(kappa + z, 0)^2 = H(-kappa) [1 + kappa (g + kappa)]: (K2)."""
    return H(-kappa) * (1 + kappa * GH_excess(-kappa))


ctypedef struct Sum:
    int K
    bint parity
    int nodes
    int thresholds
    const double* weight
    # tables of a unit: Phi(h/sqrt(v)), Phi(-h/sqrt(v)) by node; then by node and
    # threshold, majority: kept, lost, edge, unused of (K7); parity: |x| > t with
    # sign +, with sign -, and their edges (K8)
    const double* plus
    const double* minus
    const double* a
    const double* b
    const double* edge_a
    const double* edge_b
    double* rows
    double total


cdef double* row(Sum* s, int level, bint edge, int m) noexcept nogil:
    # function of the threshold for the first `level` units, one of them at the edge or
    # none; m units kept, for parity m = 1 if the number of negatives is odd. Row -1
    # and rows that no configuration reaches stay 0.
    return s.rows + ((2 * level + edge) * (s.K + 2) + m + 1) * s.thresholds


cdef void extend_majority(Sum* s, int level, int i) noexcept nogil:
    # (K7): unit i, kept, lost or at the edge; only rows from which k - 1 can be kept
    cdef int n = s.thresholds, k = (s.K + 1) // 2, m, t
    cdef const double* a = s.a + i * n
    cdef const double* b = s.b + i * n
    cdef const double* edge = s.edge_a + i * n
    cdef double* none
    cdef double* one
    cdef double* kept
    cdef double* new
    for m in range(max(0, k - s.K + level), min(level + 1, k - 1) + 1):
        none, kept = row(s, level, 0, m), row(s, level, 0, m - 1)
        one, new = row(s, level, 1, m), row(s, level + 1, 1, m)
        for t in range(n):
            new[t] = one[t] * b[t] + none[t] * edge[t]
        one, new = row(s, level, 1, m - 1), row(s, level + 1, 1, m)
        for t in range(n):
            new[t] += one[t] * a[t]
        new = row(s, level + 1, 0, m)
        for t in range(n):
            new[t] = none[t] * b[t] + kept[t] * a[t]


cdef void extend_parity(Sum* s, int level, int i) noexcept nogil:
    # (K8): unit i with either sign, its |x| above the threshold or at it
    cdef int n = s.thresholds, m, t
    cdef const double* a = s.a + i * n
    cdef const double* b = s.b + i * n
    cdef const double* edge_a = s.edge_a + i * n
    cdef const double* edge_b = s.edge_b + i * n
    cdef double* same
    cdef double* other
    cdef double* new
    for m in range(2):
        same, other = row(s, level, 0, m), row(s, level, 0, 1 - m)
        new = row(s, level + 1, 1, m)
        for t in range(n):
            new[t] = same[t] * edge_a[t] + other[t] * edge_b[t]
        new = row(s, level + 1, 0, m)
        for t in range(n):
            new[t] = same[t] * a[t] + other[t] * b[t]
        same, other = row(s, level, 1, m), row(s, level, 1, 1 - m)
        new = row(s, level + 1, 1, m)
        for t in range(n):
            new[t] += same[t] * a[t] + other[t] * b[t]


cdef inline double dot(const double* x, const double* y, int n) noexcept nogil:
    # independent partial sums, which the processor adds in parallel
    cdef double[LANES] sums
    cdef int _block, t
    for t in range(LANES):
        sums[t] = 0
    for _block in range(n // LANES):
        for t in range(LANES):
            sums[t] += x[t] * y[t]
        x += LANES
        y += LANES
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


cdef double log_majority(Sum* s, int i, double enough, double more) noexcept nogil:
    # log E_z1 with i the last unit: accepted, or k - 1 kept and one at the edge;
    # enough, more: probabilities that k - 1 or k of the others are positive
    cdef int n = s.thresholds, k = (s.K + 1) // 2
    cdef const double* a = s.a + i * n
    cdef const double* b = s.b + i * n
    cdef const double* edge = s.edge_a + i * n
    cdef double* none = row(s, s.K - 1, 0, k - 1)
    cdef double* one = row(s, s.K - 1, 1, k - 1)
    cdef double* kept = row(s, s.K - 1, 1, k - 2)
    cdef double total = s.plus[i] * enough + s.minus[i] * more
    return log(total + dot(one, b, n) + dot(kept, a, n) + dot(none, edge, n))


cdef double log_parity(Sum* s, int i, const long double* counts) noexcept nogil:
    # the same, mean over the sign of the mean of unit i
    cdef int n = s.thresholds
    cdef const double* a = s.a + i * n
    cdef const double* b = s.b + i * n
    cdef const double* edge_a = s.edge_a + i * n
    cdef const double* edge_b = s.edge_b + i * n
    cdef double* even = row(s, s.K - 1, 0, 0)
    cdef double* odd = row(s, s.K - 1, 0, 1)
    cdef double* edge_even = row(s, s.K - 1, 1, 0)
    cdef double* edge_odd = row(s, s.K - 1, 1, 1)
    cdef double up = <double>(counts[0] * s.plus[i] + counts[1] * s.minus[i])
    cdef double down = <double>(counts[0] * s.minus[i] + counts[1] * s.plus[i])
    up += dot(edge_odd, a, n) + dot(edge_even, b, n)
    up += dot(odd, edge_a, n) + dot(even, edge_b, n)
    down += dot(edge_odd, b, n) + dot(edge_even, a, n)
    down += dot(odd, edge_b, n) + dot(even, edge_a, n)
    return 0.5 * (log(up) + log(down))


cdef void visit(
    Sum* s, int level, int first, int run, double weight, const long double* counts
) noexcept nogil:
    # the multisets of nodes that begin with the `level` units chosen so far
    cdef long double[MAX_UNITS + 2] longer
    cdef double w, enough = 0, more = 0
    cdef int i, k = (s.K + 1) // 2
    if level == s.K - 1 and not s.parity:
        enough = <double>at_least(counts, k - 1, level)
        more = <double>at_least(counts, k, level)
    for i in range(first, s.nodes):
        run = run + 1 if i == first else 1
        w = weight * s.weight[i] * (level + 1) / run
        if w < NEGLIGIBLE:
            continue
        if level == s.K - 1:
            s.total += w * (
                log_parity(s, i, counts) if s.parity
                else log_majority(s, i, enough, more)
            )
            continue
        if s.parity:
            extend_parity(s, level, i)
        else:
            extend_majority(s, level, i)
        add_unit(s.parity, level, s.plus[i], s.minus[i], counts, longer)
        visit(s, level + 1, i, run, w, longer)


def log_average(
    TreeChannel channel, const double[::1] weight, const double[::1] plus,
    const double[::1] minus, const double[:, ::1] a, const double[:, ::1] b,
    const double[:, ::1] edge_a, const double[:, ::1] edge_b, double[::1] scratch,
):
    """E_z0 log E_z1 exp(-w d^2/2) over multisets of the nodes z0 of a unit.

    The edges include the weights of the thresholds. scratch: zeros, at least
    2 K (K + 2) times the number of thresholds, which is a multiple of 4.
    """
    cdef Sum s
    cdef long double[MAX_UNITS + 2] counts
    cdef int t
    s.K, s.parity = channel.c.K, channel.c.parity
    if s.K > MAX_UNITS:
        raise ValueError("log_average: too many units")
    if a.shape[1] % LANES:
        raise ValueError("log_average: thresholds must be a multiple of 4")
    s.nodes, s.thresholds = a.shape[0], a.shape[1]
    s.weight, s.plus, s.minus = &weight[0], &plus[0], &minus[0]
    s.a, s.b = &a[0, 0], &b[0, 0]
    s.edge_a, s.edge_b = &edge_a[0, 0], &edge_b[0, 0]
    s.rows = &scratch[0]
    s.total = 0
    counts[0], counts[1], counts[2] = 1, 0, 1
    with nogil:
        for t in range(s.thresholds):
            row(&s, 0, 0, 0)[t] = 1
        visit(&s, 0, 0, 0, 1, counts)
    return s.total
