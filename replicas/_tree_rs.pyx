"""Averages over the K fields of a tree for the replica symmetric saddle: docs/rs.md.

P(b) is symmetric in its units, so all but the innermost one (two for the mixed
derivative) run over multisets of nodes. Long doubles hold the probabilities: their
range covers |b| up to 150.
"""

from libc.math cimport asinh, ceil, log, sqrt

from replicas._channels cimport Tree, TreeChannel
from replicas._gauss cimport GH, GH_excess, log_H
from replicas._quadrature cimport Grid, gauss_node, sinh_grid
from replicas._units cimport MAX_UNITS, add_unit, at_least

cdef extern from "<math.h>" nogil:
    long double expl(long double x)
    long double logl(long double x)

cdef enum:
    MAX_NODES = 1000

# multisets of a smaller weight are left out; largest |log h| a double can hold
cdef double NEGLIGIBLE = 1e-20
cdef double DOUBLE_RANGE = 600

ctypedef fused real:
    double
    long double

ctypedef struct Nodes:
    # of one unit: weight, h = Phi(b), Phi(-b)/h, density G(b), g = G/h, g + b
    int n
    bint wide
    double[MAX_NODES] weight
    long double[MAX_NODES] h
    long double[MAX_NODES] h_bar
    long double[MAX_NODES] density
    double[MAX_NODES] h_double
    double[MAX_NODES] h_bar_double
    double[MAX_NODES] g
    double[MAX_NODES] excess

ctypedef struct Averages:
    # f = log P, f1 and f11 its derivatives in one unit, f12 in two
    double f
    double f1_squared
    double f11_squared
    double f12_squared
    double norm

ctypedef struct Sum:
    Tree tree
    Nodes* nodes
    int outer
    bint with_f
    bint teacher
    Averages total


cdef void fill(Nodes* nodes, double gamma, Grid grid) noexcept nogil:
    cdef double b, largest = 0
    cdef int i
    nodes.n = grid.n
    for i in range(grid.n):
        b = sqrt(gamma) * gauss_node(grid, i, &nodes.weight[i])
        largest = max(largest, 0.5 * b * b)
        nodes.h[i] = expl(log_H(-b))
        nodes.h_bar[i] = expl(log_H(b))
        nodes.density[i] = nodes.h[i] * GH(-b)
        nodes.h_double[i] = <double>nodes.h[i]
        nodes.h_bar_double[i] = <double>nodes.h_bar[i]
        nodes.g[i] = GH(-b)
        nodes.excess[i] = GH_excess(-b)
    nodes.wide = largest > DOUBLE_RANGE


cdef void add_row(
    Sum* s, double weight, long double plus, real ratio, double contrast,
    real* h, real* h_bar,
) noexcept nogil:
    # (R9): innermost unit; the others accept with probability plus, plus ratio when
    # it is positive, negative; tilted by 2 P for a teacher, (BN21)
    cdef Nodes* nodes = s.nodes
    cdef real p
    cdef double tilt = 2 * <double>plus
    cdef double f = 0, f1_squared = 0, f11_squared = 0, norm = 0, d, w
    cdef int i
    for i in range(nodes.n):
        p = h[i] + h_bar[i] * ratio
        d = nodes.g[i] * contrast * <double>(h[i] / p)
        w = nodes.weight[i] * d * d
        f1_squared += w * tilt * <double>p if s.teacher else w
    s.total.f1_squared += weight * f1_squared
    if not s.with_f:
        return
    for i in range(nodes.n):
        p = h[i] + h_bar[i] * ratio
        d = nodes.g[i] * contrast * <double>(h[i] / p)
        d *= nodes.excess[i] - nodes.g[i] * <double>(ratio / p)
        w = nodes.weight[i]
        if s.teacher:
            w *= tilt * <double>p
        f += w * (<double>logl(p) if real is longdouble else log(p))
        f11_squared += w * d * d
        norm += w
    s.total.f += weight * (f + norm * <double>logl(plus))
    s.total.f11_squared += weight * f11_squared
    s.total.norm += weight * norm


