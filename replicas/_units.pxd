"""Probability that a tree accepts, one unit after the other: docs/rs.md (R8)."""

cdef enum:
    MAX_UNITS = 9


cdef inline void add_unit(
    bint parity, int units, long double h, long double h_bar, const long double* old,
    long double* new,
) noexcept nogil:
    # probabilities of n positive units; for parity of an even, an odd number of
    # negative units and their difference
    cdef int n
    if parity:
        new[0] = old[0] * h + old[1] * h_bar
        new[1] = old[0] * h_bar + old[1] * h
        new[2] = old[2] * (h - h_bar)
        return
    new[0] = old[0] * h_bar
    for n in range(1, units + 1):
        new[n] = old[n] * h_bar + old[n - 1] * h
    new[units + 1] = old[units] * h


cdef inline long double at_least(
    const long double* counts, int n, int units
) noexcept nogil:
    cdef long double total = 0
    cdef int i
    for i in range(n, units + 1):
        total += counts[i]
    return total
