"""The whole way on pictures with planted squares: a hand-made unit is found, controls stay at chance, and nothing is cached wrongly."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from planted_squares import HEIGHT, PICTURES, SIDE, UNITS, WIDTH, one_stage

from salquest.datasets import load_dataset
from salquest.dissection import (
    Settings,
    Subject,
    best_layers,
    dissect,
    drift_table,
    health_table,
    layer_table,
    read_annotations,
    unit_table,
)
from salquest.dissection.cache import ArrayCache
from salquest.dissection.gathering import CHUNK, Gathering
from salquest.dissection.probe import build_probe
from salquest.dissection.scores import LayerScores
from salquest.encoders import build_encoder
from salquest.errors import InputError, UnknownName

SHARE = SIDE * SIDE / (HEIGHT * WIDTH)
# as many cells above the threshold as a square has
MATCHED = Settings(quantile=SHARE, grid_step=1)
NAMES = list(UNITS)


@pytest.fixture
def found(planted, colours):
    return dissect([colours], read_annotations("own", planted), planted, settings=MATCHED, control=False)


def value(found, score, category, unit):
    layer = found.layers[0]
    return layer.values[score][found.probe.table.categories.index(category), NAMES.index(unit)]


def test_a_planted_detector_is_ranked_first_with_the_score_worked_out_by_hand(found):
    """Its map is the square itself: z is sqrt((1 - share) / share) inside and the opposite's share outside."""
    inside = ((1 - SHARE) / SHARE) ** 0.5
    outside = -((SHARE / (1 - SHARE)) ** 0.5)
    # "red" answers 160 in red squares, -80 in blue ones and 0 elsewhere
    mean = SHARE * (160 - 80)
    deviation = (SHARE * (160**2 + 80**2) - mean**2) ** 0.5
    assert value(found, "region_nss", "red", "red") == pytest.approx((160 - mean) / deviation, rel=1e-4)
    assert value(found, "fixation_nss", "red", "red") == pytest.approx((160 - mean) / deviation, rel=1e-4)
    assert value(found, "relative_nss", "red", "red") == pytest.approx(240 / deviation, rel=1e-4)
    assert inside > (160 - mean) / deviation > outside
    assert value(found, "iou", "red", "red") == 1
    assert value(found, "auc", "red", "red") == 1
    for score in found.scores:
        assert layer_row(found, score, "red")["best"].split()[0] in (str(NAMES.index("red")), str(NAMES.index("red again")))


def layer_row(found, score, category):
    return next(row for row in layer_table(found).rows() if (row["score"], row["category"]) == (score, category))


def test_the_opposite_of_a_detector_has_the_opposite_scores(found):
    assert value(found, "region_nss", "red", "not red") == pytest.approx(-value(found, "region_nss", "red", "red"), rel=1e-5)
    assert value(found, "auc", "red", "not red") == 0
    assert value(found, "iou", "red", "not red") == 0


def test_dead_and_exploding_units_are_counted_and_not_scored(found):
    (row,) = health_table(found).rows()
    assert (row["units"], row["scored"], row["dead"], row["exploding"]) == (7, 5, 1, 1)
    for unit in ("dead", "exploding"):
        assert all(np.isnan(value(found, score, "red", unit)) for score in found.scores)
    states = {row["unit"]: row["state"] for row in unit_table(found).rows()}
    assert [states[NAMES.index(unit)] for unit in ("red", "dead", "exploding")] == ["live", "dead", "exploding"]


def test_near_duplicates_count_once_as_evidence(found):
    row = layer_row(found, "iou", "red")
    assert (row["above"], row["above_distinct"]) == (2, 1)
    layer = found.layers[0]
    assert layer.groups[NAMES.index("red")] == layer.groups[NAMES.index("red again")] != layer.groups[NAMES.index("not red")]


def test_permuted_units_score_zero_within_their_interval(planted, colours):
    probe = build_probe(read_annotations("own", planted), planted)
    outside = 0
    for seed in range(6):
        gathering = Gathering(colours, ["colours"], probe, [(HEIGHT, WIDTH)] * PICTURES, Settings(seed=seed, grid_step=1), ArrayCache(None))
        statistics = gathering.statistics()["colours"]
        gathering.gather({"colours": statistics})
        scores = LayerScores(gathering.responses("colours", statistics), probe.table, PICTURES)
        for score in ("region_nss", "fixation_nss", "relative_nss"):
            units = scores.scores(score, 0, "permuted")
            live = statistics.scored
            outside += int((np.abs(units.value[live]) > 2.6 * units.standard_error()[live]).sum())
    # 6 x 3 x 5 scores, 1 % of them by chance beyond 2.6 errors, more with eight pictures' errors
    assert outside <= 6 * 3 * 5 * 0.08


