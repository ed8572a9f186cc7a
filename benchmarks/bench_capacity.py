"""1-RSB capacity of the committee with three units."""

import replicas as rp
from benchmarks import plain, tuned_capacity
from benchmarks.table import Row

MODEL = rp.Model(rp.Spherical(), rp.Tree(3, "majority"))


def rows():
    yield Row(
        "1-RSB capacity, committee K=3",
        3.145841923559,  # twin with twice the nodes and a wider window
        lambda: rp.capacity(MODEL, ansatz="1rsb").value,
        plain.capacity,
        tuned_capacity.capacity,
        target=20,
        seconds=5.0,
    )
