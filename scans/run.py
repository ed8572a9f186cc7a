"""Run a function over a grid on an executor, every finished point to the store."""

import warnings
from concurrent.futures import ProcessPoolExecutor

from scans import check, executors, identity
from scans.dataset import require_xarray
from scans.grid import Grid, require_parameters
from scans.store import Store
from scans.work import Work

__all__ = ["scan"]


def scan(
    function,
    axes,
    *,
    fixed=None,
    along=None,
    units=None,
    store=None,
    executor=None,
    progress=True,
    chunk=1,
    retries=0,
    each=None,
):
    """Call `function` at every point of named axes.

    Parameters
    ----------
    function : called as function(**fixed, **point); returns a number, string, array,
        or a dict or dataclass of these (nested names are joined by "_"; entries that
        repeat a parameter are left out), for instance what a solver returns.
    axes : dict name -> 1-d array of distinct numbers, strings or bools, or list of
        dataclasses, for instance models; their text is the coordinate.
    fixed : dict of further arguments: numbers, strings, arrays, lists, dicts and
        dataclasses.
    along : name of an axis along which the function continues from point to point:
        it is called once a line, with the whole axis as an array, and returns arrays
        of its length. A line is stored as a whole.
    units : dict name -> unit, for axes and results.
    store : path of a store, created if needed, or a `Store`; None keeps the points
        in memory. Points that it holds for the same function (name and source),
        parameters, axis names, line and wideflat version are not computed again.
    executor : concurrent.futures executor, for instance `processes(n)`, Serial(), a
        ThreadPoolExecutor, dask's client.get_executor(), an MPIPoolExecutor; it is
        left open. None: one spawned process for each core.
    progress : show a bar with the time left on stderr.
    chunk : number of calls handed over, and stored, at once.
    retries : how often a point that raised is tried again, in this scan or a later
        one.
    each : called as each(point, result, failure) in the calling thread for every
        point: those in the store first, then others once they are stored. point and
        result are dicts; result is None, failure a message where the function raised.

    Returns
    -------
    xarray.Dataset over the axes. A point at which the function raised is nan ("" for
    strings, False for bools); the variable `failure` has its message, "" elsewhere.

    Raises ValueError or TypeError for bad input before any call and for a result with
    the name of a parameter; StoreError where the store cannot be read or written;
    RuntimeError where workers cannot start or the executor breaks. On these and on
    KeyboardInterrupt the finished points are stored; scan again to go on.
    """
    executors.require_started()
    require_xarray()
    fixed, units = check.names("fixed", fixed), check.names("units", units, str)
    grid = Grid(axes, along)
    require_parameters(grid.axes, fixed)
    check.count("scan", "chunk", chunk, 1)
    check.count("scan", "retries", retries, 0)
    if not isinstance(progress, bool):
        raise TypeError(f"scan: progress must be True or False, given {progress!r}")
    if each is not None and not callable(each):
        raise TypeError(f"scan: each must be callable, given {each!r}")
    subject = {
        "function": identity.name_of(function),
        "code": identity.code_of(function),
        "version": identity.package_version(),
        "fixed": {name: identity.described(name, x) for name, x in fixed.items()},
    }
    identity.require_callable_with(function, (*fixed, *grid.axes))
    if store is not None:
        identity.require_lasting_name(function)
    owned = executor is None
    submits = callable(getattr(executor, "submit", None))
    if not owned and (isinstance(executor, type) or not submits):
        raise TypeError(
            "scan: executor must have submit, as those of concurrent.futures have, "
            f"given {executor!r}"
        )
    executor = executors.default() if owned else executor
    if isinstance(executor, ProcessPoolExecutor):
        objects = {n: grid.values[n] for n in axes if grid.values[n] != grid.axes[n]}
        executors.require_picklable(function, fixed | objects)
    opened = None if isinstance(store, Store) else Store(store)
    store = opened or store
    try:
        number = store.begin(subject, grid, units)
        _warn_of_others(store, subject)
        family = store.info(number).family
        Work(function, fixed, grid, store, family, chunk, retries, each).run(
            executor, owned, progress
        )
        return store.to_xarray(number)
    finally:
        if opened is not None:
            opened.close()


def _warn_of_others(store, subject):
    count = store.others(subject)
    if count:
        warnings.warn(
            f"the store holds {count} points of {subject['function']} from another "
            "version of wideflat or another source of the function; they are kept and "
            "not used",
            stacklevel=3,
        )
