"""Command line: python -m scans run OBSERVABLE ... | status STORE | export STORE."""

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np

import scans
from scans.observables import MODELS, OBSERVABLES, PRIORS, load

FORMATS = {".nc": "to_netcdf", ".csv": "to_csv", ".npz": "to_npz"}
# name -> type, meaning
PARAMETERS = {
    "alpha": (float, "patterns per weight"),
    "distance": (float, "(1 - overlap)/2, in (0, 1/2)"),
    "y": (float, "number of replicas, inf (default) allowed"),
    "between": (str, "what the distance is to: replicas (default), centre, solution"),
    "centre": (str, "its ansatz: rs (default), 1rsb, krsb or frsb"),
    "levels": (int, "of the centre krsb"),
    "K": (int, "units of a tree"),
    "kappa": (float, "margin of the perceptron or the wide committee"),
    "activation": (str, "of the wide committee: sign (default), relu, erf, tanh, ..."),
    "gamma": (float, "slope of the cross-entropy that is minimised"),
    "ansatz": (str, "of the capacity: rs (default), 1rsb, 2rsb or frsb"),
}
UNITS = {"alpha": "patterns per weight"}
VALUES = "VALUES: one value; several, as A,B,C or FIRST:LAST:COUNT, make an axis"
TRIAL = 1.0  # seconds; what the library does not solve it refuses long before


