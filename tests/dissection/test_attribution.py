"""Which pixels drive a prediction: networks made by hand look at known pixels, and nothing else is blamed."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from planted_squares import one_stage
from torch import nn

from salquest.cli.app import main
from salquest.dissection import Place, Region, Subject, attribute, randomisation_check, region_shares
from salquest.dissection.attribution import laid_on, target_of
from salquest.dissection.subjects import as_input
from salquest.errors import InputError, MissingExtra
from salquest.gaze import resize_map
from salquest.models.deep.network import SaliencyNetwork, build_network

pytest.importorskip("captum")

HEIGHT, WIDTH = 48, 64
PATCH = (slice(8, 20), slice(40, 56))
PLACE = Place.region(4, 30, 10, 12)
METHODS = ["integrated-gradients", "input-x-gradient", "occlusion"]


class Watcher(nn.Module):
    """A decoder that looks at one patch only: the redder it is, the higher the map in the place."""

    def __init__(self, curved: bool) -> None:
        super().__init__()
        self.curved = curved

    def forward(self, taps):
        seen = taps[0][:, 0, *PATCH].mean(dim=(1, 2))
        height = seen.square() if self.curved else seen
        mask = torch.zeros(HEIGHT, WIDTH)
        mask[30:42, 4:14] = 1
        return 3 * height[:, None, None] * mask


def watcher(*, curved: bool = True, activation="softmax") -> Subject:
    """Its one unit is red."""
    encoder = one_stage((1.0, 0.0, 0.0))
    network = SaliencyNetwork(encoder, Watcher(curved), activation=activation, size=(HEIGHT, WIDTH), map_size=(HEIGHT, WIDTH))
    return Subject("watcher", network)


@pytest.fixture
def picture() -> np.ndarray:
    draw = np.random.Generator(np.random.PCG64(3))
    return draw.integers(30, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> Subject:
    return Subject("mobile", build_network("mobile", weights="none", activation="softmax", size=(32, 48), map_size=(16, 24), seed=3).eval())


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    draw = np.random.Generator(np.random.PCG64(5))
    coarse = Image.fromarray(draw.integers(0, 255, (8, 10, 3)).astype(np.uint8))
    return np.asarray(coarse.resize((100, 80), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("quantity", ["log-density", "z-score"])
@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_looks_at_one_patch_blames_that_patch_only(picture, method, quantity):
    found = attribute(watcher(), picture, PLACE, method=method, quantity=quantity, baseline="grey")
    assert found.values.shape == (HEIGHT, WIDTH)
    beside = found.values.copy()
    # windows of occlusion that touch the patch reach as far as they are wide
    reach = 6 if method == "occlusion" else 0
    beside[PATCH[0].start - reach : PATCH[0].stop + reach, PATCH[1].start - reach : PATCH[1].stop + reach] = 0
    # a batch of another size may round otherwise
    np.testing.assert_allclose(beside, 0, atol=1e-6 if method == "occlusion" else 0)
    if quantity == "log-density":  # its z-score is the same however high the place stands
        assert found.values[PATCH].sum() > 0


@pytest.mark.parametrize(("steps", "gap"), [(64, 1e-5), (2, 0.2)])
def test_integrated_gradients_add_up_to_the_difference_of_the_targets(picture, steps, gap):
    """ln p of the place is 3 r^2 - ln(120 exp(3 r^2) + rest) with r the mean red of the patch, and 0 in its place for the black grey."""
    found = attribute(watcher(), picture, PLACE, baseline="grey", steps=steps)
    red = picture[PATCH][..., 0].mean() / 255
    inside, rest = 120, HEIGHT * WIDTH - 120
    assert found.target == pytest.approx(3 * red**2 - math.log(inside * math.exp(3 * red**2) + rest), rel=1e-5)
    assert found.baseline_target == pytest.approx(-math.log(HEIGHT * WIDTH), rel=1e-6)
    assert found.gap == pytest.approx(found.values.sum() - (found.target - found.baseline_target), abs=1e-5)
    assert abs(found.gap) < gap


def test_each_pixel_of_a_linear_network_gets_its_own_share(picture):
    """With a map that is linear in red every method but occlusion gives a pixel its red times one factor."""
    for method in METHODS[:2]:
        found = attribute(watcher(curved=False), picture, PLACE, method=method, baseline="grey")
        shares = found.values[PATCH] / picture[PATCH][..., 0]
        assert shares.std() < 1e-5 * shares.mean()


def test_the_gap_of_a_real_network_closes_with_more_steps(network, photo):
    gaps = [abs(attribute(network, photo, Place.region(20, 20, 30, 20), steps=steps, batch=16).gap) for steps in (2, 48)]
    assert gaps[1] < 0.25 * gaps[0]


def test_occlusion_is_the_fall_of_the_target(picture):
    """Meaned over the windows of 6 x 6 pixels, 3 apart, that cover a pixel; worked out for one pixel of the patch."""
    found = attribute(watcher(curved=False), picture, PLACE, method="occlusion", baseline="grey")
    red = picture[..., 0] / 255

    def target(shown):
        height = 3 * shown[PATCH].mean()
        return height - math.log(120 * math.exp(height) + HEIGHT * WIDTH - 120)

    row, column, falls = 13, 47, []
    for top in range(0, HEIGHT, 3):
        for left in range(0, WIDTH, 3):
            if top <= row < top + 6 and left <= column < left + 6:
                hidden = red.copy()
                hidden[top : top + 6, left : left + 6] = 0
                falls.append(target(red) - target(hidden))
    assert len(falls) == 4
    assert found.values[row, column] == pytest.approx(np.mean(falls), rel=1e-4)


def test_the_target_is_read_from_the_map_that_is_predicted(network, photo):
    place = Place.region(10, 12, 40, 30)
    mask, shown = place.mask((80, 100)), (80, 100)
    density = network.network.predict_pixels(photo).density()
    inputs = as_input(photo, (32, 48), torch.device("cpu"))
    with torch.no_grad():
        logarithm = float(target_of(network.network, place, shown, (32, 48), "log-density")(inputs))
        z_score = float(target_of(network.network, place, shown, (32, 48), "z-score")(inputs))
    # interpolated before the logarithm or after it
    assert logarithm == pytest.approx(np.log(density[mask]).mean(), abs=0.01)
    assert z_score == pytest.approx(((density - density.mean()) / density.std())[mask].mean(), rel=1e-4)


def test_points_are_regions_of_one_pixel_and_several_places_are_meaned(network, photo):
    two = attribute(network, photo, Place.at((30, 20), (60, 50)), method="input-x-gradient")
    each = [attribute(network, photo, Place.at(point), method="input-x-gradient") for point in ((30, 20), (60, 50))]
    assert two.target == pytest.approx((each[0].target + each[1].target) / 2, rel=1e-6)
    np.testing.assert_allclose(two.values, (each[0].values + each[1].values) / 2, atol=1e-6)


@pytest.mark.parametrize("size", [(24, 30), (12, 15), (7, 40), (24, 15)])
def test_values_laid_on_a_picture_of_another_size_keep_their_sum(size):
    values = np.random.default_rng(1).normal(size=(12, 15))
    laid = laid_on(values, size)
    assert laid.shape == size
    assert laid.sum() == pytest.approx(values.sum(), abs=1e-4)
    # in the middle they lie as a resized picture does
    spread = resize_map(values, size) * (values.size / laid.size)
    assert np.corrcoef(laid.reshape(-1), spread.reshape(-1))[0, 1] > 0.95


def test_weights_drawn_at_random_give_another_attribution(network, photo):
    """The check of Adebayo 2018: of the network itself r is 1, of the one with random weights far from it."""
    place = Place.region(20, 20, 30, 20)
    found = attribute(network, photo, place, steps=8)
    assert np.array_equal(attribute(network, photo, place, steps=8).values, found.values)
    assert randomisation_check(network, photo, found, steps=8) < 0.9


def test_a_network_whose_map_is_rectified_is_asked_for_z_scores(picture):
    found = attribute(watcher(activation="relu"), picture, PLACE, method="input-x-gradient")
    assert found.quantity == "z-score"


def test_regions_are_told_their_shares(picture):
    """The network looks at the patch alone: a region that covers half of it has half of all, in an eighth of the picture's rows."""
    found = attribute(watcher(), picture, PLACE, method="input-x-gradient", baseline="grey")
    whole, half, beside = (np.zeros((HEIGHT, WIDTH), dtype=bool) for _ in range(3))
    whole[PATCH] = True
    half[8:14, 40:56] = True
    beside[30:40, :20] = True
    regions = [Region.of_mask(names, mask) for names, mask in (({"beside"}, beside), ({"half"}, half), ({"whole", "patch"}, whole))]
    shares = region_shares(found, regions)
    assert [one.categories for one in shares] == [("patch", "whole"), ("half",), ("beside",), ()]
    values = np.abs(found.values.astype(float))
    assert shares[0].share == pytest.approx(1)
    assert shares[0].over_area == pytest.approx(HEIGHT * WIDTH / (12 * 16))
    assert shares[1].share == pytest.approx(values[half].sum() / values.sum())
    assert shares[1].value == pytest.approx(found.values[half].sum(), rel=1e-5)
    assert (shares[2].share, shares[3].share) == (0, 0)
    assert shares[3].pixels == HEIGHT * WIDTH - 12 * 16 - 200
    with pytest.raises(InputError, match="the picture has no regions"):
        region_shares(found, [])
    with pytest.raises(InputError, match="regions reach beyond the picture of 64 x 48 pixels"):
        region_shares(found, [Region(frozenset({"x"}), 47, 0, np.ones((2, 2), dtype=bool))])


