from __future__ import annotations

import numpy as np
import pytest
from metric_scenes import looked, make_scene

from salquest.errors import ConstantMapWarning, InputError
from salquest.gaze import Fixations
from salquest.metrics import CountMap, auc, auc_borji, auc_judd, auc_shuffled
from salquest.metrics.area_under_curve import judd_chance

# values 0..5 in reading order
LADDER = np.arange(6.0).reshape(2, 3)


def at(*cells: int) -> Fixations:
    """Fixations on cells of LADDER, in reading order."""
    return Fixations([cell % 3 for cell in cells], [cell // 3 for cell in cells], (2, 3))


def pairs_won(saliency, fixations, negatives) -> float:
    """The definition, by counting every pair."""
    values = saliency[fixations.rows, fixations.columns]
    return float(np.mean([[(value > other) + 0.5 * (value == other) for other in negatives] for value in values]))


def test_auc_of_the_greatest_pixel_loses_half_a_point_to_itself():
    assert auc(LADDER, at(5)) == pytest.approx(5.5 / 6)


def test_auc_is_the_share_of_pairs_won_with_ties_half():
    saliency = np.random.default_rng(0).integers(0, 6, (24, 32)).astype(float)
    fixations = looked(1, 30)
    assert auc(saliency, fixations) == pytest.approx(pairs_won(saliency, fixations, saliency.reshape(-1)), abs=1e-14)
    free = saliency[fixations.binary_map() == 0]
    assert auc(saliency, fixations, negatives="unfixated") == pytest.approx(pairs_won(saliency, fixations, free), abs=1e-14)


def test_auc_counts_repeats_unless_told_not_to():
    assert auc(LADDER, at(5, 5, 0)) == pytest.approx((2 * 5.5 + 0.5) / 18)
    assert auc(LADDER, at(5, 5, 0), repeats=False) == pytest.approx(0.5)


def test_auc_without_the_fixated_pixels_follows_from_auc_with_them():
    scene = make_scene(3)
    cells = int(scene.target.fixations.binary_map().sum())
    everything = auc(scene.saliency, scene.target.fixations, repeats=False)
    expected = (scene.saliency.size * everything - cells / 2) / (scene.saliency.size - cells)
    assert auc(scene.saliency, scene.target.fixations, repeats=False, negatives="unfixated") == pytest.approx(expected, abs=1e-14)


def test_auc_of_a_turned_map_is_the_rest_to_one():
    scene = make_scene(4)
    assert auc(-scene.saliency, scene.target.fixations) == pytest.approx(1 - auc(scene.saliency, scene.target.fixations), abs=1e-14)


# negatives of LADDER with fixations on 4 and 1: 5, 3, 2, 0. Curve: (0, 0), (1/4, 1/2), (3/4, 1), (1, 1)
def test_auc_judd_by_hand():
    assert auc_judd(LADDER, at(4, 1)) == pytest.approx(1 / 16 + 3 / 8 + 1 / 4)


# fixations on 4, 4, 1: the first step is two thirds high
def test_auc_judd_with_a_repeat_by_hand():
    assert auc_judd(LADDER, at(4, 4, 1)) == pytest.approx(1 / 12 + (2 / 3 + 1) / 4 + 1 / 4)


def test_auc_judd_of_one_fixation_never_falls_below_a_half():
    assert auc_judd(LADDER, at(0)) == pytest.approx(0.5)
    assert auc_judd(LADDER, at(5)) == 1.0


def test_auc_judd_has_no_value_when_every_pixel_was_looked_at():
    assert np.isnan(auc_judd(LADDER, at(*range(6))))


# a map of two levels, fixations on one bright and one dark pixel of 2 x 3
def test_the_three_ways_with_ties_of_auc_judd_by_hand():
    saliency, fixations = np.array([[1.0, 1, 0], [0, 0, 0]]), at(0, 2)
    # four negatives, one of them bright: (0, 0), (1/4, 1/2), (1, 1)
    assert auc_judd(saliency, fixations) == pytest.approx(1 / 16 + 9 / 16)
    # in turn the second passes with all six pixels: the same points here, since no two fixations tie
    assert auc_judd(saliency, fixations, ties="in turn") == pytest.approx(1 / 16 + 9 / 16)
    # broken at random: the bright fixation lies above the bright negative half of the time, the dark one above 1.5 of 3 dark ones on average
    hits = 0.5 * (1 + 3 / 4) / 2 + 0.5 * (1.5 / 4)
    step = (0.5 + (1 - 0.5) + 3 * 0.5) / 4 / 4  # expected false rate at the last fixation, 2.5 / 4, over 2 N
    assert auc_judd(saliency, fixations, ties="expected") == pytest.approx(hits + step)


def test_expected_ties_are_the_mean_over_many_jitters():
    draw = np.random.default_rng(5)
    saliency = draw.integers(0, 4, (24, 32)).astype(float)
    fixations = CountMap((draw.random((24, 32)) < 0.05) * draw.integers(1, 4, (24, 32)))
    drawn = [auc_judd(saliency, fixations, jitter="uniform", seed=seed) for seed in range(300)]
    assert auc_judd(saliency, fixations, ties="expected") == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(300))


@pytest.mark.parametrize("num_cells", [1, 5, 40])
def test_auc_judd_of_random_maps_is_its_chance_level(num_cells):
    draw = np.random.default_rng(6)
    fixations = Fixations(np.arange(num_cells) % 32, np.arange(num_cells) // 32, (24, 32))
    scores = auc_judd(draw.random((400, 24, 32)), [fixations] * 400)
    assert scores.mean() == pytest.approx(judd_chance(num_cells), abs=4 * scores.std() / 20)


@pytest.mark.parametrize("metric", [auc, auc_borji, lambda s, f: auc_shuffled(s, f, [looked(9, 50)] * len(f))])
def test_random_maps_score_a_half(metric):
    scores = metric(np.random.default_rng(7).random((400, 24, 32)), [looked(seed, 20) for seed in range(400)])
    # 0.001: the step of 0.1 gives the last bin, which only the greatest value reaches, a little less
    assert scores.mean() == pytest.approx(0.5, abs=4 * scores.std() / 20 + 1e-3)


# LADDER in 0..1 is 0, .2, .4, .6, .8, 1; thresholds 0, .5, 1: fixations on .8 and .2, all six pixels as negatives
def test_auc_borji_by_hand():
    # from above: (1/6, 0), (3/6, 1/2), (1, 1)
    assert auc_borji(LADDER, at(4, 1), step=0.5) == pytest.approx((2 / 6) * 0.25 + (3 / 6) * 0.75)


def test_auc_borji_without_the_upper_threshold_by_hand():
    # the curve from above: at (1/6, 0), then (3/6, 1/2), then the corner
    assert auc_borji(LADDER, at(4, 1), step=0.5, upper="excluded") == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)
    # the greatest pixel is looked at, and still it reaches no threshold but those below it
    assert auc_borji(LADDER, at(5, 1), step=0.5, upper="excluded") == pytest.approx(0.5 * 0.25 + 0.5 * 0.75)


def test_a_value_on_a_threshold_passes_it_as_matlab_multiplies():
    # three tenths of a map of 11 levels are 0.3, and the third multiple of 0.1 is 0.30000000000000004: the pixel stays below
    levels = np.arange(11.0)[None]
    alone = auc_borji(levels, Fixations([3], [0], (1, 11)))
    assert alone == pytest.approx(auc_borji(levels, Fixations([2], [0], (1, 11)))) != auc_borji(levels, Fixations([4], [0], (1, 11)))


@pytest.mark.parametrize("metric", ["borji", "shuffled"])
def test_draws_scatter_around_the_expectation(metric):
    scene = make_scene(8)

    def score(**arguments):
        if metric == "borji":
            return auc_borji(scene.saliency, scene.target.fixations, **arguments)
        return auc_shuffled(scene.saliency, scene.target.fixations, scene.target.others, step=0.1, **arguments)

    drawn = np.array([score(expected=False, seed=seed, splits=20) for seed in range(40)])
    assert score() == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(40))
    assert drawn.std() > 0
    assert score(expected=False, seed=3) == score(expected=False, seed=3)


