"""Figures: data, files, command line. Solvers are replaced where a test says so."""

import io
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import figures
import learners
import msgpass as mp
import replicas as rp
import scans
from figures import asymptotics, committee, curves, files, tasks
from figures.__main__ import main
from figures.dataset import Dataset, Series, read_csv, write_csv

EXTENSIONS = ("png", "pdf", "csv")


def smooth_curve(model, alpha=1.0, distance=0.1, y=np.inf, **_):
    """Smooth numbers in place of a solver's curve; points about d = 0.2 failed."""
    d, y = np.broadcast_arrays(distance, y)
    bad = (0.2 < d) & (d < 0.22)
    phi = np.where(bad, np.nan, -2 * d - 1 / y)
    return SimpleNamespace(
        distance=d,
        normalised=phi[()],
        entropy=(phi - 1)[()],
        stability=np.where(d < 0.1, np.inf, 0.5)[()],
        error=(1e-9 + 0 * phi)[()],
        residual=(1e-12 + 0 * phi)[()],
        success=~bad[()],
        y=y,
        message=np.where(bad, 'no saddle, "here"', "").astype(object)[()],
        order={
            "reference_stability": (2 - 8 * d)[()],
            "levels_q": np.array([0.6, 0.7]),
            "levels_mu": np.array([1.0, 2.0]),
        },
    )


def smooth_envelope(model, **options):
    curve = smooth_curve(model, **options)
    curve.entropy = 0.9 * curve.entropy
    return curve


def smooth_saddle(model, alpha, ansatz="rs"):
    return SimpleNamespace(
        order={"q": 0.3, "eps": 0.7},
        entropy=-alpha,
        stability=0.4,
        error=1e-12,
        residual=0.0,
        message="",
    )


def smooth_freezing(model, alpha):
    gamma = model.channel.gamma
    order = {"log_errors": -gamma, "energy": 1 / gamma, "stability": 2 / gamma}
    return SimpleNamespace(value=50 * gamma, order=order, message="")


def smooth_margin(model, alpha):
    return SimpleNamespace(value=1 - alpha, error=1e-9, residual=0.0, message="")


def smooth_estimate(model, ansatz="at"):
    value = 2.0 - getattr(model.channel, "kappa", 0.0) + len(ansatz)
    return SimpleNamespace(value=value, error=1e-8, residual=0.0, message="")


def smooth_evolution(model, alpha, *, tol):
    return SimpleNamespace(entropy=-alpha, error=1e-9, residual=0.0, message="")


class SmoothInstance:
    @staticmethod
    def random(N, alpha, K, *, rng):
        return SimpleNamespace(N=N, alpha=alpha, seed=np.ravel(rng)[0])


def smooth_beliefs(instance, weights, *, tol):
    entropy = 1e-3 * instance.seed - instance.alpha
    return SimpleNamespace(entropy=entropy, q=0.3, sweeps=9, success=True, message="")


def smooth_focusing(instance, weights, *, rng, protocol=None, until=None):
    return SimpleNamespace(solved=instance.alpha != 0.8 or rng % 2 == 0, weights=None)


def smooth_surroundings(instance, reference, weights, *, distance):
    curve = smooth_curve(None, distance=np.array(distance))
    curve.normalised = curve.normalised - 1e-3 * instance.seed
    return curve


def smooth_bound(model, distance, y=2, *, starts=0):
    d = np.asarray(distance)
    order = dict.fromkeys(("limit", "shared", "equal", "interior", "family"), 1 + d)
    message = np.full(d.shape, "", dtype=object)
    return SimpleNamespace(
        value=1 + d, error=1e-9 + 0 * d, message=message, order=order
    )


def smooth_likelihood(model, alpha, q_star):
    q = np.asarray(q_star)
    names = ("binarised_error", "stability", "lam")
    return SimpleNamespace(
        value=-alpha * (1 - q),
        error=1e-9 + 0 * q,
        success=q < 0.9,
        message=np.where(q < 0.9, "", "too near 1").astype(object),
        order=dict.fromkeys(names, 0.2 * (1 - q)),
    )


