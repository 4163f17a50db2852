"""Figures and tables of pairs are drawn for what they will meet: two models, many, ties, scores that are missing."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from salquest.report import PairRow, PairTable, PictureScatter, RankLine, critical_difference_figure, scatter_figure


def line(number: int) -> RankLine:
    ranks = {f"model {i}": float(i + 1) for i in range(number)}
    return RankLine("NSS ↑", ranks, 1.5, [tuple(ranks)[i : i + 2] for i in range(number - 1)])


@pytest.mark.parametrize("number", [2, 3, 9])
def test_ranks_are_drawn_higher_for_more_models(number: int) -> None:
    one = Image.open(io.BytesIO(critical_difference_figure([line(number)])))
    two = Image.open(io.BytesIO(critical_difference_figure([line(number), line(number)])))
    assert two.height == pytest.approx(2 * one.height, abs=2)
    assert one.height < Image.open(io.BytesIO(critical_difference_figure([line(number + 2)]))).height


def test_long_names_make_a_wide_figure() -> None:
    names = {f"/a/long/way/to/the/folder/in/which/the/maps/of/somebody/lie/number/{i}": float(i) for i in (1, 2)}
    wide = Image.open(io.BytesIO(critical_difference_figure([RankLine("NSS ↑", names, 0.5, [])])))
    assert wide.width > 1500


def test_a_scatter_leaves_out_what_is_missing_and_draws_a_single_point() -> None:
    nan = float("nan")
    panels = [PictureScatter("NSS ↑", "a", "b", [1.0, nan], [1.0, 2.0], ["x.jpg", "y.jpg"])] * 4
    drawn = Image.open(io.BytesIO(scatter_figure(panels)))
    assert drawn.size == (1230, 820)


def test_a_pair_names_who_is_better_only_where_that_is_sure() -> None:
    sure = PairRow("KL (nat) ↓", "a", "b", -0.5, -0.7, -0.3, 0.0001, 0.0003, "a")
    unsure = PairRow("KL (nat) ↓", "a", "b", -0.5, -0.7, 0.1, 0.02, 0.06, "a")
    assert sure.cells() == ("KL (nat) ↓", "a − b", "-0.500", "-0.700..-0.300", "< 0.001", "< 0.001", "a")
    assert unsure.cells()[-3:] == ("0.020", "0.060", "-")
    assert len(PairTable([sure, unsure], "two").to_terminal().renderables) == 2