def test_auc_borji_can_ask_for_more_than_one_fixated_pixel():
    assert np.isnan(auc_borji(LADDER, at(4, 4), fewest_cells=2))
    assert not np.isnan(auc_borji(LADDER, at(4, 3), fewest_cells=2))


# 4 and 1 against 5, 1, 1: 4 wins two of three; 1 ties with two and loses one
def test_shuffled_auc_by_hand():
    assert auc_shuffled(LADDER, at(4, 1), at(5, 1, 1)) == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert auc_shuffled(LADDER, at(4, 1), at(5, 1, 1), repeats=False) == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert auc_shuffled(LADDER, at(4, 1), at(5, 1, 1), own_cells="removed") == 0.0
    assert auc_shuffled(LADDER, at(4, 1), at(5, 1, 1), step=0.5) == pytest.approx((2 / 3) * 0.75 + (1 / 3) * 0.0)


def test_shuffled_auc_compares_the_values_themselves():
    # two neighbouring numbers, which become one when they are measured from -1000
    saliency = np.array([[-1000.0, 1.0, np.nextafter(1.0, 2.0), 5.0]])
    assert auc_shuffled(saliency, Fixations([2], [0], (1, 4)), Fixations([1], [0], (1, 4))) == 1.0


def test_drawing_all_negatives_without_replacement_is_no_draw():
    scene = make_scene(11)
    gaze, others = scene.target.fixations, scene.target.others
    everything = auc_shuffled(scene.saliency, gaze, others, step=0.1, expected=False, splits=3, samples=10_000)
    assert everything == pytest.approx(auc_shuffled(scene.saliency, gaze, others, step=0.1), abs=1e-14)