def smooth_ascent(alpha, q_star, *, size, rng):
    return -alpha * (1 - q_star) + 1e-3 * rng.normal(), 0.1


def smooth_training(algorithm, instance, seed, **_):
    return None, seed % 7 > 0


def smooth_images(algorithm, randomised, per_class, seed):
    test = SimpleNamespace(M=60, errors=lambda weights: 3 + seed % 4)
    return SimpleNamespace(patterns=None), test, None, seed > 0


def smooth_around(instance, weights, kind, *, distance):
    return smooth_curve(None, distance=distance)


def smooth_energy(instance, weights, distance, *, rng=0):
    d = np.asarray(distance)
    return SimpleNamespace(value=d * (1 - 0.01 * rng), error=1e-9 + 0 * d)


def smooth_spectrum(instance, weights, *, largest=10):
    values = np.linspace(1, -0.1, largest + 1)
    values = np.resize(values, getattr(instance, "N", largest))
    return SimpleNamespace(
        eigenvalues=np.sort(values), trace=values.sum(), residual=1e-9, message=""
    )


@pytest.fixture
def smooth_solvers(monkeypatch):
    """Solvers that cost nothing, in this process."""
    monkeypatch.setattr("figures.trained.trained", smooth_training)
    monkeypatch.setattr("figures.trained._image_machine", smooth_images)
    monkeypatch.setattr(mp, "local_entropy", smooth_around)
    monkeypatch.setattr(learners, "local_energy", smooth_energy)
    monkeypatch.setattr(learners, "input_robustness", smooth_energy)
    monkeypatch.setattr(learners, "pixel_rates", lambda patterns, flip: flip)
    monkeypatch.setattr(learners, "hessian_spectrum", smooth_spectrum)
    monkeypatch.setattr("figures.stochastic.instance", smooth_ascent)
    monkeypatch.setattr(mp, "state_evolution", smooth_evolution)
    monkeypatch.setattr(mp, "amp", smooth_beliefs)
    monkeypatch.setattr(mp, "Instance", SmoothInstance)
    monkeypatch.setattr(mp, "focusing_bp", smooth_focusing)
    monkeypatch.setattr(mp, "local_entropy", smooth_surroundings)
    for name, function in {
        "rs": smooth_saddle,
        "equilibrium": smooth_saddle,
        "local_entropy": smooth_curve,
        "franz_parisi": smooth_curve,
        "envelope": smooth_envelope,
        "freezing": smooth_freezing,
        "largest_margin": smooth_margin,
        "capacity": smooth_estimate,
        "at_line": smooth_estimate,
        "first_moment": smooth_bound,
        "second_moment": smooth_bound,
        "stochastic": smooth_likelihood,
    }.items():
        monkeypatch.setattr(rp, name, function, raising=False)


@pytest.fixture
def tiny(monkeypatch):
    """A figure with three real points, beside the five."""
    module = ModuleType("figures.tiny")
    module.TITLE, module.SOURCES = "Tiny", ("docs/large_y.md",)
    point = {"channel": rp.Wide("sign"), "alpha": 1.0}
    module.tasks = lambda quick: [
        tasks.task(
            curves.local_entropy, fractions=(0.1, 0.5, 0.999), points=3, **point
        ),
        tasks.task(curves.typical, **point),
    ]
    module.caption = lambda dataset: "Three points."

    def draw(dataset):
        figure, (ax,) = committee.style.panels(1)
        committee.draw_curve(ax, dataset, "k", alpha=1.0)
        return figure

    module.draw = draw
    monkeypatch.setitem(sys.modules, "figures.tiny", module)
    monkeypatch.setattr(figures, "NAMES", (*figures.NAMES, "tiny"))
    return module


def png(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=60)
    return data.getvalue()


