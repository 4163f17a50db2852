"""The claim about classical and deep models, on numbers made up so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.displays.claim import on_displays, on_photographs, rank_correlation, together
from salquest.errors import InputError

KINDS = {"aim": "classical", "bms": "classical", "net": "deep", "centre": "baseline"}
FAMILIES = [f"family {n}" for n in range(12)]


def percentiles(classical: float, deep: float) -> dict[str, dict[str, float]]:
    shift = np.linspace(-0.05, 0.05, len(FAMILIES))
    level = {"aim": classical - 0.02, "bms": classical + 0.02, "net": deep, "centre": 0.5}
    return {
        model: {family: value + (s if model != "net" else 0) for family, s in zip(FAMILIES, shift, strict=True)}
        for model, value in level.items()
    }


def photographs(classical: float, deep: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"aim": classical + rng.normal(0, 0.05, 80), "bms": classical + rng.normal(0, 0.05, 80), "net": deep + rng.normal(0, 0.05, 80)}


def test_the_difference_is_between_the_median_models_and_over_families_the_median():
    verdict = on_displays(percentiles(0.9, 0.6), KINDS)
    assert verdict.difference.mean == pytest.approx(0.3)
    assert verdict.difference.number == 12
    assert verdict.outcome == "holds"


@pytest.mark.parametrize(("classical", "deep", "outcome"), [(0.9, 0.6, "holds"), (0.6, 0.9, "does not hold"), (0.7, 0.7, "cannot be told")])
def test_a_verdict_goes_by_the_interval(classical, deep, outcome):
    assert on_displays(percentiles(classical, deep), KINDS).outcome == outcome


def test_photographs_are_compared_picture_by_picture():
    verdict = on_photographs(photographs(0.6, 0.8), KINDS, "sAUC on osie")
    assert (verdict.outcome, verdict.difference.number) == ("holds", 80)
    assert verdict.difference.mean == pytest.approx(0.2, abs=0.03)
    assert verdict.sentence().startswith("On photographs deep models predict gaze better than classical ones (sAUC on osie, ")


def test_the_claim_is_both_halves():
    ahead, behind = on_displays(percentiles(0.9, 0.6), KINDS), on_displays(percentiles(0.6, 0.9), KINDS)
    photos = on_photographs(photographs(0.6, 0.8), KINDS, "NSS")
    level = on_photographs(photographs(0.7, 0.7), KINDS, "NSS")
    assert together(ahead, [photos]).startswith("The claim holds here")
    assert together(behind, [photos]).startswith("The claim does not hold here")
    assert together(ahead, [photos, level]).startswith("The claim cannot be told here")
    assert "tested by half" in together(ahead, [])


def test_a_kind_that_is_missing_is_named():
    with pytest.raises(InputError, match="no deep one was given"):
        on_displays({"aim": {"hue": 1.0}}, KINDS)
    with pytest.raises(InputError, match="no classical one was given"):
        on_photographs({"net": [1.0]}, KINDS, "NSS")


def test_orders_of_three_models_or_more_are_correlated():
    assert rank_correlation({"a": 1, "b": 2, "c": 3}, {"a": 9, "b": 8, "c": 7, "d": 1}) == pytest.approx(-1)
    assert np.isnan(rank_correlation({"a": 1, "b": 2}, {"a": 1, "b": 2}))