def test_shuffled_auc_against_itself_is_a_half():
    scene = make_scene(9)
    assert auc_shuffled(scene.saliency, scene.target.fixations, scene.target.fixations) == pytest.approx(0.5, abs=1e-15)


def test_shuffled_auc_has_no_value_without_negatives():
    assert np.isnan(auc_shuffled(LADDER, at(4), at()))
    assert np.isnan(auc_shuffled(LADDER, at(4), at(4), own_cells="removed"))


def test_a_draw_of_negatives_needs_a_step():
    with pytest.raises(InputError, match="give a step"):
        auc_shuffled(LADDER, at(4), at(5), expected=False)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (auc, {"negatives": "none"}),
        (auc, {"constant": "zero"}),
        (auc_judd, {"ties": "half"}),
        (auc_judd, {"jitter": "loud"}),
        (auc_borji, {"step": 0}),
        (auc_borji, {"upper": "open"}),
        (lambda s, f, **a: auc_shuffled(s, f, f, **a), {"own_cells": "gone"}),
    ],
)
def test_unknown_rules_are_refused(function, arguments):
    with pytest.raises(InputError):
        function(np.zeros((2, 3)), at(1), **arguments)


def test_jitter_is_not_scaled_by_the_maps_range():
    scene = make_scene(10)
    quiet = auc_judd(scene.saliency, scene.target.fixations)
    assert auc_judd(scene.saliency, scene.target.fixations, jitter="uniform") == pytest.approx(quiet, abs=1e-3)
    faint = 1e-12 * scene.saliency
    assert abs(auc_judd(faint, scene.target.fixations, jitter="uniform") - quiet) > 0.1


def test_a_constant_map_is_nan_where_the_convention_says_so():
    assert np.isnan(auc(np.ones((2, 3)), at(1), constant="nan"))


def test_a_constant_map_among_others_is_told_by_its_number():
    maps = np.stack([LADDER, np.ones((2, 3)), LADDER])
    with pytest.warns(ConstantMapWarning, match=r"1 of 3 maps \(picture 1\)"):
        assert auc(maps, [at(5)] * 3)[1] == 0.5
