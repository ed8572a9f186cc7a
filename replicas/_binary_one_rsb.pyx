"""Entropic term of the 1-RSB centre, binary weights: docs/binary_rsb_centre.md.

At the outer field h = sqrt(q0_hat) u the field x0 of a centre is Gaussian, of variance
v = q1_hat - q0_hat, tilted by exp(mu Psi). Both its signs are taken over the same
nodes X >= X0 of the total field, where m = tanh X and all else is analytic.
"""

from libc.math cimport (
    INFINITY, M_PI, NAN, ceil, exp, expm1, fabs, fmax, fmin, log, log1p, sqrt, tanh,
)
from libc.stdlib cimport free, malloc

from replicas._binary_field cimport field, largest_root, reach
from replicas._binary_hats cimport Hats, meet
from replicas._quadrature cimport Grid, Rule, half_grid, half_node

cdef enum:
    MAX_NODES = 40000

ctypedef struct Moments:
    # over u, < > tilted: 1, log <exp mu Psi>/mu, <Psi> less that
    double norm
    double value
    double gain
    # <m^2> - <m>^2, <Psi''>, what (BL11) needs
    double variance
    double curvature
    double divergence
    double spread
    # <Psi''^2> without its delta functions, square of the derivative of <m> in h
    double curvature_squared
    double response_squared

ctypedef struct Context:
    # of |m|, averaged over u
    Hats hats
    Rule rule
    const double* t
    const double* w
    Py_ssize_t n
    double panel
    double q0_hat
    double v
    double mu
    # 1 - r, the reference value of m in (BL11)
    double gap
    Moments a

ctypedef struct Node:
    # weight in X, that in x0 and x0, mu (Psi - Psi(0+)), 1 - |m|, 1 - m^2, (BL11)
    double w
    double w0
    double x0
    double tilt
    double gap
    double gap2
    double divergence
    double spread