def main(arguments=None):
    """Run the command line.

    0: done; 1: store, files or workers failed; 2: misused; 130: interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return {"run": _run, "status": _status, "export": _export}[options.command](
            parser, options
        )
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except (scans.StoreError, OSError, RuntimeError, ImportError) as error:
        print(f"python -m scans: {error}", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m scans",
        description="Phase diagrams, resumed where they stopped.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run", help="compute an observable over axes", epilog=f"{VALUES}."
    )
    run.add_argument("observable", choices=OBSERVABLES)
    run.add_argument("--store", required=True, metavar="FILE", help="created if needed")
    run.add_argument("--model", choices=MODELS, help="perceptron where it makes sense")
    run.add_argument("--prior", choices=PRIORS, default="spherical", help="of weights")
    for name, (_, meaning) in PARAMETERS.items():
        run.add_argument(f"--{name}", metavar="VALUES", help=meaning)
    run.add_argument(
        "--jobs", type=int, metavar="N", help="processes; one for each core"
    )
    run.add_argument(
        "--retries", type=int, default=0, metavar="N", help="of points that raised"
    )
    run.add_argument(
        "--out", metavar="FILE", help="export to .nc, .csv or .npz as well"
    )
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    status = commands.add_parser("status", help="what a store holds")
    status.add_argument("store", metavar="STORE")
    export = commands.add_parser("export", help="write a scan of a store to a file")
    export.add_argument("store", metavar="STORE")
    export.add_argument(
        "--scan", type=int, metavar="NUMBER", help="as status lists them"
    )
    export.add_argument("--out", required=True, metavar="FILE", help=".nc, .csv, .npz")
    return parser


def _run(parser, options):
    observable = OBSERVABLES[options.observable]
    writer = _writer(parser, options.out)
    axes, fixed = _parameters(parser, options, observable)
    along = observable.along if observable.along in axes else None
    try:
        with (
            _accepting(observable, axes, fixed, options.jobs) as executor,
            scans.Store(options.store) as store,
        ):
            data = scans.scan(
                observable.function,
                axes,
                fixed=fixed,
                along=along,
                units=UNITS | observable.results,
                store=store,
                executor=executor,
                progress=not options.quiet,
                retries=options.retries,
            )
            if writer:
                getattr(store, writer)(options.out, store.latest)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    messages = data.failure.values[data.failure.values != ""]
    solved = int(data.success.sum()) if "success" in data else 0
    unsolved = data.failure.size - messages.size - solved
    print(
        f"{data.failure.size} points, {messages.size} raised, "
        f"{unsolved} without a solution"
    )
    if messages.size:
        print(f"for instance {messages[0]}", file=sys.stderr)
    return 0


def _accepting(observable, axes, fixed, jobs):
    """Processes, if the library does not refuse the first point; else its error."""
    first = {name: values[0] for name, values in axes.items()}
    if observable.along in axes:
        line = axes[observable.along]
        first[observable.along] = [line[0], line[-1]]
    executor = scans.processes(jobs)
    try:
        executor.submit(load).result()
        refusal = executor.submit(observable.function, **fixed, **first).exception(
            TRIAL
        )
        if isinstance(refusal, (TypeError, ValueError)):
            raise refusal
        if refusal is None:
            return executor
    except TimeoutError:  # it computes
        pass
    except BaseException:
        executor.terminate()
        raise
    executor.terminate()
    return scans.processes(jobs)


def _parameters(parser, options, observable):
    """Axes and fixed parameters out of the options; exits with 2 on misuse."""
    model = options.model or observable.models[0]
    if model not in observable.models:
        parser.error(
            f"{options.observable} needs --model {' or '.join(observable.models)}, "
            f"given {model}"
        )
    needs = {*observable.needs, *({"K"} & {*MODELS[model]})}
    allowed = {*needs, *observable.options, *MODELS[model]}
    axes, fixed = {}, {"model": model, "prior": options.prior}
    for name, (kind, _) in PARAMETERS.items():
        text = getattr(options, name)
        if text is None and name in needs:
            parser.error(f"{options.observable} of the {model} needs --{name}")
        if text is None:
            continue
        if name not in allowed:
            parser.error(
                f"--{name} is no parameter of {options.observable} of the {model}"
            )
        values = _values(parser, name, kind, text)
        if len(values) == 1:
            fixed[name] = values[0]
        else:
            axes[name] = values
    if not axes:
        parser.error(f"at least one parameter must be an axis: {VALUES}")
    return axes, fixed


def _values(parser, name, kind, text):
    try:
        if ":" in text and kind is not str:
            first, last, count = text.split(":")
            values = np.linspace(float(first), float(last), int(count)).tolist()
            if kind is int and any(value != round(value) for value in values):
                raise ValueError
            return [kind(value) for value in values]
        return [kind(value) for value in text.split(",")]
    except ValueError:
        whole = " of integers" if kind is int else ""
        parser.error(
            f"--{name} must be VALUE, A,B,C or FIRST:LAST:COUNT{whole}, given {text}"
        )


def _status(_, options):
    with scans.Store(options.store, write=False) as store:
        for scan in store.scans():
            axes = " x ".join(f"{n} {len(v)}" for n, v in scan.grid.axes.items())
            fixed = ", ".join(f"{name}={text}" for name, text in scan.fixed.items())
            print(f"{scan.id}: {scan.function}({fixed}), wideflat {scan.version}")
            line = f"   {axes}: {scan.done} of {scan.grid.size} points"
            line += f", {scan.failed} raised"
            if not np.isnan(scan.seconds):
                line += f", {scan.seconds:.3g} s each"
            if scan.done < scan.grid.size and not np.isnan(scan.left):
                line += f", {timedelta(seconds=round(scan.left))} left at the last pace"
            print(line)
    return 0


def _export(parser, options):
    writer = _writer(parser, options.out)
    with scans.Store(options.store, write=False) as store:
        try:
            getattr(store, writer)(options.out, options.scan)
        except ValueError as error:
            parser.error(str(error))
    return 0


def _writer(parser, path):
    """Name of the method of `Store` that writes such a file; None for no file."""
    if path is None:
        return None
    folder = Path(path).absolute().parent
    if not os.access(folder, os.W_OK):
        parser.error(f"--out must be in a folder that can be written to, given {path}")
    for suffix, writer in FORMATS.items():
        if path.endswith(suffix):
            return writer
    parser.error(f"--out must end with {', '.join(FORMATS)}, given {path}")


if __name__ == "__main__":
    sys.exit(main())