def test_other_pictures_regions_reach_less_than_the_units_own(found):
    row = layer_row(found, "relative_nss", "red")
    assert row["other_pictures"] < row["top_ten"]
    assert row["permuted"] < row["top_ten"]


def test_the_random_network_stands_beside_and_the_difference_has_an_interval(planted):
    found = dissect([Subject("planted", one_stage((1.0, -0.5, -0.5)))], read_annotations("own", planted), planted, settings=MATCHED)
    assert [layer.model for layer in found.layers] == ["planted", "planted, random weights"]
    assert found.models == ("planted",)
    row = layer_row(found, "region_nss", "red")
    assert row["over_random"] == pytest.approx(row["top_ten"] - row["random"])
    assert row["over_random_low"] <= row["over_random"] <= row["over_random_high"]


def test_an_iou_stays_below_its_ceiling(planted, colours):
    found = dissect([colours], read_annotations("own", planted), planted, settings=replace(MATCHED, quantile=SHARE / 3), control=False)
    row = layer_row(found, "iou", "red")
    assert row["ceiling"] == pytest.approx(1 / 3)
    assert row["top_ten"] <= row["ceiling"]


def test_units_have_the_scores_of_a_plain_loop(planted):
    """Networks of several grids, against maps brought to the picture, z-scored and averaged one by one."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.manual_seed(4)
    network = build_encoder("mobilenet_v2", weights="none", taps=("features.3",))
    subject = Subject("network", network)
    settings = Settings(size=(48, 64), centred=False, grid_step=2, quantile=0.02)
    found = dissect(
        [subject], read_annotations("own", planted), planted, layers=["features.1", "features.3"], settings=settings, control=False
    )
    from salquest.dissection.subjects import as_input

    collected = {"features.1": [], "features.3": []}
    for sample in planted:
        features = as_input(sample.stimulus.pixels(), (48, 64), torch.device("cpu"))
        normalised = (features - network.mean) / network.std
        with torch.no_grad():
            for index, stage in enumerate(network.features):
                normalised = stage(normalised)
                if index in (1, 3):
                    collected[f"features.{index}"].append(normalised[0].double())
    for layer in found.layers:
        maps = collected[layer.layer]
        flat = torch.cat([one.flatten(1) for one in maps], dim=1).numpy()
        thresholds = -np.sort(-flat, axis=1)[:, int(0.02 * flat.shape[1])]
        np.testing.assert_allclose(layer.statistics.threshold, thresholds, rtol=1e-6)
        for category in ("red", "blue"):
            fixated, both, either = [], 0, 0
            for one, sample in zip(maps, planted, strict=True):
                picture = F.interpolate(one[None], (HEIGHT, WIDTH), mode="bilinear", align_corners=False)[0].numpy()
                z = (picture - picture.mean(axis=(1, 2), keepdims=True)) / np.maximum(picture.std(axis=(1, 2), keepdims=True), 1e-12)
                mask = sample.regions.mask(category)
                rows, columns = sample.fixations.rows, sample.fixations.columns
                inside = mask[rows, columns]
                fixated.append(z[:, rows[inside], columns[inside]].mean(axis=1))
                on, label = picture[:, 1::2, 1::2] > thresholds[:, None, None], mask[1::2, 1::2]
                both, either = both + (on & label).sum(axis=(1, 2)), either + (on | label).sum(axis=(1, 2))
            number = found.probe.table.categories.index(category)
            live = layer.statistics.scored
            np.testing.assert_allclose(layer.values["fixation_nss"][number][live], np.mean(fixated, axis=0)[live], atol=2e-3)
            np.testing.assert_allclose(layer.values["iou"][number][live], (both / either)[live], atol=0.02)


def test_intervals_hold_the_score(found):
    for row in layer_table(found).rows():
        assert row["low"] - 1e-9 <= row["top_ten"] <= row["high"] + 1e-9


def test_two_networks_are_compared_layer_by_layer(planted):
    subjects = [Subject("first", one_stage((1, -0.5, -0.5), (0, 0, 1))), Subject("second", one_stage((0, 0, 1), (2, -1, -1)))]
    found = dissect(subjects, read_annotations("own", planted), planted, settings=MATCHED, control=False)
    (row,) = drift_table(found).rows()
    assert (row["first"], row["second"], row["layer"]) == ("first", "second", "colours")
    assert row["best_match"] == pytest.approx(1, abs=1e-5)  # the same units in another order
    assert row["unit_correlation"] < 0.1
    assert 0 < row["cells_cka"] < 1  # one of them is twice as strong
    # || second - first || / || first || of the two rows of weights
    assert row["weights_moved"] == pytest.approx(((1 + 0.25 + 2.25 + 4 + 1 + 4) / 2.5) ** 0.5)


def test_a_network_beside_itself_has_not_drifted(planted, colours):
    found = dissect([colours, Subject("again", colours.network)], read_annotations("own", planted), planted, control=False)
    (row,) = drift_table(found).rows()
    assert (row["cells_cka"], row["unit_correlation"], row["weights_moved"]) == pytest.approx((1, 1, 0))


def test_networks_that_share_their_first_stages_share_the_work(planted, tmp_path):
    """A frozen encoder in a trained network is looked into once."""
    from salquest.models.deep.network import build_network

    encoder = Subject("encoder", build_encoder("mobilenet_v2", taps=("features.3",)))
    network = Subject("network", build_network("light", taps=("features.2",), activation="softmax", size=(32, 48)))
    told = []
    found = dissect(
        [network, encoder],
        read_annotations("own", planted),
        planted,
        layers=["features.1", "features.2"],
        control=False,
        cache=tmp_path,
        progress=lambda name, done, total: told.append(name),
    )
    assert {name for name in told if name.startswith("activations")} == {"activations of network"}
    tables = [[layer.values for layer in found.layers if layer.model == name] for name in ("network", "encoder")]
    np.testing.assert_equal(*tables)


def test_layers_of_the_decoder_have_units_too(planted):
    from salquest.models.deep.network import build_network

    network = Subject("network", build_network("light", weights="none", activation="softmax", size=(32, 48)))
    layer = next(name for name in network.network.state_dict() if name.startswith("decoder.")).rpartition(".")[0]
    found = dissect([network], read_annotations("own", planted), planted, layers=[layer], control=False)
    assert np.isfinite(found.layers[0].values["region_nss"][:, found.layers[0].statistics.scored]).all()


def test_the_best_layer_of_a_category_is_told_per_network(found):
    assert [(row["category"], row["layer"]) for row in best_layers(found, "iou")] == [("blue", "colours"), ("red", "colours")]


# --- what is kept


def test_the_same_request_computes_nothing_again(planted, colours, tmp_path, monkeypatch):
    annotations = read_annotations("own", planted)
    first = dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path)
    monkeypatch.setattr(Gathering, "_maps", lambda *_, **__: pytest.fail("the network was run again"))
    second = dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path)
    assert layer_table(first).rows() == layer_table(second).rows()


def test_work_that_was_cut_short_goes_on(planted, colours, tmp_path, monkeypatch):
    monkeypatch.setattr("salquest.dissection.gathering.CHUNK", 3)
    annotations = read_annotations("own", planted)
    whole = dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path / "whole")
    told = []

    def cut(name, done, total):
        told.append((name, done))
        if name.startswith("responses") and done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path / "cut", progress=cut)
    told.clear()
    resumed = dissect(
        [colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path / "cut", progress=lambda *said: told.append(said)
    )
    assert layer_table(resumed).rows() == layer_table(whole).rows()
    # two chunks of three pictures were done, the activations of all
    assert [total for name, _, total in told if name.startswith("responses")] == [2, 2]
    assert not [name for name, _, _ in told if name.startswith("activations")]
    assert CHUNK == 32


def changed_picture(folder):
    path = folder / "stimuli" / "p2.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0] += 1
    Image.fromarray(pixels).save(path)


def changed_labels(folder):
    path = folder / "labels" / "p2.png"
    labels = np.array(Image.open(path))
    labels[labels == 1] = 0
    labels[0, 0] = 1
    Image.fromarray(labels).save(path)


def changed_gaze(folder):
    path = folder / "fixations.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[2:], ""]))


def changed_categories(folder):
    path = folder / "attributes.csv"
    path.write_text(path.read_text().replace("p2.png,1,1,0", "p2.png,1,1,1"))


@pytest.mark.parametrize("change", [changed_picture, changed_labels, changed_gaze, changed_categories])
def test_changed_data_never_meet_old_numbers(planted_folder, colours, tmp_path, change):
    folder = tmp_path / "copy"
    shutil.copytree(planted_folder, folder)

    def run(cache):
        data = load_dataset("planted", folder)
        return unit_table(dissect([colours], read_annotations("own", data), data, settings=MATCHED, control=False, cache=cache)).rows()

    before = run(tmp_path / "cache")
    change(folder)
    after = run(tmp_path / "cache")
    assert after == run(None) != before


@pytest.mark.parametrize(
    "settings",
    [
        replace(MATCHED, quantile=0.2),
        replace(MATCHED, grid_step=2),
        replace(MATCHED, size=(12, 16)),
        replace(MATCHED, size=(30, 16), centred=False),
        replace(MATCHED, seed=1),
    ],
)
def test_changed_settings_never_meet_old_numbers(planted, colours, tmp_path, settings):
    annotations = read_annotations("own", planted)

    def run(chosen, cache):
        return layer_table(dissect([colours], annotations, planted, settings=chosen, control=False, cache=cache)).rows()

    before = run(MATCHED, tmp_path)
    after = run(settings, tmp_path)
    assert after == run(settings, None) != before


def test_changed_weights_and_normalisation_never_meet_old_numbers(planted, colours, tmp_path):
    annotations = read_annotations("own", planted)

    def run(cache):
        return unit_table(dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=cache)).rows()

    tables = [run(tmp_path)]
    with np.errstate(all="ignore"):
        colours.network.features[0].weight.data[0, 1] += 0.25
        tables.append(run(tmp_path))
        colours.network.std[0, 2] = 0.5
        tables.append(run(tmp_path))
    assert tables[2] == run(None)
    assert tables[0] != tables[1] != tables[2]


def test_a_damaged_file_of_kept_work_counts_as_none(planted, colours, tmp_path):
    annotations = read_annotations("own", planted)
    before = layer_table(dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path)).rows()
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        content = bytearray(path.read_bytes())
        content[-1 - number] ^= 1
        path.write_bytes(bytes(content) if number % 2 else bytes(content[: len(content) // 2]))
    after = layer_table(dissect([colours], annotations, planted, settings=MATCHED, control=False, cache=tmp_path)).rows()
    assert after == before


# --- bad input


def test_a_layer_that_is_not_there_is_told_with_the_nearest(planted, colours):
    with pytest.raises(UnknownName, match=r"hand-made has no layer called 'colour' \(did you mean 'colours'\?\); its stages are: colours"):
        dissect([colours], read_annotations("own", planted), planted, layers=["colour"])


def test_regions_that_match_no_picture_are_told_with_names_of_both(planted, tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("image,label,left,top,width,height\nother.jpg,face,1,1,3,2\n")
    with pytest.raises(
        InputError, match=r"no picture of planted has a region in boxes of .*: it speaks of other.jpg, the pictures are p0.png"
    ):
        build_probe(read_annotations(path), planted)


def test_a_category_that_is_not_there_is_told_with_those_that_are(planted, colours):
    with pytest.raises(InputError, match="is of the category 'green'; there are: blue, red"):
        dissect([colours], read_annotations("own", planted), planted, categories=["green"])


@pytest.mark.parametrize("model", ["gbvs", "centre-bias"])
def test_a_model_without_units_is_told(planted, model):
    with pytest.raises(InputError, match=f"{model} is no network: it has no units to look into; name an encoder"):
        dissect([model], read_annotations("own", planted), planted)


def test_networks_without_a_common_stage_are_told(planted, colours):
    other = Subject("other", build_encoder("mobilenet_v2", weights="none", taps=("features.1",)))
    with pytest.raises(InputError, match="hand-made, other have no stage of one name in common"):
        dissect([colours, other], read_annotations("own", planted), planted)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"quantile": 0}, "a share of activations"), ({"grid_step": 0}, "a step of 0"), ({"size": (0, 4)}, "1 or more")]
)
def test_settings_that_cannot_be_meant_are_told(wrong, message):
    with pytest.raises(InputError, match=message):
        Settings(**wrong)


def test_categories_and_pictures_can_be_chosen(planted, colours):
    found = dissect([colours], read_annotations("own", planted), planted, categories=["blue"], limit=3, settings=MATCHED, control=False)
    assert (len(found.probe), found.probe.table.categories, len(found.probe.table)) == (3, ("blue",), 3)
    # nothing to be compared with: no other region
    assert np.isnan(found.layers[0].values["auc"]).all()
    assert np.isnan(found.layers[0].values["relative_nss"]).all()
