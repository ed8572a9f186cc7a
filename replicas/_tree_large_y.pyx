"""Line integrals of the inner maximum; equations (LT7)-(LT11) of docs/large_y_trees.md.

A line runs through the sorted sector in the direction e along which the fields keep
their differences: a(x) = a(0) + x e. Panels end where the maximum changes branch.
"""

from libc.math cimport fabs

from replicas._channels cimport TreeChannel
from replicas._inner_max cimport Branch, follow, highest
from replicas._small_tree cimport MAX_UNITS
from replicas._tree_switch cimport Line, find_switch, place

cdef enum:
    NODES = 8
    DEPTH = 40

cdef double MISMATCH = 0.1
cdef double MISSED = 1e-3


cdef struct Rule:
    # nodes in (0, 1), their weights, and what gives the last four Legendre coefficients
    double[NODES] x
    double[NODES] w
    double[4 * NODES] tail


cdef struct Panels:
    Line line
    Rule rule
    double tol


cdef struct Sums:
    double M
    double D
    double pull
    double error
    double switches


cdef void global_branch(const Line* line, double x, Branch* best) noexcept nogil:
    cdef double[MAX_UNITS] a
    place(line, x, a)
    highest(line.problem, a, line.e, best)


cdef void predict(
    int K, const Branch* left, const Branch* right, double h, double s, double* b
) noexcept nogil:
    # cubic Hermite interpolation of b at the fraction s of the panel
    cdef double r = 1 - s
    cdef int l
    for l in range(K):
        b[l] = (
            r * r * ((1 + 2 * s) * left.b[l] + s * h * left.db[l])
            + s * s * ((1 + 2 * r) * right.b[l] - r * h * right.db[l])
        )


