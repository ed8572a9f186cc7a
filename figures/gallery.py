"""Pictures of a dataset and the page that shows all pictures of a folder."""

from html import escape
from pathlib import Path
from string import Template

from matplotlib import style

import figures
from figures.dataset import read_csv, write_csv
from figures.files import replacing
from figures.style import SHEET

__all__ = ["write_gallery", "write_picture"]

EXTENSIONS = ("png", "pdf", "csv")

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>wideflat: figures</title>
<style>
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222;
       font: 16px/1.5 Georgia, serif; }
figure { margin: 0 0 3.5rem; }
img { max-width: 100%; height: auto; }
figcaption { font-size: 0.95rem; }
.note { color: #555; font-size: 0.85rem; }
</style>
</head>
<body>
<h1>Wide flat minima: the figures</h1>
<p class="note">Entropies are in nats per weight, loads &alpha; in patterns per
weight, distances are <i>d</i> = (1 &minus; overlap)/2.</p>
$figures</body>
</html>
""")

_FIGURE = Template("""<figure id="$name">
<h2>$title</h2>
<a href="$name.pdf"><img src="$name.png" alt="$title"></a>
<figcaption><p>$caption</p>
<p class="note">$note<br>$sources<br>
<a href="$name.png">PNG</a> &middot; <a href="$name.pdf">PDF</a> &middot;
<a href="$name.csv">data (CSV)</a></p></figcaption>
</figure>
""")


def write_picture(module, dataset, folder):
    """NAME.png, NAME.pdf and NAME.csv of a figure, all or none of them."""
    name = dataset.figure
    outputs = [f"{name}.{ext}" for ext in EXTENSIONS]
    with replacing(folder, outputs) as (png, pdf, data):
        picture = module.draw(dataset)
        with style.context(SHEET):
            picture.savefig(png)
            # without a date the same numbers give the same file
            picture.savefig(pdf, metadata={"CreationDate": None})
        write_csv(dataset, data)


def write_gallery(folder):
    """index.html of the figures in `folder`, captions read from their data."""
    folder = Path(folder)
    made = [
        n
        for n in figures.NAMES
        if all((folder / f"{n}.{e}").exists() for e in EXTENSIONS)
    ]
    with replacing(folder, ["index.html"]) as (page,):
        entries = "".join(_entry(name, folder) for name in made)
        page.write_text(_PAGE.substitute(figures=entries), encoding="utf-8")


def _entry(name, folder):
    module, dataset = figures.figure(name), read_csv(folder / f"{name}.csv")
    points = "quick" if dataset.quick else "full"
    failed = f"; {dataset.failed} failed and are left as gaps" if dataset.failed else ""
    note = (
        f"Largest error estimate {dataset.largest_error:.1e}. "
        f"{dataset.points} points ({points} set){failed}. "
        f"wideflat {dataset.provenance.get('wideflat', '')}; "
        f"{dataset.provenance.get('made by', '')}."
    )
    return _FIGURE.substitute(
        name=name,
        title=escape(module.TITLE),
        caption=module.caption(dataset),
        note=escape(note),
        sources=escape("Equations: " + "; ".join(dataset.sources) + "."),
    )
