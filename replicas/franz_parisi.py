"""Franz-Parisi entropy: solutions at a distance from a reference.

docs/franz_parisi.md derives the formulas.
"""

from replicas import check
from replicas.channels import Tree, single_unit
from replicas.franz_parisi_ansatz import Problem
from replicas.franz_parisi_reference import references, require_reference
from replicas.franz_parisi_saddle import point
from replicas.model import refuse_symmetric, require_constraint
from replicas.results import Curve, stack
from replicas.tree_franz_parisi import LARGEST_OVERLAP

__all__ = ["franz_parisi", "supported"]


def franz_parisi(model, alpha, distance, reference=None):
    r"""Local entropy around a reference (Franz-Parisi potential).

    phi(d) is the mean entropy per weight of the solutions at distance d from a
    reference drawn at random: extremum over q1 and t of entropic + alpha energetic.

    Parameters
    ----------
    model : Model.
    alpha : float or array, patterns per weight, > 0.
    distance : float or array in (0, 1/2), d = (1 - overlap)/2.
    reference : the references are typical (replica symmetric) of this Model at the
        same load, which has the same prior and units: solutions with another margin,
        or states of a `Loss`, minimisers of which (beta None, binary weights) are
        taken at `freezing`. None for `model` itself.

    alpha and distance broadcast against each other; along the last axis each point
    starts from its neighbour. The branch does not depend on it.

    Returns
    -------
    Curve of the broadcast shape. order has "q", the overlap among the references,
    "q1", among the solutions at distance d, "t", of these with the other
    references, and "reference_stability", the replicon index of the references.
    `stability` is the replicon index of the solutions at distance d; both are stable
    below 1. Where the references are not, the point is an approximation: success is
    True and message says so. success is False above the RS capacity, beyond the
    largest distance between solutions and, near p = q, where typical references are
    not replica symmetric.

    Trees may have at most seven units (ValueError for more), and their references
    an overlap up to 0.6 (four and more units), 0.7 (three) or 0.95 (two). Four and
    more units have errors of 1e-5 to 1e-3; with six and seven, distances below 0.01
    may be refused (message).

    Source: docs/franz_parisi.md (F1)-(F36).
    """
    require_constraint("franz_parisi", model)
    refuse_symmetric("franz_parisi", model)
    alpha = check.positive("franz_parisi", "alpha", alpha)
    distance = check.distance("franz_parisi", distance)
    reference = require_reference("franz_parisi", model, reference)
    channel = supported("franz_parisi", model)
    alpha, distance = check.broadcast("franz_parisi", alpha=alpha, distance=distance)
    measures = references(reference, alpha)
    points, last = [], None
    for a, d in zip(map(float, alpha.flat), map(float, distance.flat), strict=True):
        if len(points) % (alpha.shape or (1,))[-1] == 0:
            last = None
        found, last = point(Problem(model.prior, channel, a, measures[a]), d, last)
        points.append(found)
    return Curve(
        model=model,
        ansatz="franz-parisi",
        between="reference",
        alpha=alpha[()],
        distance=distance[()],
        y=None,
        **stack(points, alpha.shape),
    )


def supported(function, model):
    """The channel to average over; a tree of one unit is a perceptron."""
    channel = single_unit(model.channel)
    if not isinstance(channel, Tree):
        return channel
    if channel.K > max(LARGEST_OVERLAP):
        raise ValueError(
            f"{function}: trees are supported with K = 1, 3, 5 or 7 (majority) and 1 "
            f"to 7 (parity), beyond which the sums over their fields are too large; "
            f"Wide is the limit of large K, given K = {channel.K}"
        )
    return channel
