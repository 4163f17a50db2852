"""Change split into task, domain and seed, on numbers made by hand; and drift between all pairs of networks."""

from __future__ import annotations

import numpy as np
import pytest
from planted_squares import one_stage

from salquest.dissection import Settings, Subject, change_split, dissect, over_layers, read_annotations, split_table
from salquest.dissection.drift import LayerDrift
from salquest.dissection.similarity import HALVES, half_samples, rsa, similarities_of_halves, unbiased_cka
from salquest.errors import InputError


def drifted(cka: float, *, spread: float = 0.01, seed: int = 0) -> LayerDrift:
    """A drift whose similarities are all one number; draws of one seed go up and down together."""
    draws = cka + spread * np.random.default_rng(seed).standard_normal(HALVES)
    return LayerDrift(cka, cka, cka, cka, cka, 0.1, draws, draws)


DRIFT = {
    ("A", "B"): {"low": drifted(0.98), "high": drifted(0.9)},
    ("C", "A"): {"low": drifted(0.95), "high": drifted(0.6)},
    ("A", "A2"): {"low": drifted(0.99), "high": drifted(0.97)},
    ("A2", "B"): {"low": drifted(0.96), "high": drifted(0.8)},
}
KINDS = {"task": [("A", "C")], "domain": [("A", "B")], "seed": [("A", "A2")]}


def test_change_is_one_less_similarity_whichever_way_round_a_pair_stands():
    found = {(c.layer, c.measure, c.kind, c.minus): c for c in change_split(DRIFT, KINDS)}
    assert found["high", "pictures_cka", "task", ""].value == pytest.approx(0.4)
    assert found["high", "pictures_cka", "task", "domain"].value == pytest.approx(0.3)
    assert found["low", "rsa", "domain", "seed"].value == pytest.approx(0.01)
    assert ("low", "rsa", "domain", "task") not in found  # each difference once


def test_differences_are_paired_draw_by_draw():
    found = {(c.layer, c.kind, c.minus): c for c in change_split(DRIFT, KINDS, measures=["pictures_cka"])}
    low, high = found["high", "task", ""].interval
    assert (low, high) == pytest.approx((0.38, 0.42), abs=0.006)  # 1.96 deviations of .01
    # what goes up and down with the pictures for both cancels
    assert found["high", "task", "domain"].interval == pytest.approx((0.3, 0.3))


def test_several_pairs_of_a_kind_are_meaned():
    (change,) = (
        c for c in change_split(DRIFT, {"domain": [("A", "B"), ("A2", "B")]}, measures=["rsa"]) if (c.layer, c.minus) == ("high", "")
    )
    assert change.value == pytest.approx((0.1 + 0.2) / 2)


def test_cells_have_a_change_and_no_interval():
    change = change_split(DRIFT, KINDS, measures=["cells_cka"])[0]
    assert change.value == pytest.approx(0.05)
    assert np.isnan(change.interval).all()
    row = split_table([change]).rows()[0]
    assert (row["layer"], row["kind"], row["minus"], row["low"]) == ("low", "task", "", None)


def test_the_mean_over_layers_keeps_the_draws_together():
    task = [c for c in change_split(DRIFT, KINDS, measures=["rsa"]) if (c.kind, c.minus) == ("task", "domain")]
    whole = over_layers(task)
    assert whole.value == pytest.approx((0.03 + 0.3) / 2)
    np.testing.assert_allclose(whole.draws, np.mean([c.draws for c in task], axis=0))
    with pytest.raises(InputError, match="is one of one kind and measure"):
        over_layers(change_split(DRIFT, KINDS))


def test_a_pair_that_was_not_measured_is_one_sentence():
    with pytest.raises(InputError, match=r"how B and C differ was not measured .*there are: A / B, C / A"):
        change_split(DRIFT, {"both": [("B", "C")]})
    with pytest.raises(InputError, match="needs kinds with one or more pairs"):
        change_split(DRIFT, {"task": []})


def test_halves_are_halves_and_the_same_each_time():
    halves = half_samples(31)
    assert halves.shape == (HALVES, 15)
    assert all(len(set(half)) == 15 and list(half) == sorted(half) for half in halves.tolist())
    np.testing.assert_array_equal(halves, half_samples(31))


def test_similarities_of_halves_are_those_of_the_tables_halves():
    draw = np.random.default_rng(1)
    x = draw.standard_normal((40, 5))
    y = x @ draw.standard_normal((5, 6)) + draw.standard_normal((40, 6))
    halves = half_samples(40)
    cka, similar = similarities_of_halves(x, y, halves)
    np.testing.assert_allclose(cka[:5], [unbiased_cka(x[half], y[half]) for half in halves[:5]])
    np.testing.assert_allclose(similar[:5], [rsa(x[half], y[half]) for half in halves[:5]], atol=0.02)  # ranks among all pictures
    assert np.isnan(similarities_of_halves(x[:19], y[:19], half_samples(19))).all()


def test_halves_spread_as_the_whole_does():
    """The error that halves tell is the deviation of the similarity over fresh pictures, within what 60 repetitions can say."""
    values, errors = [], []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        x = draw.standard_normal((60, 4))
        y = x + 0.8 * draw.standard_normal((60, 4))
        values.append(unbiased_cka(x, y))
        errors.append(similarities_of_halves(x, y, half_samples(60)[:50])[0].std())
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.3)


@pytest.fixture
def three():
    rows = {"first": (1, -0.5, -0.5), "second": (0, 0, 1), "third": (2, -1, -1)}
    return [Subject(name, one_stage(row, (0, 1, 0))) for name, row in rows.items()]


def test_all_pairs_are_measured_and_equal_those_measured_one_by_one(planted, three):
    ask = {"settings": Settings(quantile=0.02), "control": False}
    regions = read_annotations("own", planted)
    found = dissect(three, regions, planted, pairs="all", **ask)
    assert list(found.drift) == [("first", "second"), ("first", "third"), ("second", "third")]
    alone = dissect(three[1:], regions, planted, **ask)
    ours, theirs = found.drift["second", "third"]["colours"], alone.drift["second", "third"]["colours"]
    assert ours.cells_cka == theirs.cells_cka
    np.testing.assert_array_equal(ours.pictures_cka_draws, theirs.pictures_cka_draws)
    chosen = dissect(three, regions, planted, pairs=[(1, 2), (0, 2)], **ask)
    assert list(chosen.drift) == [("second", "third"), ("first", "third")]


def test_pairs_that_cannot_be_meant_are_refused(planted, three):
    for pairs in ("some", [(0, 3)], [(1, 1)]):
        with pytest.raises(InputError, match=r"are compared as 'first', 'all' or pairs of two of their numbers 0\.\.2"):
            dissect(three, read_annotations("own", planted), planted, pairs=pairs, control=False)
