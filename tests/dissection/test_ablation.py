"""Units removed from networks made by hand: what is lost is what was worked out, where it was, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted_squares import HEIGHT, PICTURES, SIDE, UNITS, WIDTH, predictor

from salquest.dissection import Settings, Subject, ablate_units, read_annotations, remove_best
from salquest.dissection.ablation import ALL, Bench, Removals, gazed_probe
from salquest.dissection.cache import ArrayCache
from salquest.dissection.gaze_on_maps import GazeOnMaps
from salquest.dissection.variants import Variants, without
from salquest.errors import InputError, UnknownName
from salquest.metrics import nss
from salquest.models.deep.network import build_network

SHARE = SIDE * SIDE / (HEIGHT * WIDTH)
# z-scores of a map that is one square, or two, in the squares and beside them
ONE, BESIDE_ONE = ((1 - SHARE) / SHARE) ** 0.5, -((SHARE / (1 - SHARE)) ** 0.5)
TWO = ((1 - 2 * SHARE) / (2 * SHARE)) ** 0.5
RED, BLUE, IGNORED = range(3)


@pytest.fixture
def annotations(planted):
    return read_annotations("own", planted)


@pytest.fixture
def two_colours() -> Subject:
    """Its map is 1 in red and in blue squares alike; a third unit is seen by nobody."""
    return Subject("two colours", predictor([1.0, 1.0, 0.0], UNITS["red"], UNITS["blue"], UNITS["light"]))


def drop(table, unit, category):
    return next(row for row in table.rows() if (row["unit"], row["category"]) == (unit, category))


@pytest.mark.parametrize("replacement", ["mean", "zero"])
def test_removing_the_unit_of_a_category_costs_its_nss_and_no_other_category_s(planted, annotations, two_colours, replacement):
    table = ablate_units(two_colours, annotations, planted, layer="colours", replacement=replacement).table()
    for unit, own, other in ((RED, "red", "blue"), (BLUE, "blue", "red")):
        row = drop(table, unit, own)
        assert row["nss"] == pytest.approx(TWO, rel=1e-5)
        assert row["drop"] == pytest.approx(TWO - BESIDE_ONE, rel=1e-5)
        assert (row["regions"], row["pictures"]) == (PICTURES, PICTURES)
        # the other square is all that is left of the map, so that it stands out more
        assert drop(table, unit, other)["drop"] == pytest.approx(TWO - ONE, rel=1e-5)
        # half of the fixations lie in each
        assert drop(table, unit, ALL)["drop"] == pytest.approx(TWO - (ONE + BESIDE_ONE) / 2, rel=1e-5)


def test_removing_a_unit_that_the_map_ignores_changes_nothing_at_all(planted, annotations, two_colours):
    table = ablate_units(two_colours, annotations, planted, layer="colours", units=[IGNORED]).table()
    assert {(row["drop"], row["low"], row["high"]) for row in table.rows()} == {(0.0, 0.0, 0.0)}


def test_setting_a_dead_unit_to_its_mean_changes_nothing_at_all(planted, annotations):
    network = build_network("light", weights="none", taps=("features.2",), activation="softmax", size=(48, 64), map_size=(12, 16))
    with torch.no_grad():
        network.encoder.features[2].conv[3].weight[5] = 0  # batch norm's scale: the unit is its shift everywhere
        network.encoder.features[2].conv[3].bias[5] = 1 / 3
    table = ablate_units(Subject("network", network), annotations, planted, layer="features.2", units=[5, 6]).table()
    assert all(drop(table, 5, category)["drop"] == 0 for category in (ALL, "red", "blue"))
    assert all(drop(table, 6, category)["drop"] != 0 for category in (ALL, "red", "blue"))


def test_intervals_hold_the_drop_and_have_no_width_where_all_pictures_agree(planted, annotations, two_colours):
    table = ablate_units(two_colours, annotations, planted, layer="colours").table()
    for row in table.rows():
        assert row["low"] - 1e-6 <= row["drop"] <= row["high"] + 1e-6
    row = drop(table, RED, "red")
    assert row["high"] - row["low"] < 1e-5


def test_intervals_are_those_of_resampled_pictures(planted, annotations):
    """Against a plain bootstrap over pictures of the same per-picture drops."""
    network = build_network("light", weights="none", taps=("features.2",), activation="softmax", size=(48, 64), map_size=(12, 16))
    found = ablate_units(Subject("network", network), annotations, planted, layer="features.2", units=[3])
    drops = found.drops.pictures[:, 0] - found.drops.pictures[:, 1]
    draw = np.random.default_rng(1)
    means = [draw.choice(drops, len(drops)).mean() for _ in range(4000)]
    row = drop(found.table(), 3, ALL)
    assert row["drop"] == pytest.approx(drops.mean())
    assert [row["low"], row["high"]] == pytest.approx(np.quantile(means, (0.025, 0.975)), abs=0.1 * np.std(means) * 3)


# --- running on from a layer


LAYERS = ["features.1", "features.2", "features.2.conv.0", "features.2.conv.0.1", "decoder.laterals.0", "decoder.smooth.2"]


@pytest.fixture(scope="module")
def network():
    made = build_network("mobile", weights="none", activation="softmax", size=(64, 96), map_size=(32, 48), seed=3)
    return made.eval()


@pytest.mark.parametrize("layer", LAYERS)
def test_variants_of_a_batch_are_those_of_the_whole_network_run_one_by_one(network, layer):
    torch.manual_seed(2)
    picture = torch.rand(1, 3, 64, 96)
    module = Subject("network", network).layers([layer])[layer]
    units = 6
    masks, values = torch.rand(units, _units(network, module, picture)) < 0.3, None
    values = torch.randn(masks.shape[1])
    variants = Variants(Subject("network", network), layer)
    together = variants.densities(variants.hold(picture), without(masks, values), units)
    for number in range(units):

        def removed(_module, _inputs, answer, number=number):
            changed = answer.clone()
            changed[:, masks[number]] = values[masks[number]][None, :, None, None]
            return changed

        handle = module.register_forward_hook(removed)
        with torch.inference_mode():
            alone = network.densities(picture)
        handle.remove()
        torch.testing.assert_close(together[number], alone[0], rtol=1e-4, atol=1e-8)


def _units(network, module, picture):
    found = []
    handle = module.register_forward_hook(lambda _m, _i, answer: found.append(answer.shape[1]))
    with torch.inference_mode():
        network(picture)
    handle.remove()
    return found[0]


@pytest.mark.parametrize("name", ["bruckert", "salgan", "sam-mobilenet"])
def test_networks_of_every_kind_run_on_from_their_layers(name):
    network = build_network(name, weights="none", activation="softmax", size=(64, 96), map_size=(16, 24)).eval()
    subject = Subject(name, network)
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole = network.densities(picture)
    for layer in (subject.stages[1], subject.stages[-1]):
        variants = Variants(subject, layer)
        same = variants.densities(variants.hold(picture), lambda maps: maps, 2)
        torch.testing.assert_close(same, whole.expand(2, -1, -1), rtol=1e-4, atol=1e-8)
        assert not subject.layers([layer])[layer]._forward_hooks


def test_pictures_of_another_shape_keep_the_size_of_their_own_map():
    network = build_network("mobile", weights="none", activation="softmax", size=(64, 96), map_size=(32, 48), fit="aspect").eval()
    picture = torch.rand(1, 3, 96, 64)
    variants = Variants(Subject("network", network), "features.6")
    with torch.inference_mode():
        whole = network.densities(picture)
    torch.testing.assert_close(variants.densities(variants.hold(picture), lambda maps: maps, 1), whole, rtol=1e-4, atol=1e-8)


# --- NSS of the final map


@pytest.mark.parametrize("cells", [(7, 9), (24, 32), (40, 60)])
def test_nss_from_cells_is_that_of_the_map_that_is_predicted(planted, annotations, network, cells):
    probe = gazed_probe(annotations, planted, (), None, Settings(), lambda *_: None)
    maps = torch.rand(3, *cells, generator=torch.Generator().manual_seed(5)) ** 3
    scores = GazeOnMaps.of(probe, 2, cells).nss(maps.numpy().astype(np.float64))
    fixations, regions = probe.fixations[2], probe.regions(2)
    for number in range(3):
        raw = maps[number : number + 1].log()
        predicted = network.as_map(raw, probe.stimuli[2].size).values
        assert scores[number, 0] == pytest.approx(nss(predicted, fixations), rel=1e-4)
        z = (predicted - predicted.mean()) / predicted.std()
        for place, region in enumerate(regions):
            inside = region.mask(predicted.shape)[fixations.rows, fixations.columns]
            assert scores[number, 1 + place] == pytest.approx(z[fixations.rows, fixations.columns][inside].mean(), rel=1e-3)


def test_a_constant_map_scores_zero(planted, annotations):
    probe = gazed_probe(annotations, planted, (), None, Settings(), lambda *_: None)
    assert (GazeOnMaps.of(probe, 0, (5, 6)).nss(np.full((1, 5, 6), 0.1)) == 0).all()


# --- the best units against random ones


@pytest.fixture
def many_units() -> Subject:
    """Two units see red, two see blue, and 16 see light; the map is the first four."""
    units = [UNITS["red"]] * 2 + [UNITS["blue"]] * 2 + [(0.3, 0.3 + 0.01 * number, 0.3) for number in range(16)]
    return Subject("before", predictor([0.5] * 4 + [0.0] * 16, *units))


def test_the_best_units_of_a_category_are_found_and_cost_its_nss(planted, annotations, many_units):
    found = remove_best([many_units], annotations, planted, top=2, sets=30)
    rows = {row["category"]: row for row in found.table().rows()}
    for category, units in (("red", "0 1 | 0 1"), ("blue", "2 3 | 2 3")):
        row = rows[category]
        assert row["best"] == units
        assert row["drop"] == pytest.approx(TWO - BESIDE_ONE, rel=1e-5)
        # most draws of two out of twenty touch nothing, or make one of two equal units weaker
        assert row["random"] < 0.2 * row["drop"]
        assert row["over_random"] == pytest.approx(row["drop"] - row["random"])
        assert row["over_random_low"] <= row["over_random"] <= row["over_random_high"]
        assert row["over_first"] is None


def test_units_that_the_map_does_not_use_cost_nothing_until_training_uses_them(planted, annotations, many_units):
    """The same units, first unused for red, then used: the difference between the networks is the whole drop."""
    units = [tuple(row) for row in many_units.network.encoder.features[0].weight[:, :, 0, 0].tolist()]
    blind = Subject("blind", predictor([0.0] * 2 + [0.5] * 2 + [0.0] * 16, *units))
    found = remove_best([blind, many_units], annotations, planted, top=2, sets=30)
    rows = {(row["model"], row["category"]): row for row in found.table().rows()}
    assert rows["blind", "red"]["drop"] == 0
    assert rows["before", "red"]["over_first"] > 0.7 * (TWO - BESIDE_ONE)
    assert rows["before", "red"]["over_first_low"] > 0
    # without its blue units the first network's map is constant, and scores 0
    assert rows["blind", "blue"]["drop"] == pytest.approx(ONE, rel=1e-5)


def test_units_are_chosen_on_the_pictures_on_which_they_are_not_removed(planted, annotations):
    """Of two units alike one is better on each half of the pictures, by noise: what is removed from a half was chosen on the other."""
    torch.manual_seed(0)
    subject = Subject("noise", predictor([1.0] * 12, *[tuple(row) for row in torch.randn(12, 3).tolist()]))
    found = remove_best([subject], annotations, planted, top=3, sets=2)
    (layer,) = found.layers
    probe = layer.drops.probe
    bench = Bench(subject, "colours", probe, Settings(), "mean", 16, ArrayCache(None), lambda *_: None)
    for number, category in enumerate(probe.table.categories):
        having = np.unique(probe.table.picture[probe.table.holds[:, number]])
        for half in (0, 1):
            masks = np.zeros((1, 12), dtype=bool)
            masks[0, layer.best[number, 1 - half]] = True
            alone = bench.drops(Removals.alike(masks, len(probe)))
            np.testing.assert_allclose(layer.drops.pictures[having[half::2], 1 + number], alone.pictures[having[half::2], 1], atol=1e-9)
        assert category in ("blue", "red")


# --- kept work


def test_the_same_request_runs_nothing_again_and_others_do(planted, annotations, two_colours, tmp_path, monkeypatch):
    def run(**settings):
        return ablate_units(two_colours, annotations, planted, layer="colours", cache=tmp_path, **settings).table().rows()

    first = run()
    calls = []
    whole = Variants.densities
    monkeypatch.setattr(Variants, "densities", lambda self, *arguments: calls.append(1) or whole(self, *arguments))
    assert run() == first
    assert not calls
    assert run(replacement="zero")
    assert len(calls) == PICTURES
    run(units=[1])
    assert len(calls) == 2 * PICTURES
    two_colours.network.decoder.weights.data[0] = 0.5  # nothing before the layer has changed
    assert run() != first
    assert len(calls) == 3 * PICTURES


# --- bad input


def test_an_encoder_is_told_that_it_predicts_no_map(planted, annotations, colours):
    sentence = "hand-made is an encoder: it predicts no map on which an effect could be measured; name a run folder of saliency"
    with pytest.raises(InputError, match=sentence):
        ablate_units(colours, annotations, planted, layer="colours")
    with pytest.raises(InputError, match=sentence):
        remove_best([colours], annotations, planted)


def test_a_layer_that_is_not_there_is_told_with_the_nearest(planted, annotations, two_colours):
    with pytest.raises(UnknownName, match=r"two colours has no layer called 'colour' \(did you mean 'colours'\?\)"):
        ablate_units(two_colours, annotations, planted, layer="colour")


def test_a_layer_that_never_runs_by_itself_is_told(planted, annotations):
    network = build_network("light", weights="none", taps=("features.2",), activation="softmax", size=(48, 64))
    with pytest.raises(InputError, match="the layer features does not run by itself; name one of those that it holds"):
        ablate_units(Subject("network", network), annotations, planted, layer="features")


def test_a_unit_that_is_not_there_is_told(planted, annotations, two_colours):
    with pytest.raises(InputError, match="the layer colours of two colours has the units 0 to 2; found 7"):
        ablate_units(two_colours, annotations, planted, layer="colours", units=[0, 7])


def test_fewer_units_than_are_removed_are_told(planted, annotations, two_colours):
    with pytest.raises(InputError, match="has 3 live units: with 10 removed there is nothing to compare with"):
        remove_best([two_colours], annotations, planted)


def test_pictures_without_gaze_are_told(planted, annotations, two_colours):
    blind = replace(planted, samples=tuple(replace(sample, fixations=None) for sample in planted))
    with pytest.raises(InputError, match="planted has no fixations, at which the drop of NSS is measured"):
        ablate_units(two_colours, annotations, blind, layer="colours")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"replacement": "noise"}, "set to one of mean, zero; found 'noise'"), ({"batch": 0}, "one variant or more")],
)
def test_settings_that_cannot_be_meant_are_told(planted, annotations, two_colours, wrong, message):
    with pytest.raises(InputError, match=message):
        ablate_units(two_colours, annotations, planted, layer="colours", **wrong)
