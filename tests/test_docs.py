"""The equations that code and pages cite are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {p.stem: p.read_text(encoding="utf-8") for p in ROOT.glob("docs/*.md")}
PACKAGES = ("replicas", "msgpass", "learners", "scans", "figures", "benchmarks")
LABEL = r"[A-Z]{1,2}[1-9]\d*"
# at the end of an equation's line, or its tag
LABELS = {
    name: set(re.findall(rf"(?:[ \t]\(|\\tag\{{)({LABEL})[)}}]$", page, re.M))
    for name, page in PAGES.items()
}

pytestmark = pytest.mark.skipif(not PAGES, reason="docs/ is not in the package")


def texts():
    """Pairs of name and text of the files that cite equations."""
    for name, page in PAGES.items():
        yield f"docs/{name}.md", page
    for package in PACKAGES:
        for path in ROOT.glob(f"{package}/**/*.p*"):
            if path.suffix in (".py", ".pyx", ".pxd"):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_no_equation_is_on_two_pages():
    labels = [label for found in LABELS.values() for label in found]
    assert len(labels) == len(set(labels))


def test_equations_cited_exist():
    known = set().union(*LABELS.values())
    wrong = {}
    for name, text in texts():
        missing = set(re.findall(rf"\(({LABEL})\)", text)) - known
        for page, several in re.findall(
            rf"docs/(\w+)\.md((?:\s[\s#]*\({LABEL}\)(?:[\s,#-]+\({LABEL}\))*)?)", text
        ):
            missing |= {page} - set(LABELS)
            missing |= set(re.findall(LABEL, several)) - LABELS.get(page, set())
        if missing:
            wrong[name] = missing
    assert not wrong
