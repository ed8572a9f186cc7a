"""Figures of the theory: each computes a dataset, then draws from it alone.

A figure is a module with TITLE, SOURCES, `tasks(quick)` (independent pieces of the
computation), `draw(dataset)` and `caption(dataset)`. `compute` turns the tasks into
a `Dataset`, which is stored beside the picture as CSV.
"""

from importlib import import_module

__all__ = ["NAMES", "figure"]

NAMES = (
    "committee",
    "parity",
    "wide_vs_typical",
    "convergence_y",
    "phase_diagram",
    "broken_centre",
    "centre_phases",
    "binary_perceptron",
    "negative_margin",
    "message_passing",
    "focusing",
    "stochastic",
    "symmetric",
    "wide_activations",
    "algorithms",
    "cross_entropy",
    "hessians",
    "images",
    "learning_capacity",
    "margins",
)


def figure(name):
    """Module of the figure `name`, one of NAMES."""
    if name not in NAMES:
        raise ValueError(
            f"figure: name must be one of {', '.join(NAMES)}, given {name!r}"
        )
    return import_module(f"figures.{name}")
