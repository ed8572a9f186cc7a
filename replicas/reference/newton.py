"""Saddle points of the twins by Newton's method, docs/reference.md (M22), (M23)."""

from mpmath import mp, mpf

from replicas.reference.average import TRIALS, Rule, Unresolved, working_digits

__all__ = ["polish"]

FEW = 16  # digits at which the Jacobian is taken
STEP = 8  # digits of the step that differentiates, and of the Newton step to stop at

# unknowns free of their bounds: overlaps in (0, 1), m, delta and hats > 0, t and
# p_hat anywhere
FREED = {
    **dict.fromkeys(("q", "q0", "q1"), lambda q: mp.log(q / (1 - q))),
    **dict.fromkeys(("m", "delta", "q_hat", "dq_hat"), mp.log),
    **dict.fromkeys(("t", "p_hat"), lambda t: t),
}
BOUND = {
    **dict.fromkeys(("q", "q0", "q1"), lambda x: 1 / (1 + mp.exp(-x))),
    **dict.fromkeys(("m", "delta", "q_hat", "dq_hat"), mp.exp),
    **dict.fromkeys(("t", "p_hat"), lambda x: x),
}


def polish(twin, start, digits, free):
    """Saddle point of a twin in the unknowns `free` near `start`, to `digits` digits.

    Newton with few digits, then with all of them and a last Jacobian; every
    evaluation with all digits uses another rule, so a small step also says that the
    rules agree. Returns (order, value of twin.evaluate there, error of the entropy,
    residual); raises ArithmeticError where it does not converge.
    """
    with mp.workdps(working_digits(digits, twin.guard(start))):
        start = {k: +v for k, v in start.items()}
        point = _Point(twin, start, free)
        x = [FREED[k](start[k]) for k in free]
        for _ in range(20):
            jacobian, equations = point.jacobian(x)
            x, step = _newton(x, jacobian, equations)
            if step < mpf(10) ** -STEP:
                break
        else:
            raise ArithmeticError("no saddle near the given point")
        tolerance, last = mpf(10) ** -digits, mp.inf
        for trial in range(TRIALS):
            try:
                value, equations = point(x, Rule(digits, trial))
            except Unresolved:
                continue
            moved, step = _newton(x, jacobian, equations)
            change = abs(value[0] - last)
            if step < tolerance and change < tolerance * abs(value[0]):
                residual = max((abs(e) for e in equations), default=mpf(0))
                return point.order(x), value, change + step * residual, residual
            x, last = moved, value[0]
        raise ArithmeticError(f"rules do not agree to {digits} digits")


def _newton(x, jacobian, equations):
    """Next unknowns and the largest change."""
    if not x:
        return x, mpf(0)
    step = mp.lu_solve(mp.matrix(jacobian), -mp.matrix(equations))
    if not all(mp.isfinite(s) for s in step):
        raise ArithmeticError("the Newton step is not finite")
    return [a + b for a, b in zip(x, step, strict=True)], mp.norm(step, mp.inf)


class _Point:
    """The stationarity equations as a function of unbounded unknowns."""

    def __init__(self, twin, start, free):
        self.twin, self.start, self.free = twin, start, free

    def order(self, x):
        found = {k: BOUND[k](v) for k, v in zip(self.free, x, strict=True)}
        return {**self.start, **found}

    def __call__(self, x, rule):
        """What the twin returns, and the equations of the unknowns."""
        value = self.twin.evaluate(self.order(x), rule)
        return value, [value[1][k] for k in self.free]

    def jacobian(self, x):
        """Jacobian (rows: equations) by forward differences, and the equations."""
        for trial in range(TRIALS):
            try:
                return self._jacobian(x, Rule(FEW, trial))
            except Unresolved:
                continue
        raise ArithmeticError(f"no rule resolves the averages to {FEW} digits")

    def _jacobian(self, x, rule):
        h = mpf(10) ** -STEP
        equations = self(x, rule)[1]
        columns = []
        for k in range(len(x)):
            moved = [v + h * (i == k) for i, v in enumerate(x)]
            difference = zip(self(moved, rule)[1], equations, strict=True)
            columns.append([(a - b) / h for a, b in difference])
        return [list(row) for row in zip(*columns, strict=True)], equations
