"""Two controls beside scores: how like the network's own map a unit is, and what the best of permuted units stay below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from planted_squares import HEIGHT, PICTURES, SIDE, UNITS, WIDTH, one_stage, predictor

from salquest.dissection import Settings, Subject, dissect, layer_table, read_annotations, unit_table
from salquest.dissection.cache import ArrayCache
from salquest.dissection.gathering import Gathering
from salquest.dissection.probe import build_probe
from salquest.dissection.scores import SCORES, LayerScores
from salquest.dissection.subjects import as_input
from salquest.dissection.summary import chance_high, chance_signs
from salquest.models.deep.network import build_network

SHARE = SIDE * SIDE / (HEIGHT * WIDTH)
SETTINGS = Settings(grid_step=1, quantile=SHARE, centred=False)


@pytest.fixture
def annotations(planted):
    return read_annotations("own", planted)


def test_a_unit_that_is_the_final_map_is_told_to_be_a_copy_of_it(planted, annotations):
    """The map is the red squares: of its unit r is 1, of blue squares -share / (1 - share), of a dead unit nothing is told."""
    units = [UNITS["red"], UNITS["blue"], (1.0, 1.0, -2.0), UNITS["dead"]]
    subject = Subject("red map", predictor([1.0, 0.0, 0.0, 0.0], *units))
    found = dissect([subject], annotations, planted, settings=SETTINGS, control=False)
    table = {row["unit"]: row["final_map_correlation"] for row in unit_table(found).rows()}
    # "red" is below 0 in blue squares, the map is not: two squares of 2 : -1
    mean = SHARE * (2 - 1)
    r_red = SHARE * (2 - mean) / np.sqrt(SHARE * (4 + 1) - mean**2) / np.sqrt(SHARE * (1 - SHARE))
    assert table[0] == pytest.approx((2 - mean) * SHARE / np.sqrt((5 * SHARE - mean**2) * SHARE * (1 - SHARE)), rel=1e-4)
    assert table[0] == pytest.approx(r_red, rel=1e-4)
    assert table[3] is None
    row = next(row for row in layer_table(found).rows() if (row["score"], row["category"]) == ("region_nss", "red"))
    best = [int(unit) for unit in row["best"].split()]
    assert row["copies"] == sum(table[unit] > 0.9 for unit in best)


def test_r_is_that_of_the_maps_on_the_picture_meaned_over_pictures(planted, annotations):
    torch.manual_seed(4)
    network = build_network("light", weights="none", taps=("features.3",), activation="softmax", size=(48, 64), map_size=(12, 16)).eval()
    found = dissect(
        [Subject("network", network)], annotations, planted, layers=["features.1", "features.3"], settings=SETTINGS, control=False
    )
    expected = {"features.1": [], "features.3": []}
    for sample in planted:
        features = (as_input(sample.stimulus.pixels(), (48, 64), torch.device("cpu")) - network.encoder.mean) / network.encoder.std
        final = network.predict_pixels(sample.stimulus.pixels()).values.astype(np.float64).reshape(-1)
        with torch.no_grad():
            for index, stage in enumerate(network.encoder.features):
                features = stage(features)
                if index in (1, 3):
                    maps = F.interpolate(features.double(), (HEIGHT, WIDTH), mode="bilinear", align_corners=False)[0].flatten(1).numpy()
                    expected[f"features.{index}"].append([np.corrcoef(one, final)[0, 1] if np.ptp(one) else 0 for one in maps])
    for layer in found.layers:
        live = layer.statistics.scored
        np.testing.assert_allclose(layer.likeness[live], np.mean(expected[layer.layer], axis=0)[live], atol=2e-4)


def test_a_bare_encoder_has_no_final_map(planted, annotations, colours):
    found = dissect([colours], annotations, planted, settings=SETTINGS, control=False)
    assert {row["final_map_correlation"] for row in unit_table(found).rows()} == {None}
    assert {row["copies"] for row in layer_table(found).rows()} == {None}


def test_another_decoder_on_the_same_encoder_never_meets_old_correlations(planted, annotations, tmp_path):
    units = [UNITS["red"], UNITS["blue"]]

    def run(weights, cache):
        found = dissect([Subject("map", predictor(weights, *units))], annotations, planted, settings=SETTINGS, control=False, cache=cache)
        return [row["final_map_correlation"] for row in unit_table(found).rows()]

    red = run([1.0, 0.0], tmp_path)
    assert run([0.0, 1.0], tmp_path) == run([0.0, 1.0], None) != red
    assert run([1.0, 0.0], tmp_path) == red


def noise_units(number: int) -> list[tuple[float, float, float]]:
    draw = np.random.Generator(np.random.PCG64(11))
    return [tuple(row) for row in draw.normal(size=(number, 3)).tolist()]


def test_the_chance_point_agrees_with_that_of_real_permutations(planted, annotations):
    """The network is looked into with many seeds, each of which permutes otherwise: how often the best lie above the point."""
    subject, probe = Subject("noise", one_stage(*noise_units(16))), build_probe(annotations, planted)
    highs, tops = {score: [] for score in SCORES}, {score: [] for score in SCORES}
    for seed in range(16):
        settings = replace(SETTINGS, seed=seed)
        gathering = Gathering(subject, ["colours"], probe, [(HEIGHT, WIDTH)] * PICTURES, settings, ArrayCache(None))
        statistics = gathering.statistics()["colours"]
        gathering.gather({"colours": statistics})
        layer = LayerScores(gathering.responses("colours", statistics), probe.table, PICTURES)
        for score in SCORES:
            permuted = layer.scores(score, 0, "permuted")
            highs[score].append(chance_high(permuted, statistics, chance_signs(PICTURES, seed)))
            tops[score].append(np.sort(permuted.value)[-10:].mean())
    for score in SCORES:
        # 5 % wanted; eight pictures tell their own spread roughly, and 16 seeds the share to 5.4 % (one error)
        assert np.mean(np.array(tops[score]) > np.median(highs[score])) <= 0.19, score
        assert np.median(highs[score]) < 1.35 * np.quantile(tops[score], 0.95) + 0.02, score


def test_the_chance_point_stands_beside_one_permutation_in_the_table(planted, annotations):
    found = dissect([Subject("red", one_stage(UNITS["red"]))], annotations, planted, settings=SETTINGS, control=False)
    for row in layer_table(found).rows():
        assert np.isfinite(row["permuted_high"])
        if row["category"] == "red":
            assert row["permuted_high"] < row["top_ten"]
