"""docs/metrics.md is true: its Python runs, its replacement tables can be called, its conventions are those of the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from salquest.metrics import CONVENTIONS, METRICS

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
FIRST, BY_HAND = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def rows(heading: str) -> list[list[str]]:
    """Cells of the table below a heading, without its head."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


REPLACEMENTS = [
    re.findall(r"`([^`]+)`", row[1])[0]
    for heading in ("Coming from pysaliency", "Coming from the MIT programs (MATLAB)")
    for row in rows(heading)
]


@pytest.fixture(scope="module")
def scene() -> dict:
    names: dict = {}
    exec(compile(FIRST, "docs/metrics.md", "exec"), names)
    return names


def test_a_metric_by_itself_in_numpy_equals_ours(scene):
    exec(compile(BY_HAND, "docs/metrics.md", "exec"), dict(scene))


@pytest.mark.parametrize("line", REPLACEMENTS)
def test_what_the_page_offers_instead_of_another_programs_line_gives_numbers(scene, line):
    assert np.isfinite(eval(line, dict(scene))).all()


def test_every_metric_is_defined_with_its_unit_and_direction():
    defined = {row[0].strip("`"): row for row in rows("Definitions")}
    assert list(defined) == list(METRICS)
    for name, card in METRICS.items():
        assert defined[name][3] == card.direction
        assert defined[name][2].startswith(card.unit or "-")


def test_the_conventions_are_those_of_the_catalogue():
    names = [name for name in CONVENTIONS if name != "exact"]
    table = {row[0].strip("`"): row[1:] for row in rows("Conventions")}
    for metric in METRICS:
        for name, cell in zip(names, table[metric], strict=True):
            filled = CONVENTIONS[name].settings.get(metric)
            expected = "-" if filled is None else ", ".join(f"`{key}={value}`" for key, value in filled.items()) or "as exact"
            assert cell == expected, (metric, name)
    assert table["maps of another size"] == [f"`{CONVENTIONS[name].resize}`" for name in names]
    assert table["other pictures for sAUC"] == [str(CONVENTIONS[name].num_others or "all") for name in names]
    assert table["means count"] == [CONVENTIONS[name].average for name in names]