def some_dataset(**changes):
    columns = {
        "distance": np.array([0.1, 1 / 3]),
        "normalised": np.array([-1e-100, np.nan]),
        "error": np.array([3e-12, np.nan]),
    }
    first = Series("a", {"model": "parity", "K": np.inf}, columns, ("", "no, 'saddle'"))
    second = Series("b", {"model": "x"}, {"kappa": np.array([0.5])}, ("",))
    options = {"figure": "committee", "quick": True, "sources": ("docs/rs.md (R1)",)}
    return Dataset(**{**options, "series": (first, second), **changes})


def test_write_csv_is_read_back_exactly(tmp_path):
    data = some_dataset(provenance={"wideflat": "0: 1"})
    write_csv(data, tmp_path / "a.csv")
    back = read_csv(tmp_path / "a.csv")
    assert (back.figure, back.quick) == (data.figure, data.quick)
    assert (back.sources, back.provenance) == (data.sources, data.provenance)
    for one, two in zip(data.series, back.series, strict=True):
        assert (one.name, one.parameters) == (two.name, two.parameters)
        assert one.messages == two.messages
        assert one.columns.keys() == two.columns.keys()
        for key in one.columns:
            np.testing.assert_array_equal(one[key], two[key], strict=True)


def test_write_csv_states_the_provenance(tmp_path):
    write_csv(some_dataset(provenance={"wideflat": "0.1"}), tmp_path / "a.csv")
    header = (tmp_path / "a.csv").read_text().split("series,")[0]
    for line in (
        "# wideflat: 0.1",
        "# source 1: docs/rs.md (R1)",
        "# largest error estimate: 3e-12",
        "# failed points: 1 of 3",
    ):
        assert line in header.splitlines()


@pytest.mark.parametrize("damage", ["", "# figure: x\n", "cut"])
def test_read_csv_refuses_what_is_not_a_dataset(tmp_path, damage):
    path = tmp_path / "a.csv"
    write_csv(some_dataset(), path)
    text = path.read_text()
    path.write_text(text[: text.rindex(",0.5")] if damage == "cut" else damage)
    with pytest.raises(ValueError, match=r"read_csv: .*a\.csv"):
        read_csv(path)


def test_dataset_refuses_two_series_of_one_name():
    series = some_dataset().series[0]
    with pytest.raises(ValueError, match="unique"):
        some_dataset(series=(series, series))


def test_dataset_refuses_a_name_that_is_parameter_and_column():
    first, second = some_dataset().series
    scan = replace(second, columns={"K": np.array([3.0])})
    with pytest.raises(ValueError, match=r"given both for \['K'\]"):
        some_dataset(series=(first, scan))


def test_series_refuses_columns_of_different_length():
    with pytest.raises(ValueError, match="one length"):
        Series("a", {}, {"x": np.zeros(2)}, ("",))


@pytest.mark.parametrize("name", figures.NAMES)
def test_draw_depends_on_the_csv_alone(name, smooth_solvers, tmp_path):
    module = figures.figure(name)
    data = tasks.compute(module, quick=True)
    write_csv(data, tmp_path / "a.csv")
    assert png(module.draw(read_csv(tmp_path / "a.csv"))) == png(module.draw(data))


