"""Build the Cython extensions; all metadata is in pyproject.toml.

WIDEFLAT_DEBUG=1 turns bounds checks on and, with WIDEFLAT_SANITIZE=1, the
address and undefined-behaviour sanitizers.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

debug = os.environ.get("WIDEFLAT_DEBUG") == "1"
sanitize = os.environ.get("WIDEFLAT_SANITIZE") == "1"
build = "build/sanitize" if sanitize else "build/debug" if debug else "build/release"

compile_args = ["-O1", "-g"] if debug else ["-O2", "-g0", "-fno-math-errno"]
compile_args += ["-fopenmp-simd"]  # the pragmas in the loops of msgpass; no threads
link_args = []
if sanitize:
    compile_args += ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    compile_args += ["-fno-sanitize-recover=undefined"]
    link_args += ["-fsanitize=address,undefined"]

packages = ("replicas", "msgpass", "learners")
sources = sorted(s for package in packages for s in Path(package).glob("*.pyx"))
headers = sorted(str(h) for package in packages for h in Path(package).glob("*.h"))
if not sources:
    raise SystemExit("setup.py: no .pyx file found, the source tree is incomplete")

extensions = [
    Extension(
        ".".join(source.with_suffix("").parts),
        [str(source)],
        include_dirs=[str(source.parent)],
        depends=headers,
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    for source in sources
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir=f"{build}/cython",
        nthreads=2,
        compiler_directives={
            "language_level": 3,
            "boundscheck": debug,
            "wraparound": False,
            "initializedcheck": debug,
            "cdivision": True,
            "embedsignature": True,
            "freethreading_compatible": True,
        },
    ),
    options={"build": {"build_base": build}, "build_ext": {"parallel": 2}},
)
