"""Command line: python -m figures list; python -m figures make NAME... --out DIR."""

import argparse
import sys
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

import figures
import scans
from figures.files import require_writable
from figures.gallery import EXTENSIONS, write_gallery, write_picture
from figures.tasks import compute_all

STORE = "curves.db"  # curves that are done; an interrupted run goes on from there


def main(arguments=None):
    """Run the command line.

    0: all went well; 1: a figure failed; 2: misused; 130: interrupted.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "list":
        for name in figures.NAMES:
            print(f"{name:17s} {figures.figure(name).TITLE}")
        return 0
    names = _names(parser, options)
    outputs = [f"{name}.{ext}" for name in names for ext in EXTENSIONS]
    try:
        require_writable(options.out, [*outputs, "index.html", STORE])
    except OSError as error:
        parser.error(f"cannot write to {options.out}: {error.strerror or error}")
    try:
        return _make(names, options)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except (scans.StoreError, RuntimeError, ImportError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m figures", description="Figures of the theory."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="names and titles of the figures")
    make = commands.add_parser("make", help="compute and draw figures")
    make.add_argument("names", nargs="*", metavar="NAME", help="figures to make")
    make.add_argument("--all", action="store_true", help="make every figure")
    make.add_argument("--out", default="gallery", metavar="DIR", help="output folder")
    make.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    make.add_argument(
        "--retries", type=int, default=0, metavar="N", help="of curves that raised"
    )
    points = make.add_mutually_exclusive_group()
    points.add_argument("--quick", action="store_true", help="few points (default)")
    points.add_argument("--full", action="store_true", help="dense curves")
    return parser


def _names(parser, options):
    """Names to make, without repetition; exits with 2 where they make no sense."""
    known = ", ".join(figures.NAMES)
    unknown = [name for name in options.names if name not in figures.NAMES]
    if unknown:
        parser.error(f"no figure named {', '.join(unknown)}; the figures are {known}")
    if options.all == bool(options.names):
        parser.error(f"give --all or names out of {known}")
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, given {options.jobs}")
    if options.retries < 0:
        parser.error(f"--retries must be at least 0, given {options.retries}")
    return list(figures.NAMES) if options.all else list(dict.fromkeys(options.names))


def _make(names, options):
    quick = not options.full
    modules = [figures.figure(name) for name in names]
    made = []
    with _bar({piece for m in modules for piece in m.tasks(quick)}) as (bar, advance):

        def ready(module, outcome):
            success, report = _finish(module, outcome, options.out)
            made.append(success)
            bar.write(report, file=sys.stderr)

        try:
            with _executor(options.jobs) as executor:
                compute_all(
                    modules,
                    ready,
                    quick=quick,
                    store=Path(options.out) / STORE,
                    executor=executor,
                    retries=options.retries,
                    progress=advance,
                )
        finally:  # also when interrupted: the page shows what is in the folder
            write_gallery(options.out)
    return 0 if all(made) else 1


def _executor(jobs):
    """This process or `jobs` others."""
    return scans.Serial() if jobs == 1 else scans.processes(jobs)


@contextmanager
def _bar(pieces):
    """Progress bar on stderr, and what advances it by a task."""
    total, done = sum(piece.points for piece in pieces), 0
    look = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    work = sum(piece.milliseconds for piece in pieces)

    def advance(piece):
        nonlocal done
        done += piece.points
        bar.set_description_str(f"{done}/{total} points", refresh=False)
        bar.update(piece.milliseconds)

    with tqdm(total=work, bar_format=look, file=sys.stderr) as bar:
        yield bar, advance


def _finish(module, outcome, folder):
    """Write the files of one figure: whether that went well, and a line about it."""
    name = module.__name__.rpartition(".")[2]
    try:
        if isinstance(outcome, str):
            return False, f"{name}: not made, {outcome}"
        write_picture(module, outcome, folder)
    except Exception as error:
        return False, f"{name}: not made, {error!r}"
    failed = f", {outcome.failed} failed" if outcome.failed else ""
    return True, f"{name}: {outcome.points} points{failed}"


if __name__ == "__main__":
    sys.exit(main())