cdef void add_units(Sum* s, double weight, const long double* counts) noexcept nogil:
    # all units but one are given
    cdef int K = s.tree.K, k = (K + 1) // 2
    cdef long double plus, minus, contrast
    if s.tree.parity:
        plus, minus, contrast = counts[0], counts[1], counts[2]
    else:
        minus, contrast = at_least(counts, k, K - 1), counts[k - 1]
        plus = minus + contrast
    if s.nodes.wide:
        add_row(
            s, weight, plus, minus / plus, <double>(contrast / plus),
            s.nodes.h, s.nodes.h_bar,
        )
    else:
        add_row(
            s, weight, plus, <double>(minus / plus), <double>(contrast / plus),
            s.nodes.h_double, s.nodes.h_bar_double,
        )


cdef void add_pairs(Sum* s, double weight, const long double* counts) noexcept nogil:
    # (R10): all units but two are given; a, b, c: the others accept when both of
    # these are positive, one is, none is; determinant = a c - b^2
    cdef Nodes* nodes = s.nodes
    cdef int K = s.tree.K, k = (K + 1) // 2, i, j
    cdef long double a, b, c, determinant, plus, minus, p
    cdef double total = 0, d, w
    if s.tree.parity:
        a, b, c = counts[0], counts[1], counts[0]
        determinant = counts[2]
    else:
        c = at_least(counts, k, K - 2)
        b = counts[k - 1] + c
        a = counts[k - 2] + b
        determinant = counts[k - 2] * c - counts[k - 1] * b
    for j in range(nodes.n):
        plus = nodes.h[j] * a + nodes.h_bar[j] * b
        minus = nodes.h[j] * b + nodes.h_bar[j] * c
        for i in range(j, nodes.n):
            p = nodes.h[i] * plus + nodes.h_bar[i] * minus
            d = <double>(
                (nodes.density[i] / p) * (nodes.density[j] / p) * determinant
            )
            w = (2 if i > j else 1) * nodes.weight[i] * nodes.weight[j] * d * d
            total += w * 2 * <double>p if s.teacher else w
    s.total.f12_squared += weight * total


cdef void visit(
    Sum* s, int depth, int first, int run, double weight, const long double* counts
) noexcept nogil:
    # the multisets that begin with the units chosen so far; run: how many of them
    # sit at node `first`
    cdef long double[MAX_UNITS + 2] longer
    cdef double w
    cdef int i
    if depth == s.outer:
        if depth == s.tree.K - 1:
            add_units(s, weight, counts)
        else:
            add_pairs(s, weight, counts)
        return
    for i in range(first, s.nodes.n):
        run = run + 1 if i == first else 1
        # a sign flip of two units leaves the parity: positive nodes stand for both
        w = weight * s.nodes.weight[i] * (depth + 1) / run
        if s.tree.parity:
            w *= 2
        if w < NEGLIGIBLE:
            continue
        add_unit(s.tree.parity, depth, s.nodes.h[i], s.nodes.h_bar[i], counts, longer)
        visit(s, depth + 1, i, run, w, longer)


def averages(
    TreeChannel channel, double gamma, double width, double centre, double step,
    double window, bint with_f, bint with_pairs, bint teacher,
):
    """E of log P, of the squares of its derivatives in one unit (first, second) and
    in two, and of 1; b = sqrt(gamma) z. Nodes: z = centre + width sinh(t).
    teacher : patterns are seen with the density 2 P.
    """
    cdef Nodes nodes
    cdef Sum s
    cdef long double[MAX_UNITS + 2] counts
    cdef Grid grid
    cdef int first = 0
    if channel.c.parity:
        # symmetric, without a node at 0
        grid.centre, grid.width, grid.step = 0, width, step
        first = <int>ceil(asinh(window / width) / step)
        grid.n = 2 * first
        grid.t = (0.5 - first) * step
    else:
        grid = sinh_grid(centre, width, -window, window, step)
    if channel.c.K > MAX_UNITS or grid.n > MAX_NODES:
        raise ValueError("averages: too many units or nodes")
    s.tree = channel.c
    s.nodes = &nodes
    s.with_f, s.teacher = with_f, teacher
    s.total.f = s.total.f1_squared = s.total.f11_squared = 0
    s.total.f12_squared = s.total.norm = 0
    counts[0], counts[1], counts[2] = 1, 0, 1
    with nogil:
        fill(&nodes, gamma, grid)
        s.outer = s.tree.K - 1
        visit(&s, 0, first, 0, 1, counts)
        if with_pairs:
            s.outer = s.tree.K - 2
            visit(&s, 0, first, 0, 1, counts)
    a = s.total
    return a.f, a.f1_squared, a.f11_squared, a.f12_squared, a.norm