# --- bad input


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Place.region(60, 0, 10, 10), r"the region 60,0,10,10 does not lie in the picture, which is 64 x 48 pixels \(width x height\)"),
        (Place.at((64, 3)), "the pixel 64,3 does not lie in the picture"),
        (Place.region(3, 3, 0, 5), "the region 3,3,0,5 does not lie"),
        (Place(()), "say what the attribution is about"),
    ],
)
def test_a_place_outside_the_picture_is_told(picture, place, message):
    with pytest.raises(InputError, match=message):
        attribute(watcher(), picture, place)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "gradcam"}, "no method is called 'gradcam'; there are: integrated-gradients, input-x-gradient, occlusion"),
        ({"baseline": "white"}, "no baseline is called 'white'; there are: blurred, grey"),
        ({"quantity": "height"}, "no quantity is called 'height'; there are: log-density, z-score"),
        ({"steps": 0}, "1 or more steps"),
    ],
)
def test_names_that_are_not_known_are_told(picture, asked, message):
    with pytest.raises(InputError, match=message):
        attribute(watcher(), picture, PLACE, **asked)


def test_the_logarithm_of_a_rectified_map_is_refused(picture):
    with pytest.raises(InputError, match="only a softmax map has a logarithm everywhere; this network's is a relu: take the z-score"):
        attribute(watcher(activation="relu"), picture, PLACE, quantity="log-density")


