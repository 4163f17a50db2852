"""Every figure has the panels, lines and names that its columns ask for, and is drawn from little: one row, one epoch, no number at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from salquest.report import (
    ColumnSpec,
    Curves,
    PairRow,
    PictureScatter,
    RankedWay,
    RankLine,
    Row,
    Score,
    ScoreTable,
    TermGradients,
    TrialPoint,
    centre_bias_figure,
    critical_difference_figure,
    front_figure,
    gradient_figure,
    learning_curves,
    pair_matrix_figure,
    ranking_figure,
    scatter_figure,
    score_figure,
    search_figure,
)

Draw = Callable[[Callable[[], bytes]], Figure]
NAN = float("nan")
CC, KL = ColumnSpec("cc", "CC", "up"), ColumnSpec("kl", "KL", "down", "nat")
PANELS = {"val_cc_score": "CC", "val_nss_score": "NSS"}


def curves(number: int, *, epochs: int = 3) -> list[Curves]:
    rising = [0.1 * (epoch + 1) for epoch in range(epochs)]
    return [Curves(f"loss {i}", range(1, epochs + 1), {"val_cc_score": rising, "val_nss_score": rising}) for i in range(number)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def test_learning_curves_have_a_panel_per_column_and_a_line_per_run(drawn: Draw) -> None:
    figure = drawn(lambda: learning_curves(curves(4), PANELS))
    assert [axis.get_title() for axis in figure.axes] == ["CC", "NSS"]
    assert [len(axis.lines) for axis in figure.axes] == [4, 4]
    assert legend(figure) == ["loss 0", "loss 1", "loss 2", "loss 3"]
    assert figure.axes[0].lines[2].get_xydata().tolist() == [[1, pytest.approx(0.1)], [2, pytest.approx(0.2)], [3, pytest.approx(0.3)]]


def test_the_27_rows_of_a_table_fit_beside_their_curves_and_no_two_look_alike(drawn: Draw) -> None:
    figure = drawn(lambda: learning_curves(curves(27), PANELS))
    assert len({(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}) == 27
    (names,) = figure.legends
    box = names.get_window_extent()
    assert box.y0 >= 0
    assert box.x0 >= figure.axes[-1].get_window_extent().x1


def test_the_seeds_of_a_row_share_its_look_and_its_name(drawn: Draw) -> None:
    figure = drawn(lambda: learning_curves([*curves(2), *curves(2)], PANELS))
    assert legend(figure) == ["loss 0", "loss 1"]
    colours = [line.get_color() for line in figure.axes[0].lines]
    assert colours[:2] == colours[2:]
    assert colours[0] != colours[1]


def test_a_run_without_a_column_is_named_and_leaves_its_panel_empty(drawn: Draw) -> None:
    older = Curves("older", [1, 2], {"val_cc_score": [0.1, 0.2]})
    figure = drawn(lambda: learning_curves([older, *curves(1)], PANELS))
    assert legend(figure) == ["older", "loss 0"]
    assert np.isnan(figure.axes[1].lines[0].get_ydata()).all()


def test_means_stand_in_a_panel_per_metric_and_only_sound_models_are_coloured(drawn: Draw) -> None:
    rows = [
        Row("sound", {"cc": Score(0.5, 0.4, 0.6), "kl": Score(1.0, 0.9, 1.1)}),
        Row("flat", {"cc": Score(0.1, 0.0, 0.2)}, note="collapsed"),
        Row("centre bias", {"cc": Score(0.3, 0.2, 0.4), "kl": Score(NAN, NAN, NAN)}, kind="floor"),
    ]
    figure = drawn(lambda: score_figure(ScoreTable(rows, [CC, KL], ""), ["cc", "kl"]))
    first, second = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["CC ↑", "KL (nat) ↓"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["sound", "flat", "centre bias"]
    # an interval and a point per score that is one
    assert [len(first.lines), len(second.lines)] == [6, 2]
    assert len({line.get_color() for line in first.lines[2:]}) == 1
    assert first.lines[0].get_color() != first.lines[2].get_color()


def test_a_ranking_lists_rows_from_the_best_in_the_ink_of_their_family(drawn: Draw) -> None:
    scores = {"mse": Score(0.5, 0.4, 0.6), "kld": Score(0.7, 0.6, 0.8), "cc": Score(0.6, 0.5, 0.7), "flat": Score(NAN, NAN, NAN)}
    families = {"mse": "pixel", "kld": "distribution", "cc": "distribution"}
    for column, order in ((CC, ["kld", "cc", "mse"]), (KL, ["mse", "cc", "kld"])):
        (axis,) = (figure := drawn(lambda column=column: ranking_figure([RankedWay("", scores)], column, families))).axes
        assert [label.get_text() for label in axis.get_yticklabels()] == order
        inks = dict(zip(order, [to_hex(label.get_color()) for label in axis.get_yticklabels()], strict=True))
        assert inks["kld"] == inks["cc"] != inks["mse"]
        assert legend(figure) == ["pixel", "distribution"]


def test_ways_are_joined_by_a_line_per_row_that_runs_through_the_ways_that_have_it(drawn: Draw) -> None:
    whole = RankedWay("fixed", {"mse": Score(0.5, 0.4, 0.6), "kld": Score(0.7, 0.6, 0.8)}, 0.01)
    part = RankedWay("tuned", {"kld": Score(0.71, 0.6, 0.8)}, 0.01)
    figure = drawn(lambda: ranking_figure([whole, part], CC, {"mse": "pixel", "kld": "distribution"}))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["fixed", "tuned"]
    joined = [line.get_xydata().tolist() for line in axis.lines if line.get_marker() == "o"]
    assert joined == [[[0, 0.5]], [[0, 0.7], [1, 0.71]]]
    assert [text.get_text() for text in axis.texts] == ["mse", "kld", "kld"]
    assert legend(figure)[-1] == "less than the noise floor behind the best"


def test_a_row_that_is_at_neither_end_is_named_where_it_is(drawn: Draw) -> None:
    cell = Score(0.5, 0.4, 0.6)
    names = [{"kld": cell}, {"kld": cell, "mse": Score(0.3, 0.2, 0.4)}, {"kld": cell}]
    ways = [RankedWay(f"way {i}", scores) for i, scores in enumerate(names)]
    (axis,) = drawn(lambda: ranking_figure(ways, CC, {})).axes
    assert [text.get_text() for text in axis.texts] == ["kld", "kld", "mse"]
    (axis,) = drawn(lambda: ranking_figure([ways[0]] * 3, CC, {})).axes
    assert [text.get_text() for text in axis.texts] == ["kld", "kld"]


@pytest.mark.parametrize("ways", [1, 2])
def test_a_ranking_of_one_row_is_drawn(ways: int, drawn: Draw) -> None:
    (axis,) = drawn(lambda: ranking_figure([RankedWay("w", {"kld": Score(0.7, 0.7, 0.7)}, 0.0)] * ways, CC, {})).axes
    assert axis.lines


def pair(first: str, second: str, difference: float, p_holm: float) -> PairRow:
    return PairRow("CC ↑", first, second, difference, difference - 0.1, difference + 0.1, p_holm, p_holm, "")


def test_a_matrix_has_a_square_and_a_number_per_pair_and_counts_what_is_told_apart(drawn: Draw) -> None:
    pairs = [pair("a", "b", 0.1, 0.01), pair("a", "c", -0.3, 0.001), pair("b", "c", 0.02, 0.5), pair("a", "elsewhere", 1.0, 0.0)]
    (axis,) = drawn(lambda: pair_matrix_figure(pairs, ["a", "b", "c"], CC, {}, noise_floor=0.2)).axes
    assert len(axis.patches) == 3
    assert [text.get_text() for text in axis.texts] == ["0.100", "0.300", "0.020", "a", "b", "c"]
    assert "2 of 3 pairs are told apart (Holm), 1 of them by less than the noise floor of 0.200 (dot)" in axis.get_title(loc="left")
    assert len(axis.lines) == 1


def test_a_matrix_without_a_known_difference_is_grey(drawn: Draw) -> None:
    (axis,) = drawn(lambda: pair_matrix_figure([pair("a", "b", NAN, NAN)], ["a", "b"], CC, {})).axes
    assert "0 of 1 pairs" in axis.get_title(loc="left")


def test_gradients_have_a_line_per_term_in_both_panels_and_a_term_keeps_its_colour(drawn: Draw) -> None:
    one = TermGradients("lc1", [0, 1], {"kld": [1.0, 2.0], "cc": [0.3, 0.4]}, {"kld": [0.9, 0.8], "cc": [-0.5, 0.1]})
    two = TermGradients("cc alone", [0, 1], {"cc": [0.1, 1e4]}, {"cc": [1.0, 1.0]})
    figure = drawn(lambda: gradient_figure([one, two]))
    assert [len([line for line in axis.lines if line.get_marker() == "o"]) for axis in figure.axes] == [2, 2, 1, 1]
    assert [axis.get_yscale() for axis in figure.axes] == ["log", "linear"] * 2
    assert figure.axes[0].get_title(loc="left") == "lc1"
    assert figure.axes[0].lines[1].get_color() == figure.axes[2].lines[0].get_color() != figure.axes[0].lines[0].get_color()
    low, high = figure.axes[2].get_ylim()
    ticks = [text.get_text() for text in figure.axes[2].get_yticklabels() if low <= text.get_position()[1] <= high]
    assert ticks == ["0.1", "1", "10", "100", "1000", "10000"]


@pytest.mark.parametrize("norms", [[0.0], [NAN], [1e-9]])
def test_gradients_of_one_epoch_are_drawn_also_where_none_pulls(norms: list[float], drawn: Draw) -> None:
    figure = drawn(lambda: gradient_figure([TermGradients("ramp", [0], {"a": norms, "b": norms}, {"a": [0.0], "b": [0.0]})]))
    assert len(figure.axes) == 2


def test_a_centre_bias_has_its_marginals_in_multiples_of_uniform(drawn: Draw) -> None:
    # everything in the left of two columns, evenly over three rows
    middle, above, beside, corner = drawn(lambda: centre_bias_figure([[2.0, 0.0]] * 3, title="B")).axes
    assert middle.images
    assert above.lines[0].get_xydata().tolist() == [[0.25, 2.0], [0.75, 0.0]]
    np.testing.assert_allclose(beside.lines[0].get_xydata(), [[1.0, (row + 0.5) / 3] for row in range(3)])
    assert above.lines[2].get_xdata() == [0.25, 0.25]  # the mean, left of the middle
    assert above.get_title(loc="left") == "B"
    assert [text.get_text() for text in corner.get_legend().get_texts()] == ["middle", "mean"]


def test_ranks_name_every_model_and_join_those_that_are_not_told_apart(drawn: Draw) -> None:
    line = RankLine("NSS ↑", {"a": 1.2, "b": 1.8, "c": 3.0}, 0.9, [("a", "b")], "30 pictures")
    (axis,) = drawn(lambda: critical_difference_figure([line])).axes
    told = [text.get_text() for text in axis.texts]
    assert told[-4:] == ["a  1.20", "b  1.80", "3.00  c", "critical difference 0.90"]
    assert axis.get_title(loc="left") == "NSS ↑ — 30 pictures"
    thick = [bar.get_segments()[0][:, 0].tolist() for bar in axis.collections if bar.get_linewidth()[0] == 4]
    assert thick == [[pytest.approx(1.2 - 0.036), pytest.approx(1.8 + 0.036)]]


def test_a_scatter_counts_who_is_better_and_names_the_pictures_that_differ_most(drawn: Draw) -> None:
    panel = PictureScatter("KL ↓", "old", "new", [1.0, 1.0, 1.0, NAN], [0.5, 0.9, 1.2, 0.1], ["x", "y", "z", "lost"], up_is_better=False)
    (axis,) = drawn(lambda: scatter_figure([panel], named=2)).axes
    assert axis.get_title().endswith("new better on 2, worse on 1 of 3")
    assert {text.get_text() for text in axis.texts} == {"x", "z"}
    assert len(axis.collections[0].get_offsets()) == 3


def test_a_scatter_of_nothing_but_missing_scores_is_an_empty_panel(drawn: Draw) -> None:
    (axis,) = drawn(lambda: scatter_figure([PictureScatter("NSS ↑", "a", "b", [NAN], [1.0], ["x"])])).axes
    assert axis.get_title().endswith("0 of 0")


def points(statuses: str) -> list[TrialPoint]:
    """One trial per letter: finished, collapsed."""
    return [
        TrialPoint(i, {"cc": 0.5 + 0.01 * i, "kl": 1.0 + 0.1 * i} if one == "f" else {}, {"cc": 0.1 * 2**i, "lr": 1e-3 * 2**i}, status)
        for i, one in enumerate(statuses)
        for status in ("finished" if one == "f" else "collapsed",)
    ]


def test_a_search_has_a_panel_for_the_trials_and_one_per_number_and_crosses_for_the_lost(drawn: Draw) -> None:
    figure = drawn(lambda: search_figure(points("ffcf"), CC))
    assert [axis.get_xlabel() for axis in figure.axes if axis.axison] == ["trial", "weight of cc", "learning rate"]
    first = figure.axes[0]
    crosses = [line for line in first.lines if line.get_marker() == "x"]
    assert [line.get_xdata() for line in crosses] == [[2]]
    (leading,) = [line for line in first.lines if line.get_label() == "best so far"]
    assert leading.get_ydata().tolist() == pytest.approx([0.5, 0.51, 0.53])
    assert set(legend(figure)) == {"finished trial", "collapsed or failed", "as given", "best (trial 3)", "best so far"}


def test_where_less_is_better_the_best_so_far_falls(drawn: Draw) -> None:
    first = drawn(lambda: search_figure(points("ff"), KL)).axes[0]
    (leading,) = [line for line in first.lines if line.get_label() == "best so far"]
    assert leading.get_ydata().tolist() == [1.0, 1.0]


def test_a_front_is_numbered_and_joined_and_the_given_expression_ringed(drawn: Draw) -> None:
    # CC rises with the number, KL as well: every finished trial is on the front
    (axis,) = drawn(lambda: front_figure(points("ffcf"), [CC, KL], [0, 1, 3])).axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("CC ↑", "KL (nat) ↓")
    assert [text.get_text() for text in axis.texts] == ["0", "1", "3"]
    assert axis.lines[0].get_xdata().tolist() == [0.5, 0.51, 0.53]
    ring = axis.collections[-1]
    assert ring.get_offsets().tolist() == [[0.5, 1.0]]
    assert not len(ring.get_facecolor())


def test_a_dollar_in_a_name_is_no_formula(drawn: Draw) -> None:
    name = "$\\frac$_{"  # as a file may be called; as a formula it cannot be set
    cell = Score(0.5, 0.4, 0.6)
    for make in (
        lambda: ranking_figure([RankedWay(name, {name: cell})] * 2, CC, {name: name}),
        lambda: score_figure(ScoreTable([Row(name, {"cc": cell})], [CC], ""), ["cc"]),
        lambda: learning_curves([Curves(name, [1], {"a": [1.0]})], {"a": name}),
        lambda: pair_matrix_figure([pair(name, "b", 0.1, 0.01)], [name, "b"], CC, {}),
        lambda: critical_difference_figure([RankLine("CC ↑", {name: 1.0, "b": 2.0}, 0.5, [])]),
        lambda: scatter_figure([PictureScatter("CC ↑", name, "b", [0.1, 0.2], [0.3, 0.1], [name, "y"])]),
        lambda: gradient_figure([TermGradients(name, [0, 1], {name: [1.0, 2.0]}, {name: [1.0, 1.0]})]),
    ):
        figure = drawn(make)
        assert any(name in text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text")))