def test_replacing_leaves_nothing_when_it_fails(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    with (
        pytest.raises(RuntimeError),
        files.replacing(tmp_path, ["a.csv", "b.csv"]) as (a, _),
    ):
        a.write_text("new")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


def test_make_all_gives_every_file_and_a_gallery(smooth_solvers, tmp_path, capsys):
    assert main(["make", "--all", "--out", str(tmp_path)]) == 0
    expected = {f"{n}.{e}" for n in figures.NAMES for e in EXTENSIONS}
    assert {p.name for p in tmp_path.iterdir()} == expected | {
        "index.html",
        "curves.db",
    }
    page = (tmp_path / "index.html").read_text()
    for name in figures.NAMES:
        assert figures.figure(name).TITLE in page
        assert all(f'"{name}.{e}"' in page for e in EXTENSIONS)
    # those of fractions are of their samples
    fractions = {"images", "learning_capacity"}
    count = page.count("Largest error estimate 1.0e-0")
    assert count == len(figures.NAMES) - len(fractions)
    assert "failed and are left as gaps" in page
    assert "100%" in capsys.readouterr().err


def test_make_leaves_nothing_of_a_figure_that_fails(
    smooth_solvers, tiny, tmp_path, monkeypatch, capsys
):
    def stop(*arguments, **options):
        raise RuntimeError("no capacity today")

    monkeypatch.setattr(rp, "capacity", stop)
    names = ["phase_diagram", "tiny"]
    assert main(["make", *names, "--out", str(tmp_path)]) == 1
    made = {p.name for p in tmp_path.iterdir()}
    assert made == {"index.html", "curves.db", "tiny.png", "tiny.pdf", "tiny.csv"}
    assert "no capacity today" in capsys.readouterr().err


def test_make_leaves_nothing_of_a_picture_that_fails(
    smooth_solvers, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr("figures.gallery.write_csv", lambda *_: 1 / 0)
    assert main(["make", "tiny", "--out", str(tmp_path)]) == 1
    assert {p.name for p in tmp_path.iterdir()} == {"index.html", "curves.db"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "nonsense"], ["nonsense", *figures.NAMES]),
        (["make"], ["--all", *figures.NAMES]),
        (["make", "--all", "committee"], ["--all"]),
        (["make", "committee", "--jobs", "0"], ["--jobs", "0"]),
        (["make", "committee", "--retries", "-1"], ["--retries", "-1"]),
        (["make", "committee", "--quick", "--full"], ["not allowed"]),
        ([], ["required"]),
    ],
)
def test_command_line_refuses(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert all(word in message for word in words)


def test_make_refuses_a_folder_before_computing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rp, "rs", lambda *_, **__: pytest.fail("computed"))
    (tmp_path / "file").write_text("")
    (tmp_path / "out" / "committee.png").mkdir(parents=True)
    for out in ("file", "file/below", "out"):
        with pytest.raises(SystemExit) as stop:
            main(["make", "committee", "--out", str(tmp_path / out)])
        assert stop.value.code == 2
        assert f"cannot write to {tmp_path / out}" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["committee.png"]


def test_list_names_every_figure(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in figures.NAMES)


def test_figure_refuses_an_unknown_name():
    with pytest.raises(ValueError, match=r"committee.*given 'x'"):
        figures.figure("x")


def test_tasks_shared_by_figures_are_computed_once(smooth_solvers):
    modules = [figures.figure("committee"), figures.figure("parity")]
    done, made = [], []
    tasks.compute_all(
        modules,
        lambda module, _: made.append(module),
        quick=True,
        store=None,
        executor=scans.Serial(),
        progress=done.append,
    )
    assert set(made) == set(modules)
    pieces = {piece for m in modules for piece in m.tasks(True)}
    assert set(done) == pieces
    assert len(done) == len(pieces)
    assert len(pieces) < sum(len(m.tasks(True)) for m in modules)


@pytest.mark.parametrize("name", figures.NAMES)
def test_curves_are_the_same_out_of_a_store(name, smooth_solvers, tmp_path):
    module = figures.figure(name)
    made = []
    for _ in range(2):
        tasks.compute_all(
            [module],
            lambda _, dataset: made.append(dataset),
            quick=True,
            store=tmp_path / "curves.db",
            executor=scans.Serial(),
        )
        write_csv(made[-1], tmp_path / f"{len(made)}.csv")
    write_csv(tasks.compute(module, quick=True), tmp_path / "0.csv")
    assert len({(tmp_path / f"{i}.csv").read_text() for i in range(3)}) == 1