def test_an_encoder_is_told_that_it_predicts_no_map(picture):
    with pytest.raises(InputError, match="hand-made is an encoder: it predicts no map"):
        attribute(Subject("hand-made", one_stage((1.0, 0.0, 0.0))), picture, PLACE)


def test_without_captum_the_part_that_brings_it_is_named(picture, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'salquest\[attribution\]'"):
        attribute(watcher(), picture, PLACE)


# --- the command


@pytest.fixture
def run_of(network, tmp_path, monkeypatch):
    """`mobile` is the small network, so that the command is quick."""
    monkeypatch.setattr("salquest.dissection.attribution.open_subject", lambda word, device: word if isinstance(word, Subject) else network)


@pytest.mark.usefixtures("run_of")
def test_the_command_leaves_values_overlay_and_numbers(photo, tmp_path, capsys):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    words = ["attribute", str(tmp_path / "photo.png"), "--region", "20,20,30,20", "--at", "5,6", "--steps", "4", "--check"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--out", str(tmp_path / "out"), "--json"])
    assert stopped.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((tmp_path / "out" / "photo.attribution.json").read_text())
    assert told["place"] == [[5, 6, 1, 1], [20, 20, 30, 20]]
    values = np.load(tmp_path / "out" / "photo.attribution.npy")
    assert values.shape == photo.shape[:2]
    assert values.sum() - (told["target"] - told["baseline_target"]) == pytest.approx(told["gap"], abs=1e-4)
    assert -1 <= told["correlation_with_random_weights"] <= 1
    with Image.open(tmp_path / "out" / "photo.attribution.png") as overlay:
        assert overlay.size == (100, 80)


@pytest.mark.usefixtures("run_of")
def test_the_command_shares_out_among_annotated_regions(photo, tmp_path, capsys):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    mask = np.zeros((80, 100), np.uint8)
    mask[20:40, 20:50] = 255
    (tmp_path / "masks" / "dog").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "masks" / "dog" / "photo.png")
    words = ["attribute", str(tmp_path / "photo.png"), "--at", "25,25", "--steps", "4", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--regions", str(tmp_path / "masks")])
    assert stopped.value.code == 0
    assert "outside all regions" in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "photo.attribution.json").read_text())["regions"]
    assert [(one["categories"], one["pixels"]) for one in told] == [(["dog"], 600), ([], 7400)]
    assert told[0]["share"] + told[1]["share"] == pytest.approx(1)
    Image.fromarray(photo).save(tmp_path / "other.png")
    words[1] = str(tmp_path / "other.png")
    with pytest.raises(SystemExit) as stopped:
        main([*words[:-1], str(tmp_path / "second"), "--regions", str(tmp_path / "masks")])
    assert stopped.value.code == 2
    assert "has no regions of a picture called other.png; it knows photo" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


