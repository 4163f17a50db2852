"""What holds for every metric of the catalogue, and for every convention."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_scenes import SIZE, Scene, looked, make_scene, stacked

import salquest.metrics
from salquest.errors import ConstantMapWarning, InputError, UnknownName
from salquest.gaze import Fixations
from salquest.metrics import CONVENTIONS, METRICS, CountMap, Target, emd, resize, scores
from salquest.metrics.conventions import Convention
from salquest.metrics.maps import open_maps

PER_PICTURE = sorted(name for name, card in METRICS.items() if not card.set_level)
ON_FIXATIONS = sorted(name for name in PER_PICTURE if METRICS[name].against == "fixations")
AREAS = ("auc", "auc_judd", "auc_borji", "auc_shuffled")
MONOTONE = ("auc", "auc_judd", "auc_shuffled")  # auc_borji steps through the range, which a monotone change bends
# small enough that the earth mover has bins to move between
FINER = {"emd": {"downsize": 4}}

seeds = st.integers(0, 10_000)
counts = st.integers(1, 60)


def score(name: str, scene: Scene, **arguments: object):
    return METRICS[name].compute(scene.saliency, scene.target, **FINER.get(name, {}), **arguments)


def moved(scene: Scene, change, fixations) -> Scene:
    """A scene with its arrays changed by one function, and its fixations by another."""
    target = scene.target
    return Scene(
        change(scene.saliency),
        Target(
            fixations=fixations(target.fixations),
            density=change(target.density),
            others=fixations(target.others),
            baseline=change(target.baseline),
        ),
    )


# ----------------------------------------------------------------------------------------------------------- one map and many, numpy and torch
@pytest.mark.parametrize("name", PER_PICTURE)
def test_a_picture_scores_the_same_alone_and_in_a_batch(name):
    pictures = [make_scene(1, 40), make_scene(2, 1), make_scene(3, 7)]
    together = score(name, stacked(pictures))
    assert together.shape == (3,)
    assert together.dtype == np.float64
    alone = [score(name, picture) for picture in pictures]
    assert all(type(value) is float for value in alone)
    np.testing.assert_allclose(together, alone, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("through_numpy", [True, False], ids=["through numpy", "natively"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize("name", PER_PICTURE)
def test_torch_tensors_score_as_numpy_arrays(name, dtype, through_numpy):
    pictures = stacked([make_scene(4), make_scene(5)])
    values = torch.as_tensor(255 * pictures.saliency / pictures.saliency.max()).to(dtype)
    target = replace(
        pictures.target,
        density=open_maps(torch.as_tensor(pictures.target.density), "density", through_numpy=through_numpy),
        baseline=open_maps(torch.as_tensor(pictures.target.baseline), "baseline", through_numpy=through_numpy),
    )
    found = score(name, Scene(open_maps(values, through_numpy=through_numpy), target))
    assert isinstance(found, torch.Tensor)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), score(name, replace(pictures, saliency=values.numpy())), rtol=1e-12, atol=1e-12)


def test_metrics_do_not_load_torch():
    code = "import sys, salquest.metrics; assert 'torch' not in sys.modules and 'ot' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ----------------------------------------------------------------------------------------------------------------------------- invariances
@settings(max_examples=15)
@given(seed=seeds, count=counts)
@pytest.mark.parametrize("name", PER_PICTURE)
def test_scores_stay_within_their_range(name, seed, count):
    card, value = METRICS[name], score(name, make_scene(seed, count))
    assert card.range[0] - 1e-9 <= value <= card.range[1] + 1e-9


@settings(max_examples=8)
@given(seed=seeds, count=counts)
@pytest.mark.parametrize("name", PER_PICTURE)
def test_mirroring_map_and_gaze_together_changes_nothing(name, seed, count):
    scene = make_scene(seed, count)
    mirrored = moved(scene, lambda values: values[:, ::-1], lambda gaze: Fixations(31 - gaze.columns, gaze.rows, SIZE))
    turned = moved(scene, np.transpose, lambda gaze: Fixations(gaze.rows, gaze.columns, SIZE[::-1]))
    expected = score(name, scene)
    assert score(name, mirrored) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert score(name, turned) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=10)
@given(seed=seeds, order=st.permutations(range(4)))
@pytest.mark.parametrize("name", PER_PICTURE)
def test_the_order_of_the_pictures_changes_nothing(name, seed, order):
    pictures = [make_scene(seed + index, 1 + 5 * index) for index in range(4)]
    expected = score(name, stacked(pictures))[list(order)]
    np.testing.assert_array_equal(score(name, stacked([pictures[index] for index in order])), expected)


@settings(max_examples=15)
@given(seed=seeds, count=counts, factor=st.floats(1e-6, 1e6))
@pytest.mark.parametrize("name", PER_PICTURE)
def test_scaling_a_map_changes_nothing(name, seed, count, factor):
    scene = make_scene(seed, count)
    # powers of two keep every tie and threshold
    exact = 2.0 ** round(np.log2(factor))
    assert score(name, replace(scene, saliency=exact * scene.saliency)) == pytest.approx(score(name, scene), rel=1e-9, abs=1e-9)


@settings(max_examples=15)
@given(seed=seeds, count=counts, shift=st.integers(-1000, 1000))
@pytest.mark.parametrize("name", ["nss", "cc"])
def test_shifting_a_map_changes_neither_nss_nor_cc(name, seed, count, shift):
    scene = make_scene(seed, count)
    assert score(name, replace(scene, saliency=scene.saliency + shift)) == pytest.approx(score(name, scene), rel=1e-6, abs=1e-9)


@settings(max_examples=15)
@given(seed=seeds, count=counts)
@pytest.mark.parametrize("name", MONOTONE)
@pytest.mark.parametrize("change", [np.log, np.cbrt, np.exp2], ids=["log", "cube root", "exp2"])
def test_monotone_changes_leave_the_areas_alone(name, change, seed, count):
    scene = make_scene(seed, count)
    coarse = replace(scene, saliency=np.rint(20 * scene.saliency / scene.saliency.max()) + 1)  # few levels: ties must stay ties
    assert score(name, replace(coarse, saliency=change(coarse.saliency))) == score(name, coarse)


@settings(max_examples=10)
@given(seed=seeds, count=st.integers(2, 40))
@pytest.mark.parametrize("name", ["auc", "auc_borji", "auc_shuffled", "nss", "ig", "ll"])
def test_the_whole_is_the_weighted_mean_of_its_parts(name, seed, count):
    scene = make_scene(seed, count)
    gaze = scene.target.fixations
    first = np.arange(count) < count // 2
    parts = [score(name, replace(scene, target=replace(scene.target, fixations=gaze[half]))) for half in (first, ~first)]
    assert np.average(parts, weights=[first.sum(), (~first).sum()]) == pytest.approx(score(name, scene), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ON_FIXATIONS)
def test_repeats_are_weights(name):
    scene = make_scene(6, 10)
    gaze = scene.target.fixations
    twice = gaze[np.repeat(np.arange(10), 2)]
    assert score(name, replace(scene, target=replace(scene.target, fixations=twice))) == pytest.approx(score(name, scene), rel=1e-12)
    on_one = replace(scene, target=replace(scene.target, fixations=gaze[np.zeros(10, dtype=np.int64)]))
    once = replace(scene, target=replace(scene.target, fixations=gaze[np.zeros(1, dtype=np.int64)]))
    assert score(name, on_one) == pytest.approx(score(name, once), rel=1e-12)


# ------------------------------------------------------------------------------------------------------------------------------ edge cases
@pytest.mark.parametrize("name", ON_FIXATIONS)
def test_a_picture_without_fixations_is_nan_and_spoils_no_other(name):
    pictures = [make_scene(7), make_scene(8)]
    expected = score(name, pictures[1])
    empty = replace(pictures[0], target=replace(pictures[0].target, fixations=looked(0, 0)))
    assert np.isnan(score(name, empty))
    found = score(name, stacked([empty, pictures[1]]))
    np.testing.assert_allclose(found, [np.nan, expected], rtol=1e-13)


@pytest.mark.parametrize("name", PER_PICTURE)
def test_the_density_of_nobody_is_nan(name):
    scene = make_scene(9)
    nobody = replace(
        scene, target=Target(fixations=looked(0, 0), density=np.zeros(SIZE), others=looked(1, 9), baseline=scene.target.baseline)
    )
    assert np.isnan(score(name, nobody))


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 255.0])
@pytest.mark.parametrize("name", [*AREAS, "nss", "cc"])
def test_a_constant_map_scores_chance_and_says_so(name, value):
    scene = make_scene(10)
    chance = 0.0 if name in ("nss", "cc") else 0.5
    with pytest.warns(ConstantMapWarning, match="without spread"):
        assert score(name, replace(scene, saliency=np.full(SIZE, value))) == chance


@pytest.mark.parametrize("name", ["sim", "kl", "ig", "ll", "emd"])
def test_a_constant_map_is_the_uniform_density(name):
    scene = make_scene(11)
    uniform = score(name, replace(scene, saliency=np.full(SIZE, 3.0)))
    with pytest.warns(ConstantMapWarning, match="taken as uniform"):
        assert score(name, replace(scene, saliency=np.zeros(SIZE))) == pytest.approx(uniform, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", PER_PICTURE)
@pytest.mark.parametrize(
    "make",
    [
        lambda scene: scene.saliency - 5 * scene.saliency.max(),
        lambda scene: (scene.saliency > np.median(scene.saliency)).astype(np.float16),
        lambda scene: np.rint(255 * scene.saliency / scene.saliency.max()).astype(np.uint8),
        lambda scene: np.where(scene.saliency == scene.saliency.max(), 1, 0),
    ],
    ids=["negative", "two levels in float16", "uint8", "one pixel"],
)
def test_difficult_maps_have_a_score(name, make):
    scene = make_scene(12)
    assert np.isfinite(score(name, replace(scene, saliency=make(scene))))


def test_a_picture_of_one_pixel_has_scores():
    gaze = Fixations([0.2], [0.1], (1, 1))
    target = Target(fixations=gaze, density=np.ones((1, 1)), others=gaze, baseline=np.ones((1, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantMapWarning)
        found = scores(np.ones((1, 1)), target)
    nan = {"cc", "auc_judd"}  # no density to correlate with, no pixel that nobody looked at
    assert {name for name, value in found.items() if np.isnan(value)} == nan
    assert (found["sim"], found["kl"], found["emd"], found["ig"], found["ll"]) == pytest.approx((1, 0, 0, 0, 0), abs=1e-12)


# ------------------------------------------------------------------------------------------------------------------- catalogue, conventions
def test_the_catalogue_is_complete_and_its_cards_are_well_formed():
    assert set(METRICS) == {"auc_judd", "auc_borji", "auc_shuffled", "auc", "nss", "cc", "sim", "kl", "emd", "ig", "ll", "fixation_kl"}
    for name, card in METRICS.items():
        assert card.name == name
        assert card.direction in ("up", "down")
        assert card.unit in ("", "bit", "nat", "bins")
        assert card.range[0] < card.range[1]
        assert card.title
        assert card.source
        required = [key for key, value in inspect.signature(card.function).parameters.items() if value.default is value.empty]
        assert len(required) == 1 + len(card.needs)
    assert [name for name, card in METRICS.items() if card.set_level] == ["fixation_kl"]


def test_the_list_of_public_names_is_the_truth():
    names = {name for name, value in vars(salquest.metrics).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert sorted(salquest.metrics.__all__) == sorted(names)


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
def test_a_convention_fills_in_arguments_that_exist_and_is_told_in_one_line(convention):
    chosen = CONVENTIONS[convention]
    assert chosen.name == convention
    assert set(chosen.settings) <= set(METRICS)
    for name, card in METRICS.items():
        assert set(chosen.arguments(name)) <= set(inspect.signature(card.function).parameters)
        assert "\n" not in chosen.line(name)
        assert all(f"{key}={value}" in chosen.line(name) for key, value in chosen.arguments(name).items())


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
@pytest.mark.parametrize("name", PER_PICTURE)
def test_every_metric_has_a_score_under_every_convention(name, convention):
    assert np.isfinite(score(name, make_scene(13), convention=convention))


def test_what_a_convention_says_is_what_its_program_does():
    scene = make_scene(14)
    values = {name: score("nss", scene, convention=name) for name in CONVENTIONS}
    assert values["exact"] == values["tuebingen"] == values["pysaliency"] == values["salicon"]
    assert values["mit"] == score("nss", scene, repeats=False, ddof=1) != values["exact"]
    assert CONVENTIONS["mit"].line("nss") == "mit (repeats=False, ddof=1, constant=nan); maps of another size: matlab"
    assert CONVENTIONS["mit"].line("auc").startswith("exact (the mit convention has no auc of its own)")
    assert CONVENTIONS["exact"].line("auc") == "exact"


def test_arguments_of_the_call_go_before_the_conventions():
    scene = make_scene(15)
    assert score("nss", scene, convention="mit", repeats=True, ddof=0) == score("nss", scene)


def test_a_convention_of_ones_own_is_taken():
    mine = Convention(name="mine", title="one argument", settings={"nss": {"ddof": 1}})
    assert score("nss", make_scene(16), convention=mine) == score("nss", make_scene(16), ddof=1)


def test_several_metrics_at_once_score_as_one_by_one():
    scene = make_scene(17)
    for convention in CONVENTIONS:
        found = scores(scene.saliency, scene.target, convention=convention)
        assert set(found) == set(PER_PICTURE)
        for name, value in found.items():
            assert value == METRICS[name].compute(scene.saliency, scene.target, convention=convention)
    assert list(scores(scene.saliency, scene.target, ("kl", "auc"))) == ["kl", "auc"]


def test_only_what_the_target_has_is_scored_unless_asked():
    scene = make_scene(18)
    assert set(scores(scene.saliency, Target(density=scene.target.density))) == {"cc", "sim", "kl", "emd"}
    with pytest.raises(InputError, match="ig needs fixations, baseline; missing: baseline"):
        scores(scene.saliency, Target(fixations=scene.target.fixations), ("ig",))
    assert METRICS["ig"].missing(Target(baseline=scene.target.baseline)) == ("fixations",)


def test_maps_of_another_size_are_resized_by_the_conventions_rule():
    scene = make_scene(19)
    small = resize(scene.saliency, (12, 16))
    with pytest.raises(InputError, match="resize"):
        scores(small, scene.target, ("nss",))
    for convention, rule in (("mit", "matlab"), ("salicon", "spline")):
        fitted = resize(small, SIZE, rule)
        assert scores(small, scene.target, ("nss", "cc"), convention=convention) == scores(
            fitted, scene.target, ("nss", "cc"), convention=convention
        )
    wide = replace(scene.target, baseline=resize(scene.target.baseline, (48, 64)))
    found = METRICS["ig"].compute(scene.saliency, wide, convention="mit")
    assert found == METRICS["ig"].compute(scene.saliency, replace(wide, baseline=resize(wide.baseline, SIZE)), convention="mit")


def test_the_earth_mover_shrinks_a_map_of_another_size_by_itself():
    scene = make_scene(24)
    small = resize(scene.saliency, (12, 16))
    found = METRICS["emd"].compute(small, scene.target, convention="mit", downsize=4)
    assert found == emd(small, scene.target.density, downsize=4, scaling="plain", resize="matlab")


def test_overshoot_of_a_resized_density_is_cut_off():
    scene = make_scene(20)
    spiky = np.zeros((12, 16))
    spiky[6, 8] = 1.0
    assert resize(spiky, SIZE).min() < 0
    target = replace(scene.target, baseline=spiky)
    assert np.isfinite(METRICS["ig"].compute(scene.saliency, target, convention="mit"))


def test_a_set_level_metric_is_asked_for_by_itself():
    scene = make_scene(21)
    with pytest.raises(InputError, match="whole set"):
        scores(scene.saliency, scene.target, ("fixation_kl",))
    target = Target(fixations=[scene.target.fixations, looked(1, 5, (9, 9))], others=[scene.target.others, looked(2, 5, (9, 9))])
    found = METRICS["fixation_kl"].compute([scene.saliency, np.eye(9)], target, convention="pysaliency")
    assert type(found) is float


def test_names_that_are_not_there_come_with_the_nearest():
    scene = make_scene(22)
    with pytest.raises(UnknownName, match="did you mean 'auc_judd'"):
        scores(scene.saliency, scene.target, ("auc_jud",))
    with pytest.raises(UnknownName, match="tuebingen"):
        scores(scene.saliency, scene.target, convention="tübingen")


def test_chance_levels_are_told_per_number_of_fixated_pixels():
    assert METRICS["auc_judd"].chance(1) == 0.75
    assert METRICS["auc"].chance(1) == 0.5
    assert METRICS["nss"].chance(9) == 0.0
    assert METRICS["kl"].chance(9) is None


def test_metrics_of_the_count_map_are_those_of_the_fixations():
    scene = make_scene(23)
    counted = replace(
        scene.target, fixations=CountMap(scene.target.fixations.count_map()), others=CountMap(scene.target.others.count_map())
    )
    assert scores(scene.saliency, counted) == scores(scene.saliency, scene.target)
