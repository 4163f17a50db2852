"""The table marks the best three, ranks nobody who failed, and prints what it means."""

from __future__ import annotations

import csv
import io

import numpy as np
from PIL import Image

from salquest.gaze import SaliencyMap
from salquest.report import CellTable, ColumnSpec, Row, Score, ScoreTable, contact_sheet, overlay
from salquest.report.figures import heat


def score(mean: float) -> Score:
    return Score(mean, mean - 0.1, mean + 0.1)


TABLE = ScoreTable(
    rows=[
        Row("a", {"cc": score(0.5), "kl": score(0.9)}),
        Row("b", {"cc": score(0.7), "kl": score(0.8)}),
        Row("c", {"cc": score(0.6), "kl": score(0.7)}),
        Row("d", {"cc": score(0.4), "kl": score(1.0)}),
        Row("e", {"cc": score(0.9), "kl": score(0.1)}, note="collapsed"),
        Row("floor", {"cc": score(0.95)}, kind="floor"),
    ],
    columns=[ColumnSpec("cc", "CC", "up"), ColumnSpec("kl", "KL", "down", "nat")],
    caption="six rows",
)


def test_the_best_is_the_greatest_where_up_is_better_and_the_least_where_down_is() -> None:
    assert TABLE.ranks("cc") == {"b": 1, "c": 2, "a": 3}
    assert TABLE.ranks("kl") == {"c": 1, "b": 2, "a": 3}


def test_markdown_has_the_best_bold_and_the_next_two_italic() -> None:
    lines = TABLE.to_markdown().splitlines()
    assert lines[0] == "| | CC ↑ | KL (nat) ↓ |"
    assert lines[3] == "| b | **0.700** <sub>0.600..0.800</sub> | *0.800* <sub>0.700..0.900</sub> |"
    assert lines[2].startswith("| a | *0.500*")
    assert lines[5].startswith("| d | 0.400 ")
    assert lines[6].startswith("| e (collapsed) | 0.900 ")


def test_markdown_prints_the_asterisks_of_a_loss() -> None:
    table = ScoreTable([Row("10*kld - 2*cc", {"cc": score(0.5)})], TABLE.columns[:1], "one row")
    assert table.to_markdown().splitlines()[2].startswith(r"| 10\*kld - 2\*cc | **0.500** ")


def test_csv_keeps_every_digit_and_leaves_empty_what_is_not_there() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.to_csv())))
    assert float(rows[0]["cc_low"]) == 0.4
    assert rows[5]["kl"] == ""
    assert rows[4]["note"] == "collapsed"


def test_heat_shows_the_map_from_dark_to_light() -> None:
    colours = heat(np.array([[0.0, 0.5, 1.0]])).sum(axis=2)[0]
    assert colours[0] < colours[1] < colours[2]


def test_an_overlay_leaves_the_coldest_pixels_grey() -> None:
    picture = np.zeros((4, 4, 3), dtype=np.uint8)
    picture[..., 0] = 255
    values = np.zeros((4, 4), dtype=np.float32)
    values[0, 0] = 1
    drawn = overlay(picture, SaliencyMap(values))
    assert len(set(drawn[3, 3].tolist())) == 1
    assert len(set(drawn[0, 0].tolist())) > 1


def test_a_contact_sheet_is_a_picture_of_all_its_columns() -> None:
    picture = np.full((30, 40, 3), 128, dtype=np.uint8)
    sheet = Image.open(io.BytesIO(contact_sheet([[picture, picture, picture]], ["one", "two", "three"], width=60)))
    assert sheet.width == 180


def test_cells_stay_in_their_columns_whatever_stands_in_them() -> None:
    rows = [["10*kld - 2*cc", "p < 0.001"], ["a|b", "two\nlines"]]
    assert CellTable(["claim|row", ""], rows, "tested").to_markdown() == (
        "| claim\\|row |  |\n|---|---|\n| 10\\*kld - 2\\*cc | p &lt; 0.001 |\n| a\\|b | two lines |\n\ntested\n"
    )


def test_cells_without_rows_or_caption_are_a_heading() -> None:
    assert CellTable(["row", "verdict"], []).to_markdown() == "| row | verdict |\n|---|---|\n"
