"""A page is one file that loads nothing, shows words as words whoever wrote them, and lays a wide gallery out in tiles."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from salquest.report import CellTable, ColumnSpec, Gallery, PairRow, PairTable, Row, Score, ScoreTable, Section, report_page
from salquest.report.page import PICTURE_WIDTH, WIDE

HOSTILE = "<script>alert('&')</script>\"' onerror=\"x"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, their words; that tags close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.words.append(data.strip())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def grey(height: int = 30, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def scores(name: str = "kld", note: str = "") -> ScoreTable:
    rows = [
        Row(name, {"cc": Score(0.7, 0.6, 0.8)}, note=note),
        Row("mse", {"cc": Score(0.5, 0.4, 0.6)}),
        Row("without", {"cc": Score(*[float("nan")] * 3)}),
        Row("centre bias", {"cc": Score(0.9, 0.8, 1.0)}, kind="floor"),
    ]
    return ScoreTable(rows, [ColumnSpec("cc", "CC", "up")], f"of {name}")


def png() -> bytes:
    content = io.BytesIO()
    Image.fromarray(grey()).save(content, format="PNG")
    return content.getvalue()


def page(word: str, *, columns: int = 2) -> str:
    """A page with everything that a page can have, one word wherever somebody else's words may stand."""
    pair = PairRow(word, word, "b", 0.1, 0.0, 0.2, 0.01, 0.02, word)
    pictures = [grey(), None, *[grey(60, 900)] * (columns - 2)]
    return report_page(
        title=word,
        introduction=word,
        sections=[
            Section(word, word, scores=scores(word, word), pairs=PairTable([pair], word), cells=CellTable([word], [[word]], word)),
            Section("a figure", picture=png()),
        ],
        gallery=Gallery([word] * columns, [(word, pictures)], word),
        facts={word: word},
        runs=[{"name": word, "loss": word, "status": word, "reason": word, "best_epoch": None, "epochs": 3, "seconds": 1.6}],
    )


@pytest.mark.parametrize("columns", [2, WIDE + 1])
def test_nothing_is_loaded_from_anywhere_and_nothing_runs(columns: int) -> None:
    text = page("kld", columns=columns)
    read = Reader(text)
    loading = [value for _, found in read.elements for key, value in found.items() if key in ("src", "href", "srcset", "data", "action")]
    assert loading
    assert all(value is not None and value.startswith(("data:image/png;base64,", "data:image/jpeg;base64,")) for value in loading)
    assert not read.all("script") + read.all("link") + read.all("iframe") + read.all("object")
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text


@pytest.mark.parametrize("columns", [2, WIDE + 1])
def test_words_of_others_are_words_wherever_they_stand(columns: int) -> None:
    tame, hostile = Reader(page("tame", columns=columns)), Reader(page(HOSTILE, columns=columns))
    assert [(tag, list(found)) for tag, found in hostile.elements] == [(tag, list(found)) for tag, found in tame.elements]
    assert [word.replace("tame", HOSTILE) for word in tame.words] == hostile.words
    alike = [found["alt"] for found in hostile.all("img") if found["alt"] != "a figure"]
    assert set(alike) == {f"{HOSTILE} of {HOSTILE}"}


def test_pictures_are_inside_the_file_no_wider_than_they_are_shown() -> None:
    read = Reader(page("kld", columns=3))
    figure, first, second = (base64.b64decode((found["src"] or "").partition(",")[2]) for found in read.all("img"))
    assert figure == png()
    assert Image.open(io.BytesIO(first)).size == (40, 30)
    assert Image.open(io.BytesIO(second)).size == (PICTURE_WIDTH, round(PICTURE_WIDTH * 60 / 900))


def test_a_wide_gallery_is_tiles_of_what_is_there_and_a_narrow_one_a_table_that_keeps_its_columns() -> None:
    narrow, wide = Reader(page("kld", columns=WIDE)), Reader(page("kld", columns=WIDE + 1))
    assert len(narrow.all("table", **{"class": "gallery"})) == 1
    assert not narrow.all("div", **{"class": "tiles"})
    assert not wide.all("table", **{"class": "gallery"})
    assert len(wide.all("div", **{"class": "tiles"})) == 1
    # one picture of each gallery is missing; a figure stands beside them
    assert len(narrow.all("img")) == 1 + WIDE - 1
    assert len(wide.all("figcaption")) == WIDE


def test_a_table_marks_the_best_that_may_compete_and_shows_no_number_where_there_is_none() -> None:
    read = Reader(report_page(title="t", sections=[Section("Scores", scores=scores())], gallery=Gallery((), ()), facts={}))
    assert [found["class"] for found in read.all("td") if "class" in found] == ["rank1", "rank2", "rank0", "rank0"]
    assert [found["class"] for found in read.all("tr") if "class" in found] == ["model", "model", "model", "floor"]
    assert "nan" not in read.words
    assert read.words[read.words.index("without") + 1] == "centre bias"


def test_a_page_of_sections_alone_has_no_empty_parts() -> None:
    read = Reader(report_page(title="t", sections=[Section("One", "words")], gallery=Gallery((), ()), facts={"seed": "0"}))
    assert read.words == ["t", "t", "One", "words", "To repeat it", "seed", "0"]
    assert not read.all("img") + read.all("table") + read.all("p", **{"class": "lead"})


def test_sure_pairs_are_told_from_the_others_and_a_run_without_a_best_epoch_has_none() -> None:
    sure, unsure = (PairRow("CC ↑", "a", "b", 0.1, 0.0, 0.2, p, p, "a") for p in (0.01, 0.5))
    run = {"name": "r", "loss": "kld", "status": "failed", "reason": "", "best_epoch": None, "epochs": 0, "seconds": 0.4}
    sections = [Section("Differences", pairs=PairTable([sure, unsure], "two"))]
    read = Reader(report_page(title="t", sections=sections, gallery=Gallery((), ()), facts={}, runs=[run]))
    assert len(read.all("tr", **{"class": "sure"})) == 1
    assert read.words[-4:] == ["failed", "0", "0", "To repeat it"]


def test_a_folded_section_keeps_its_heading_in_sight():
    cells = CellTable(["a"], [["1"]], "of a")
    page = Reader(report_page(title="t", sections=[Section("Numbers", cells=cells, folded=True)], gallery=Gallery([], []), facts={}))
    names = [name for name, _ in page.elements]
    assert names.count("details") == names.count("summary") == 1
    assert "Numbers" in page.words
