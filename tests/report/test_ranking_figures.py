"""Figures of long tables: their size follows their rows, names keep apart, and what cannot be drawn is refused in words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from salquest.errors import InputError
from salquest.report import (
    ColumnSpec,
    PairRow,
    RankedWay,
    Score,
    TermGradients,
    centre_bias_figure,
    gradient_figure,
    pair_matrix_figure,
    ranking_figure,
)
from salquest.report.figures import apart

CC, KL = ColumnSpec("cc", "CC", "up"), ColumnSpec("kl", "KL", "down", "nat")


def size(content: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(content)).size


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(-1, 3)


def way(number: int, *, floor: float | None = 0.02, step: float = 0.004) -> RankedWay:
    return RankedWay("fixed rate", {f"loss {i}": Score(0.6 + step * i, 0.59 + step * i, 0.61 + step * i) for i in range(number)}, floor)


def families(number: int) -> dict[str, str]:
    return {f"loss {i}": ("pixel", "distribution", "saliency")[i % 3] for i in range(number)}


def test_names_are_moved_as_little_as_keeps_them_apart() -> None:
    assert apart([0.0, 3.0, 3.0, 3.0, 9.0], 1.0, (-5.0, 20.0)).tolist() == [0.0, 2.0, 3.0, 4.0, 9.0]
    assert apart([1.0, 1.0], 1.0, (1.0, 9.0)).tolist() == [1.0, 2.0]
    assert apart([8.9, 9.0], 1.0, (0.0, 9.0)).tolist() == [8.0, 9.0]
    assert apart([5.0], 1.0, (0.0, 9.0)).tolist() == [5.0]


def test_names_that_do_not_fit_between_the_limits_are_still_apart() -> None:
    assert np.diff(apart(np.zeros(9), 1.0, (0.0, 4.0))).tolist() == [1.0] * 8


@pytest.mark.parametrize("ways", [1, 3])
def test_more_rows_make_a_higher_figure_of_the_same_width(ways: int) -> None:
    few, many = (size(ranking_figure([way(number)] * ways, CC, families(number))) for number in (5, 27))
    assert few[0] == many[0] == (820 if ways == 1 else 960)
    assert many[1] - few[1] == pytest.approx(22 * 19, abs=3)


@pytest.mark.parametrize("column", [CC, KL])
def test_the_noise_floor_is_drawn_where_it_is_known(column: ColumnSpec) -> None:
    band = [0xDD, 0xDD, 0xDD]
    known, unknown = (pixels(ranking_figure([way(6, floor=floor)] * 2, column, families(6))) for floor in (0.01, None))
    assert (known == band).all(axis=1).sum() > 500
    assert (unknown == band).all(axis=1).sum() < 100


def test_rows_may_be_missing_alike_or_without_a_number() -> None:
    ragged = RankedWay("tuned", {"loss 1": Score(0.6, 0.5, 0.7), "loss 9": Score(0.6, 0.5, 0.7), "loss 2": Score(*[float("nan")] * 3)})
    assert size(ranking_figure([way(4, step=0.0), ragged], CC, {})) == size(ranking_figure([way(4), way(2)], CC, families(4)))


@pytest.mark.parametrize(("ways", "without"), [([], "all"), ([way(3), RankedWay("tuned", {})], "tuned")])
def test_a_ranking_of_nothing_is_refused(ways: list[RankedWay], without: str) -> None:
    with pytest.raises(InputError, match=f"without: {without}"):
        ranking_figure(ways, CC, {})


def pair(first: str, second: str, difference: float, p_holm: float) -> PairRow:
    return PairRow("CC ↑", first, second, difference, difference - 0.1, difference + 0.1, p_holm, p_holm, "")


def test_only_pairs_that_are_told_apart_are_coloured() -> None:
    grey = [0xEC, 0xEC, 0xEC]
    order = [f"loss {i}" for i in range(14)]
    pairs = [pair(a, b, 0.1, 0.01 if a == "loss 0" else 0.3) for i, a in enumerate(order) for b in order[i + 1 :]]
    drawn = pixels(pair_matrix_figure(pairs, order, CC, {}))
    one = pixels(pair_matrix_figure(pairs[:14], order, CC, {}))
    # 78 of 91 pairs against one of 14 are grey; edges of squares fall between pixels, 27 to a square
    assert (drawn == grey).all(axis=1).sum() == pytest.approx(78 * (one == grey).all(axis=1).sum(), rel=0.1)


def test_the_matrix_is_the_same_whichever_row_of_a_pair_comes_first() -> None:
    order = ["a", "b", "c"]
    there = [pair("a", "b", 0.1, 0.01), pair("a", "c", 0.2, 0.01), pair("b", "c", 0.1, 0.5)]
    back = [pair(p.second, p.first, -p.difference, p.p_holm) for p in there]
    assert pair_matrix_figure(there, order, CC, {}, noise_floor=0.15) == pair_matrix_figure(back, order, CC, {}, noise_floor=0.15)
    assert pair_matrix_figure(there, order, CC, {}, noise_floor=0.15) != pair_matrix_figure(there, order, CC, {}, noise_floor=0.05)


def test_a_matrix_without_pairs_of_its_rows_is_refused() -> None:
    with pytest.raises(InputError, match="of 1 pairs none is among c, d"):
        pair_matrix_figure([pair("a", "b", 0.1, 0.01)], ["c", "d"], CC, {})


def test_gradients_take_a_line_of_panels_per_run_and_leave_out_what_a_logarithm_cannot_show() -> None:
    run = TermGradients("lc1", [1, 2, 3], {"kld": [1e3, 0.0, 1e2], "cc": [1.0, float("nan"), 2.0]}, {"kld": [1, 1, 1], "cc": [-1, 0, 1]})
    one, two = size(gradient_figure([run])), size(gradient_figure([run, run]))
    assert one[0] == two[0]
    assert two[1] - one[1] == 250


def test_gradients_without_their_cosines_are_refused() -> None:
    with pytest.raises(InputError, match="lc1 has norms of kld and cosines of cc"):
        gradient_figure([TermGradients("lc1", [1], {"kld": [1.0]}, {"cc": [1.0]})])
    with pytest.raises(InputError, match="at least one run"):
        gradient_figure([])


def test_a_centre_bias_keeps_the_shape_of_its_picture_and_knows_no_scale() -> None:
    density = np.random.default_rng(0).random((30, 40))
    wide, tall = size(centre_bias_figure(density)), size(centre_bias_figure(density.T))
    assert wide[0] == tall[0]
    assert tall[1] - wide[1] == pytest.approx(500 * (4 / 3 - 3 / 4), abs=3)
    assert centre_bias_figure(density) == centre_bias_figure(density * 8)


@pytest.mark.parametrize("wrong", [np.zeros((3, 4)), -np.ones((3, 4)), np.ones(4), np.full((3, 4), np.nan)])
def test_what_is_no_density_has_no_marginals(wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match="marginals are of a density"):
        centre_bias_figure(wrong)
