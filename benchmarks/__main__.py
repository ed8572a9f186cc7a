"""Print the benchmark: python -m benchmarks [NAME...]."""

import argparse
import importlib
import resource

from benchmarks.table import header, measure

NAMES = (
    "rs",
    "local_entropy",
    "franz_parisi",
    "binary_franz_parisi",
    "capacity",
    "krsb",
    "binary",
    "binary_local_entropy",
    "symmetric",
    "scans",
    "learners",
    "msgpass",
    "bp",
)
MEMORY = 500  # MB


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names
    for name in names:
        if name not in NAMES:
            parser.error(f"no benchmark {name!r}; choose from {', '.join(NAMES)}")
    print("plain: textbook NumPy/SciPy; tuned: the best grid and root we found for it.")
    print("error: against a value known to more digits; time: median CPU, one core.")
    print("!: target missed.")
    print(header())
    for name in names or NAMES:
        for row in importlib.import_module(f"benchmarks.bench_{name}").rows():
            print(measure(row), flush=True)
    # ru_maxrss is in kB on Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    mark = "" if peak < MEMORY else " !"
    print(f"peak memory of all this, twins included: {peak:.0f} MB < {MEMORY} MB{mark}")


if __name__ == "__main__":
    main()