@pytest.mark.usefixtures("run_of")
def test_a_data_set_alone_means_its_own_regions_of_its_own_file(planted_folder, tmp_path, capsys):
    words = ["--at", "3,3", "--steps", "2", "--data", f"planted={planted_folder}", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stopped:
        main(["attribute", str(planted_folder / "stimuli" / "p0.png"), *words])
    assert stopped.value.code == 0
    told = json.loads((tmp_path / "out" / "p0.attribution.json").read_text())["regions"]
    assert sorted(one["categories"] for one in told) == [[], ["blue"], ["red"]]
    Image.new("RGB", (64, 48)).save(tmp_path / "p0.png")
    words[-1] = str(tmp_path / "second")
    with pytest.raises(SystemExit) as stopped:
        main(["attribute", str(tmp_path / "p0.png"), *words])
    assert stopped.value.code == 2
    assert "has 64 x 48 pixels and planted's picture of that name 32 x 24: its regions do not fit" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "5"], "--at takes X,Y in whole pixels of the picture; found '5'"),
        (["--region", "1,2,3"], "--region takes LEFT,TOP,WIDTH,HEIGHT"),
        ([], "say what the attribution is about"),
    ],
)
@pytest.mark.usefixtures("run_of")
def test_the_command_tells_what_it_cannot_read(photo, tmp_path, capsys, words, message):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    with pytest.raises(SystemExit) as stopped:
        main(["attribute", str(tmp_path / "photo.png"), *words, "--out", str(tmp_path / "out")])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert "captum" in sys.modules
