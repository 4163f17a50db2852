"""The scores by hand, by law, and by the numbers that P3O3's sample maps give."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.displays.scores import (
    contrast_auc,
    gsi,
    msr_background_target,
    msr_target_distractor,
    nss_at_target,
    object_scores,
    sid4vam_index,
    weber_index,
)
from salquest.errors import InputError

# a target of two pixels, distractors of four, the rest background
LABELS = np.array([[1, 1, 0, 0], [2, 2, 0, 3], [0, 0, 0, 3]])
T, D = LABELS == 1, LABELS > 1


def filled(target: float, distractors: float, background: float = 0.0) -> np.ndarray:
    return np.where(T, target, np.where(D, distractors, background))


def test_gsi_of_the_corners():
    assert gsi(filled(1, 0), T, D) == 1
    assert gsi(filled(0, 1), T, D) == -1
    assert gsi(filled(3, 3, 3), T, D) == 0
    assert gsi(filled(0, 0, 5), T, D) == -1


def test_gsi_of_p3o3_s_sample_of_p3():
    # its means on target and distractors: 65.3434 and 131.7029 (DeepGaze II)
    assert gsi(filled(65.3434, 131.7029), T, D) == pytest.approx(-0.336771, abs=1e-6)


def test_gsi_weighs_by_grey_masks():
    saliency = np.array([[4.0, 2.0, 6.0]])
    assert gsi(saliency, [[1.0, 0.5, 0.0]], [[0.0, 0.0, 1.0]]) == pytest.approx((10 / 3 - 6) / (10 / 3 + 6))


def test_gsi_changes_its_sign_with_the_roles():
    saliency = np.random.default_rng(0).random(LABELS.shape)
    assert gsi(saliency, T, D) == pytest.approx(-gsi(saliency, D, T))


def test_ratios_of_p3o3_s_sample_of_o3():
    saliency = filled(1.0, 0.941176, 0.376471)
    assert msr_target_distractor(saliency, T, D) == pytest.approx(1.0625, abs=1e-5)
    assert msr_background_target(saliency, T, D) == pytest.approx(0.376471)


def test_ratios_with_nothing_below_the_line_are_infinite_and_of_nothing_nan():
    assert msr_target_distractor(filled(1, 0), T, D) == np.inf
    assert np.isnan(msr_target_distractor(filled(0, 0, 1), T, D))
    assert msr_background_target(filled(0, 0, 1), T, D) == np.inf


def test_masks_are_grown_by_a_disc():
    saliency, target, other = np.zeros((9, 9)), np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    target[2, 2], other[7, 7] = True, True
    saliency[2, 4], saliency[7, 7] = 6.0, 3.0
    assert msr_target_distractor(saliency, target, other, dilate=1) == 0
    assert msr_target_distractor(saliency, target, other, dilate=2) == 2
    saliency[2, 4], saliency[4, 4] = 0.0, 6.0  # the corner of the square, outside of the disc
    assert msr_target_distractor(saliency, target, other, dilate=2) == 0


def test_the_weber_index_by_hand():
    assert weber_index(filled(3, 1, 1), T) == pytest.approx(2)
    assert weber_index(filled(1, 1, 1), T) == 0
    assert weber_index(filled(1, 0, 0), T) == np.inf
    assert weber_index(filled(0, 0, 0), T) == 0


@pytest.mark.parametrize(("ratio", "index"), [(2, 0.00075), (10, 0.00637), (100, 0.0427)])
def test_sid4vam_s_index_is_nearly_linear_where_weber_s_is_not(ratio, index):
    saliency, target = np.ones((1024, 1280)), np.zeros((1024, 1280), bool)
    target[300:400, 500:600] = True
    saliency[target] = ratio
    assert sid4vam_index(saliency, target) == pytest.approx(index, rel=0.01)
    assert weber_index(saliency, target) == pytest.approx(ratio - 1)


def test_the_area_under_the_curve_counts_pairs():
    saliency = np.array([[3.0, 1.0, 2.0, 1.0, 0.0]])
    # of the six pairs of {3, 1} and {2, 1, 0}: 3 wins three, 1 wins one and ties one
    assert contrast_auc(saliency, [[True, True, False, False, False]]) == pytest.approx((3 + 1 + 0.5) / 6)


def test_gaze_at_the_target_scores_the_mean_z_score_around_it():
    saliency = np.zeros((21, 21))
    saliency[10, 10] = 1.0
    assert nss_at_target(saliency, 10.2, 9.9, sigma_px=1e-3) == pytest.approx((1 - 1 / 441) / saliency.std())
    assert nss_at_target(saliency, 2, 2, sigma_px=1e-3) == pytest.approx(-(1 / 441) / saliency.std())
    assert nss_at_target(np.ones((5, 5)), 2, 2, sigma_px=1) == 0


def test_items_are_ranked_by_their_greatest_value():
    labels = np.array([[1, 2, 3, 4, 5, 0]])
    found = object_scores([[5.0, 7.0, 5.0, 1.0, 2.0, 99.0]], labels)
    assert (found.num_items, found.rank) == (5, 2.5)  # one above, one alike
    assert found.percentile == pytest.approx((2 + 0.5) / 4)
    assert found.hits == {1: 0.0, 2: 0.5, 5: 1.0}
    assert found.z == pytest.approx((5 - 3.75) / np.std([7, 5, 1, 2]))


def test_a_constant_map_ranks_at_chance():
    labels = np.arange(50).reshape(5, 10)
    found = object_scores(np.ones((5, 10)), labels)
    assert (found.percentile, found.rank, found.hits[1], found.hits[5], found.z) == (
        0.5,
        25,
        pytest.approx(1 / 49),
        pytest.approx(5 / 49),
        0,
    )


def test_items_may_be_read_by_their_mean():
    labels = np.array([[1, 1, 2, 2]])
    assert object_scores([[4.0, 0.0, 3.0, 3.0]], labels).percentile == 1
    assert object_scores([[4.0, 0.0, 3.0, 3.0]], labels, read="mean").percentile == 0


def test_object_scores_see_only_the_order():
    rng = np.random.default_rng(3)
    labels, saliency = rng.integers(0, 9, (20, 20)), rng.normal(size=(20, 20))
    first, second = object_scores(saliency, labels), object_scores(np.exp(3 * saliency), labels)
    assert (first.rank, first.percentile, first.hits) == (second.rank, second.percentile, second.hits)


def test_bad_input_is_told():
    with pytest.raises(InputError, match="there is no pixel of the distractors in the mask"):
        gsi(filled(1, 1), T, np.zeros_like(T))
    with pytest.raises(InputError, match=r"map and masks are \(H, W\) of one size; found \(3, 4\) and \(2, 2\), \(3, 4\)"):
        gsi(filled(1, 1), np.ones((2, 2)), D)
    with pytest.raises(InputError, match="a map holds finite numbers"):
        weber_index(filled(np.nan, 1), T)
    with pytest.raises(InputError, match="a rank needs a target"):
        object_scores(filled(1, 1), np.where(D, 2, 0))
    with pytest.raises(InputError, match="lies outside of a map of 4x3"):
        nss_at_target(filled(1, 1), 7, 1, sigma_px=1)