cdef void set_averages(Context* c, double value) noexcept nogil:
    cdef double* entries = <double*>&c.a
    cdef size_t i
    for i in range(sizeof(Moments) // sizeof(double)):
        entries[i] = value
    c.hats.gap = c.hats.gap2 = c.hats.m_slope = c.hats.m2_slope = value


cdef Py_ssize_t fill(
    Context* c, double X0, double highest, Node** nodes
) noexcept nogil:
    # panels narrower than the Gaussian and than the distance of the poles of tanh
    cdef double m0 = tanh(X0), gap0 = 2 / (1 + exp(2 * X0)), slope = gap0 * (2 - gap0)
    cdef double length = reach(highest, slope, m0, c.hats.dq_hat), x, difference, width
    cdef Py_ssize_t panels, i, j, n
    cdef Node* node
    width = fmin(c.panel * sqrt(c.v), 0.2 * c.panel)
    panels = <Py_ssize_t>fmin(ceil(length / width), MAX_NODES)
    n = panels * c.n
    nodes[0] = NULL
    if not 0 < n <= MAX_NODES:
        return 0
    nodes[0] = <Node*>malloc(n * sizeof(Node))
    if nodes[0] == NULL:
        return 0
    width = length / panels
    for i in range(panels):
        for j in range(c.n):
            node = &nodes[0][i * c.n + j]
            x = (i + c.t[j]) * width
            node.gap = 2 / (1 + exp(2 * (X0 + x)))
            node.gap2 = node.gap * (2 - node.gap)
            node.x0 = field(x, slope, m0, c.hats.dq_hat)
            node.w = width * c.w[j]
            node.w0 = node.w * (1 - c.hats.dq_hat * node.gap2)
            difference = gap0 - node.gap
            node.tilt = c.mu * (
                x + log1p(0.5 * gap0 * expm1(-2 * x))
                - 0.5 * c.hats.dq_hat * difference * (2 - gap0 - node.gap)
            )
            difference = c.gap - node.gap
            node.spread = difference * difference
            node.divergence = 0.5 * (2 - node.gap) * log1p(difference / (2 - c.gap))
            if node.gap > 0:
                node.divergence += 0.5 * node.gap * log(node.gap / c.gap)
    return n


cdef void add(
    Context* c, const Node* nodes, Py_ssize_t n, double* exponent, double jump,
    double h, double weight
) noexcept nogil:
    # one value of h; jump = 2 m(0+) is the weight of delta(x0) in Psi''
    cdef double base = -INFINITY, floor, e, both, w, z, log_z
    cdef double norm = 0, tilt = 0, gap = 0, gap2 = 0, down = 0, curvature = 0
    cdef double divergence = 0, spread = 0, fourth = 0, squared = 0, m2_slope = 0
    cdef const Node* node
    cdef Py_ssize_t j
    for j in range(n):
        z = nodes[j].x0 - h
        exponent[j] = nodes[j].tilt - 0.5 * z * z / c.v
        base = fmax(base, exponent[j])
    floor = base - 0.5 * c.rule.window * c.rule.window - 5
    for j in range(n):
        if exponent[j] < floor:
            continue
        node = &nodes[j]
        e = exp(exponent[j] - base)
        # the share of -x0
        z = exp(-2 * node.x0 * h / c.v)
        both = e * (1 + z)
        curvature += both * node.w * node.gap2
        squared += both * node.w * node.gap2 * (node.gap2 * node.w / node.w0)
        m2_slope += both * node.w * node.gap2 * (1 - node.gap2)
        w = both * node.w0
        norm += w
        tilt += w * node.tilt
        gap += w * node.gap
        gap2 += w * node.gap2
        fourth += w * node.gap2 * node.gap2
        divergence += w * node.divergence
        spread += w * node.spread
        # 1 - m of both signs
        down += e * node.w0 * (node.gap + z * (2 - node.gap))
    c.hats.m_slope += weight * curvature / norm
    curvature += jump * exp(-0.5 * h * h / c.v - base)
    log_z = base + log(norm / sqrt(2 * M_PI * c.v))
    gap2, down, w = gap2 / norm, down / norm, weight / norm
    c.a.norm += weight
    c.a.value += weight * log_z / c.mu
    c.a.gain += weight * (tilt / norm - log_z) / c.mu
    c.hats.gap += w * gap
    c.hats.gap2 += weight * gap2
    e = down * (2 - down) - gap2
    c.a.variance += weight * e
    c.a.curvature += w * curvature
    c.a.curvature_squared += w * squared
    e = curvature / norm + c.mu * e
    c.a.response_squared += weight * e * e
    c.a.divergence += w * divergence
    c.a.spread += w * spread
    e = 1 - gap / norm
    c.hats.m_slope += weight * c.mu * (1 - gap2 - e * e)
    c.hats.m2_slope += 2 * w * m2_slope
    c.hats.m2_slope += 0.5 * weight * c.mu * (fourth / norm - gap2 * gap2)


cdef void average(Hats* hats) noexcept nogil:
    # the outer field crowds where the sign of x0 switches, |h| ~ 1/mu or sqrt(v)
    cdef Context* c = <Context*>hats
    cdef double root = sqrt(c.q0_hat), u, weight = 0, X0, jump
    cdef double* exponent
    cdef Node* nodes
    cdef Grid grid
    cdef Py_ssize_t n, i
    set_averages(c, NAN)
    if not (c.v > 0 and 0 < c.q0_hat < 1e4 and fabs(hats.dq_hat) < 60
            and fabs(hats.p_hat) < 60 and c.mu * c.v < 1e3):
        # iterates far off the saddle
        return
    grid = half_grid(2 * fmin(1 / c.mu, sqrt(c.v)) / root, c.rule)
    u = half_node(grid, grid.n - 1, &weight)
    X0 = largest_root(hats.dq_hat, hats.p_hat)
    jump = 2 * tanh(X0)
    n = fill(
        c, X0, root * u + c.mu * c.v + (c.rule.window + 2) * sqrt(c.v), &nodes
    )
    if n == 0:
        return
    exponent = <double*>malloc(n * sizeof(double))
    if exponent == NULL:
        free(nodes)
        return
    set_averages(c, 0)
    for i in range(grid.n):
        u = half_node(grid, i, &weight)
        add(c, nodes, n, exponent, jump, root * u, weight)
    free(exponent)
    free(nodes)


def solve(
    double q0_hat, double v, double dq_hat, double p_hat, double mu, double gap,
    double target, bint centre, const double[::1] t, const double[::1] w, double panel,
    double step, double window,
):
    """Find p_hat (centre) or dq_hat such that 1 - p or 1 - q1 is `target`.

    v = q1_hat - q0_hat; t, w : Legendre nodes and weights on [0, 1] of one panel, which
    is `panel` widths sqrt(v) long; the unknown starts from its argument; target = 0
    keeps it. Returns (dq_hat, p_hat, norm, E log <exp mu Psi>/mu, E <Psi> less that,
    1 - p, 1 - q1, E Var m, E Psi'', divergence, spread, E Psi''^2 without delta
    functions, square of the response), Psi less Psi(0+); nan without a solution.
    """
    cdef Context c
    cdef bint met
    c.t, c.w, c.n, c.panel = &t[0], &w[0], t.shape[0], panel
    c.rule.step, c.rule.window = step, window
    c.hats.dq_hat, c.hats.p_hat, c.hats.target = dq_hat, p_hat, target
    c.q0_hat, c.v, c.mu, c.gap, c.hats.average = q0_hat, v, mu, gap, average
    with nogil:
        met = meet(&c.hats, centre, sqrt(q0_hat), -0.5)
    if not met:
        return (NAN,) * 13
    return (
        c.hats.dq_hat, c.hats.p_hat, c.a.norm, c.a.value, c.a.gain, c.hats.gap,
        c.hats.gap2, c.a.variance, c.a.curvature, c.a.divergence, c.a.spread,
        c.a.curvature_squared, c.a.response_squared,
    )
