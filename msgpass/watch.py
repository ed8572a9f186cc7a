"""What a long iteration shows, and how it is stopped from outside."""

from tqdm import tqdm

from replicas import check

__all__ = ["Watch", "at_rest"]


def at_rest(new, old, tol):
    """Whether mean variances of the units, arrays (K,), move no more.

    Means may converge while variances shrink for ever: then there is no solution.
    """
    return bool((abs(new - old) <= max(tol, 1e-6) * new).all())


class Watch:
    """Called with (sweep, residual) after every sweep; True asks to stop there.

    progress : show a bar of the sweeps, with the residual. callback : asked whether to
    stop, with the number of the sweep and the residual; None: never. A context, whose
    bar goes at its end.
    """

    def __init__(self, name, *, progress, callback):
        check.flag(name, "progress", progress)
        check.callback(name, callback)
        self.bar = tqdm(desc=name, unit=" sweeps", disable=not progress, leave=False)
        self.callback, self.stopped = callback, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def __call__(self, sweep, residual):
        self.bar.set_postfix(residual=f"{residual:.1e}", refresh=False)
        self.bar.update()
        asked = self.callback is not None and self.callback(sweep, residual)
        self.stopped = bool(asked)
        return self.stopped
