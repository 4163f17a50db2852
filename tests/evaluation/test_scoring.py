"""Scores are the same on one core and on two, average what they say, and tell what 8 bits cost."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import DataSet
from salquest.errors import InputError
from salquest.evaluation import bootstrap_mean, evaluate
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.pictures import Pixels
from salquest.metrics.conventions import CONVENTIONS
from salquest.models import Model, Uniform

EVERY = ("cc", "sim", "kl", "nss", "auc", "auc_judd", "auc_borji", "auc_shuffled", "ig", "ll", "emd")


def test_two_threads_score_as_one_does_in_the_same_order(few: DataSet, write_maps: Callable[..., Path]) -> None:
    maps = write_maps("maps", bits=8, without=(few.keys[3],))
    one, two = (evaluate(maps, few, metrics=EVERY, workers=number) for number in (1, 2))
    assert dict(one.columns) == dict(two.columns)
    assert one == replace(two, columns=one.columns)
    assert list(one.missing) == [few.keys[3]]


def test_threads_leave_the_filters_of_warnings_as_they_were(few: DataSet) -> None:
    before = list(warnings.filters)
    assert len(evaluate(Uniform(), few, metrics=("cc",), workers=2).constant) == 12
    assert warnings.filters == before


def test_a_mean_over_fixations_weighs_pictures_by_what_they_have_of_them(few: DataSet, write_maps: Callable[..., Path]) -> None:
    scores = evaluate(write_maps("maps"), few, metrics=("nss", "cc"), average="fixations")
    numbers = [len(sample.fixations) for sample in few if sample.fixations is not None]
    values = scores.values("nss")
    assert scores.mean("nss") == pytest.approx(sum(n * v for n, v in zip(numbers, values, strict=True)) / sum(numbers))
    assert scores.mean("nss") != pytest.approx(values.mean(), rel=1e-6)
    assert scores.mean("cc") == pytest.approx(scores.values("cc").mean())
    assert "means over fixations for NSS, others over pictures" in scores.caption()


def test_weights_by_hand() -> None:
    found = bootstrap_mean([1.0, float("nan"), 4.0], weights=[3, 100, 1])
    assert found.mean == pytest.approx((3 * 1 + 1 * 4) / 4)
    assert (found.low, found.high, found.number) == (1.0, 4.0, 2)


def test_the_convention_decides_what_a_mean_counts_where_nobody_asks(few: DataSet, write_maps: Callable[..., Path]) -> None:
    maps = write_maps("maps")
    assert evaluate(maps, few, metrics=("nss",), convention="pysaliency").average == "fixations"
    assert evaluate(maps, few, metrics=("nss",), convention="pysaliency", average="pictures").average == "pictures"
    assert evaluate(maps, few, metrics=("nss",)).average == "pictures"


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
def test_a_caption_carries_convention_density_average_and_units(few: DataSet, convention: str) -> None:
    said = evaluate(Uniform(), few.subset(few.keys[:3]), metrics=("kl", "nss"), convention=convention).caption()
    assert f"convention {convention}" in said
    assert "densities of sigma 9.6 px" in said
    assert "means over" in said
    assert "KL in nat" in said
    assert ("ddof=1" in said) == (convention == "mit")


def test_8_bit_maps_are_told_of_and_maps_of_16_bits_are_not(few: DataSet, write_maps: Callable[..., Path]) -> None:
    eight = evaluate(write_maps("eight", bits=8), few)
    sixteen, floats = evaluate(write_maps("sixteen", bits=16), few), evaluate(write_maps("floats"), few)
    assert sixteen.notes == floats.notes == ()
    zeros, ties = eight.notes
    assert zeros.startswith("12 of 12 maps have 8 bits, and 12 have pixels that are exactly 0")
    assert f"As they are KL {eight.mean('kl'):.3f} nat, IG {eight.mean('ig'):.3f} bit" in zeros
    assert "AUC moves by up to" in ties
    raised = evaluate(write_maps("raised", bits=8), few, floor=0.5)
    assert f"(floor 0.5) KL {raised.mean('kl'):.3f} nat, IG {raised.mean('ig'):.3f} bit" in zeros
    assert "0.5 of a step was added for KL, IG" in raised.notes[0]
    assert "0.5 added to 8-bit maps" in raised.caption()


def test_the_floor_moves_only_logarithmic_metrics_of_8_bit_maps(few: DataSet, write_maps: Callable[..., Path]) -> None:
    for name, bits in (("eight", 8), ("floats", 32)):
        maps = write_maps(name, bits=bits)
        bare, raised = evaluate(maps, few, floor=0.0), evaluate(maps, few, floor=0.5)
        changed = {metric for metric in bare.metrics if bare.columns[metric] != raised.columns[metric]}
        assert changed == ({"kl", "ig"} if bits == 8 else set())


def test_half_a_step_brings_an_8_bit_map_of_the_truth_near_the_truth(few: DataSet, write_maps: Callable[..., Path]) -> None:
    exact = evaluate(write_maps("exact", observers=99, sigma_px=9.6), few, metrics=("kl",))
    eight = write_maps("eight", observers=99, sigma_px=9.6, bits=8)
    bare, raised = (evaluate(eight, few, metrics=("kl",), floor=floor).mean("kl") for floor in (0.0, 0.5))
    assert exact.mean("kl") == pytest.approx(0, abs=1e-6)
    assert 0 < raised < bare


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"average": "pixels"}, "means count pictures or fixations; found 'pixels'"),
        ({"floor": -1.0}, "the floor of 8-bit maps is 0 or a positive number of steps, usually 0.5; found -1"),
        ({"floor": float("nan")}, "the floor of 8-bit maps"),
        ({"workers": 0}, "scoring takes at least one worker; found 0"),
    ],
)
def test_wrong_arguments_are_refused(few: DataSet, arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        evaluate(Uniform(), few, **arguments)  # type: ignore[arg-type]


def test_the_mit_convention_asks_ten_other_pictures(few: DataSet, write_maps: Callable[..., Path]) -> None:
    maps = write_maps("maps")
    ten, everyone = replace(CONVENTIONS["exact"], num_others=10), CONVENTIONS["exact"]
    some, again, every = (evaluate(maps, few, metrics=("auc_shuffled",), convention=c).values("auc_shuffled") for c in (ten, ten, everyone))
    assert np.array_equal(some, again)
    assert not np.array_equal(some, every)


class _Flat(Model):
    """Every second picture gets a flat map."""

    name = "flat"
    is_cheap = True

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        values = np.zeros(stimulus.size, dtype=np.float32)
        values[0, 0] = int(stimulus.stem) % 2
        return SaliencyMap(values)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        raise NotImplementedError


def test_flat_maps_are_named_in_order(few: DataSet) -> None:
    found = evaluate(_Flat(), few, metrics=("nss",), workers=2)
    assert found.constant == tuple(key for key in few.keys if int(key.split(".")[0]) % 2 == 0)
