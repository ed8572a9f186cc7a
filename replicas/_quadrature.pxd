"""Trapezoid in t for int Dz f(z), with z = centre + width sinh(t): docs/quadrature.md.

The nodes crowd at a feature of f of given centre and width and still reach the ends
of the Gaussian; for analytic f the error falls exponentially in 1/step.
"""

from libc.math cimport asinh, ceil, exp, fmax, fmin, hypot

from replicas._gauss cimport G

ctypedef struct Rule:
    # step in t; Gaussian window |z| < window
    double step
    double window

ctypedef struct Grid:
    double centre
    double width
    double t
    double step
    int n


cdef inline Grid sinh_grid(
    double centre, double width, double low, double high, double step
) noexcept nogil:
    # nodes from low to high, the first exactly at low
    cdef Grid grid
    grid.centre, grid.width, grid.step = centre, width, step
    grid.t = asinh((low - centre) / width)
    grid.n = <int>ceil((asinh((high - centre) / width) - grid.t) / step) + 1
    return grid


cdef inline Grid front_grid(double centre, double width, Rule rule) noexcept nogil:
    # (Q3): a front wider than the Gaussian, or outside its window, needs no crowding;
    # one off the Gaussian's centre must leave enough nodes there
    cdef double step = rule.step
    width = fmin(width, 5.6)
    centre = fmax(-rule.window, fmin(rule.window, centre))
    step *= fmin(1, 5.6 / hypot(width, 1.3 * centre))
    return sinh_grid(centre, width, -rule.window, rule.window, step)


cdef inline Grid half_grid(double width, Rule rule) noexcept nogil:
    # from 0, for an even f; see half_node
    cdef Grid grid
    grid.centre, grid.t, grid.step, grid.width = 0, 0, rule.step, fmin(width, 5.6)
    grid.n = <int>ceil(asinh(rule.window / grid.width) / rule.step) + 1
    return grid


cdef inline double sinh_node(Grid grid, int i, double* weight) noexcept nogil:
    # z of node i; weight is step dz/dt, without the Gaussian
    cdef double up = exp(grid.t + i * grid.step), down = 1 / up
    weight[0] = 0.5 * grid.step * grid.width * (up + down)
    return grid.centre + 0.5 * grid.width * (up - down)


cdef inline double gauss_node(Grid grid, int i, double* weight) noexcept nogil:
    # z of node i; weight includes the Gaussian
    cdef double z = sinh_node(grid, i, weight)
    weight[0] *= G(z)
    return z


cdef inline double half_node(Grid grid, int i, double* weight) noexcept nogil:
    # node i of a half_grid: the weight is that of -z too
    cdef double z = gauss_node(grid, i, weight)
    weight[0] *= 2 if i else 1
    return z