def test_make_goes_on_where_it_was_interrupted(
    smooth_solvers, tiny, tmp_path, monkeypatch, capsys
):
    saddles = []

    def interrupted(model, *, alpha):
        saddles.append(alpha)
        if len(saddles) == 2:
            raise KeyboardInterrupt
        return smooth_saddle(model, alpha=alpha)

    def forbidden(*arguments, **options):
        raise AssertionError("computed again")

    command = ["make", "tiny", "--out", str(tmp_path)]
    monkeypatch.setattr(rp, "rs", interrupted)
    assert main(command) == 130
    assert "goes on from here" in capsys.readouterr().err
    assert not (tmp_path / "tiny.csv").exists()
    monkeypatch.setattr(rp, "local_entropy", forbidden)
    assert main(command) == 0
    assert len(saddles) == 3
    # points of other solvers are not used
    monkeypatch.setattr(tasks, "_solvers", lambda: "others")
    assert main(command) == 1


def test_make_tries_a_failed_curve_again_when_told_to(
    smooth_solvers, tmp_path, monkeypatch, capsys
):
    command = ["make", "phase_diagram", "--out", str(tmp_path)]
    monkeypatch.setattr(rp, "capacity", None)
    assert main(command) == 1
    monkeypatch.setattr(rp, "capacity", smooth_estimate)
    assert main(command) == 1
    assert "TypeError: 'NoneType' object is not callable" in capsys.readouterr().err
    assert main([*command, "--retries", "1"]) == 0


def test_make_refuses_a_foreign_store(tmp_path, capsys):
    (tmp_path / "curves.db").write_text("mine")
    assert main(["make", "committee", "--out", str(tmp_path)]) == 1
    assert "curves.db is not a store of scans" in capsys.readouterr().err
    assert (tmp_path / "curves.db").read_text() == "mine"


def test_real_figure_end_to_end(tiny, tmp_path):
    """Real solvers; processes give the numbers of one process."""
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        assert main(["make", "tiny", "--out", str(out), "--jobs", jobs]) == 0
    one, two = ((tmp_path / jobs / "tiny.csv").read_text() for jobs in "12")
    assert one == two
    data = read_csv(tmp_path / "1" / "tiny.csv")
    line = data.one(curve="local entropy")
    end = data.one(curve="typical distance")
    assert data.failed == 0
    assert data.largest_error < 1e-9
    # alpha = 1, K -> infinity: two independent evaluations of the RS saddle
    assert end["distance"][0] == pytest.approx((1 - 0.3108062040350153) / 2, rel=1e-9)
    # the curve joins its end, where it is smooth
    assert line["normalised"][-1] == pytest.approx(end["normalised"][0], abs=1e-3)
    assert np.all(np.diff(line["normalised"]) < 0)


def test_wide_parity_is_flat():
    flat = curves.wide_parity(alpha=2.0)
    np.testing.assert_array_equal(flat["normalised"], -2 * np.log(2))


@pytest.mark.parametrize("channel", [rp.Perceptron(), rp.Wide("sign")])
def test_wide_law_is_the_limit_of_the_curve(channel):
    distance = (3e-4, 1e-3, 3e-3)
    law = asymptotics.wide_law(channel=channel, alpha=1.0, distance=distance)
    curve = rp.local_entropy(
        curves.model_of(channel), alpha=1.0, distance=distance, between="centre"
    )
    off = np.abs(law["normalised"] / curve.normalised - 1)
    gamma = 1 / (4 * np.array(distance))
    assert np.all(off < 2 * np.log(gamma) / gamma)
    assert np.all(np.diff(off) > 0)


def test_typical_law_has_the_prefactor_of_the_perceptron():
    law = asymptotics.typical_law(channel=rp.Perceptron(), alpha=1.0, distance=(5e-4,))
    # the prefactor 0.69963: derived and evaluated independently
    assert law["normalised"][0] == pytest.approx(
        -0.69963 * np.sqrt(1 - 0.999**2), rel=1e-5
    )
