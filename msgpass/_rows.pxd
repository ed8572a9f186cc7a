"""Inner loops of sequential belief propagation; _rows.h describes them."""

cdef extern from "_rows.h" nogil:
    enum:
        ROW_TAYLOR
        ROW_TAYLOR_LONG
    double ROW_U_MAX

    void row_spins(
        const double* T, const double* U, double* m, double* v, Py_ssize_t n
    )
    void row_update_signs(
        const signed char* x, const double* T, double* S, double* B, Py_ssize_t n,
        double f, double c, double d
    )
    void row_update_mean_signs(
        const signed char* x, const double* m, double* S, double* U, Py_ssize_t n,
        double f, double c, double bound, double d
    )
    void row_update_mean_reals(
        const double* x, const double* m, double* S, double* U, Py_ssize_t n,
        double f, double c, double bound, double d
    )
    void row_update_spins_erf_signs(
        const signed char* x, const double* m, const double* v, double* S, double* U,
        Py_ssize_t n, double mu, double s2, double b, const double* L, double d
    )
    void row_update_spins_erf_signs_long(
        const signed char* x, const double* m, const double* v, double* S, double* U,
        Py_ssize_t n, double mu, double s2, double b, const double* L, double d
    )
    void row_update_spins_erf_reals(
        const double* x, const double* m, const double* v, double* S, double* U,
        Py_ssize_t n, double mu, double s2, double b, const double* L, double d
    )
    void row_update_spins_erf_reals_long(
        const double* x, const double* m, const double* v, double* S, double* U,
        Py_ssize_t n, double mu, double s2, double b, const double* L, double d
    )
    double row_field(
        const signed char* x, const double* T, const double* B, Py_ssize_t n
    )
    void row_tails(
        int count, const double* x, double* p, double* q, double* bell
    )
    double row_gaussians(
        const double* x, const double* T, const double* B, const double* P, double a,
        double* m, Py_ssize_t n, double* omega, double* V
    )
    void row_add_squares(const double* x, double a, double* P, Py_ssize_t n)
    void row_add_reals(
        const double* x, double c, double a, double* T, double* P, Py_ssize_t n
    )
    void row_sums_signs(
        const signed char* x, const double* m, const double* v, Py_ssize_t n,
        double* omega, double* V
    )
    void row_sums_reals(
        const double* x, const double* m, const double* v, Py_ssize_t n,
        double* omega, double* V
    )