cdef double rule_error(const double* tail, double top) noexcept nogil:
    # (LT11): from the last coefficients, the last one first
    cdef double last = max(fabs(tail[0]), fabs(tail[1])), decay
    if last == 0:
        return 0
    decay = min(1.0, last / max(fabs(tail[2]), fabs(tail[3])))
    return last * min(1.0, max(last / top, decay ** (NODES // 2)))


cdef bint smooth_panel(
    const Panels* p, double x0, const Branch* left, double x1, const Branch* right,
    Sums* sums,
) noexcept nogil:
    # Sums over one panel; False where the nodes are not on one smooth branch
    cdef const Line* line = &p.line
    cdef Branch branch
    cdef double[MAX_UNITS] a
    cdef double h = x1 - x0, x, weight, F, first, top = 0, D, pull, missed = 0
    cdef double[4] tail
    cdef int i, l
    sums.M = sums.D = sums.pull = 0
    tail[0] = tail[1] = tail[2] = tail[3] = 0
    for i in range(NODES):
        x = x0 + h * p.rule.x[i]
        weight = place(line, x, a)
        predict(line.problem.tree.K, left, right, h, p.rule.x[i], branch.b)
        if not follow(line.problem, a, line.e, &branch, &first) or first > MISMATCH:
            return False
        F = weight * branch.M
        D = pull = 0
        for l in range(line.problem.tree.K):
            D += (branch.b[l] - a[l]) ** 2
            pull += a[l] * (branch.b[l] - a[l])
        sums.M += h * p.rule.w[i] * F
        sums.D += h * p.rule.w[i] * weight * D
        sums.pull += h * p.rule.w[i] * weight * pull
        for l in range(4):
            tail[l] += p.rule.tail[l * NODES + i] * F
        top = max(top, fabs(F))
        missed = max(missed, weight * first * first)
    sums.error = h * max(rule_error(tail, top), MISSED * missed / line.problem.c)
    return True


cdef void add_panel(
    const Panels* p, double x0, const Branch* left, double x1, const Branch* right,
    int depth, Sums* total,
) noexcept nogil:
    # add the integral from x0 to x1, whose ends are on the given branches
    cdef const Line* line = &p.line
    cdef Sums sums
    cdef Branch one, other, best
    cdef double x = 0.5 * (x0 + x1)
    cdef bint smooth = smooth_panel(p, x0, left, x1, right, &sums)
    if smooth and (sums.error <= p.tol or depth >= DEPTH):
        total.M += sums.M
        total.D += sums.D
        total.pull += sums.pull
        total.error += sums.error
        return
    if depth >= DEPTH:
        total.error += (x1 - x0) * fabs(left.M + right.M)
        return
    if smooth:
        global_branch(line, x, &best)
    else:
        one, other = left[0], right[0]
        if find_switch(line, x0, x1, &one, &other, &x):
            global_branch(line, x, &best)
            if best.M <= one.M + 1e-10 * fabs(one.M):
                total.switches += 1
                add_panel(p, x0, left, x, &one, depth + 1, total)
                add_panel(p, x, &other, x1, right, depth + 1, total)
                return
        else:
            x = 0.5 * (x0 + x1)
            global_branch(line, x, &best)
    add_panel(p, x0, left, x, &best, depth + 1, total)
    add_panel(p, x, &best, x1, right, depth + 1, total)


cdef class Lines:
    """Lines in the direction e; fields with e = 0 stay where they are.

    width: longest panel; tol: absolute error of one line; rule: (6, NODES) nodes in
    (0, 1), weights, and the rows giving the last four Legendre coefficients.
    """

    cdef Panels panels
    cdef double width

    def __init__(
        self, TreeChannel channel, double c, double gamma, const double[::1] e,
        double width, double tol, const double[:, ::1] rule,
    ):
        cdef Line* line = &self.panels.line
        cdef int i, j
        line.problem.tree = channel.c
        line.problem.tree.K = e.shape[0]
        line.problem.c = c
        self.panels.tol = tol
        self.width = width
        line.rate = 0
        for i in range(e.shape[0]):
            line.e[i] = e[i]
            line.rate += 0.5 * e[i] * e[i] / gamma
        for i in range(NODES):
            self.panels.rule.x[i] = rule[0, i]
            self.panels.rule.w[i] = rule[1, i]
            for j in range(4):
                self.panels.rule.tail[j * NODES + i] = rule[2 + j, i]

    cdef void integrate_one(self, double x0, double x1, Sums* sums) noexcept nogil:
        cdef int k, m = 1 + <int>((x1 - x0) / self.width)
        cdef double x
        cdef Branch left, right
        global_branch(&self.panels.line, x0, &left)
        for k in range(m):
            x = x0 + (x1 - x0) * (k + 1) / m
            global_branch(&self.panels.line, x, &right)
            add_panel(
                &self.panels, x0 + (x1 - x0) * k / m, &left, x, &right, 0, sums
            )
            left = right

    def integrate(
        self, const double[:, ::1] a0, const double[::1] x0, const double[::1] x1,
        const double[::1] scale, double[:, ::1] out,
    ):
        """Fill out (n, 5): integrals of M, |b* - a|^2, a.(b* - a), error, switches.

        Line i runs from a0[i] + x0[i] e to a0[i] + x1[i] e with the weight
        scale[i] exp(-x^2 |e|^2/(2 gamma)).
        """
        cdef Line* line = &self.panels.line
        cdef Py_ssize_t i
        cdef int l
        cdef Sums sums
        with nogil:
            for i in range(a0.shape[0]):
                sums.M = sums.D = sums.pull = sums.error = sums.switches = 0
                for l in range(a0.shape[1]):
                    line.a0[l] = a0[i, l]
                line.scale = scale[i]
                if x1[i] > x0[i]:
                    self.integrate_one(x0[i], x1[i], &sums)
                out[i, 0], out[i, 1], out[i, 2] = sums.M, sums.D, sums.pull
                out[i, 3], out[i, 4] = sums.error, sums.switches
