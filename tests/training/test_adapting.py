"""Fitting an adaptation: planted numbers are found again, gaze becomes likelier, few pictures move little, and what does not help is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import DataSet, Sample
from salquest.errors import InputError
from salquest.gaze import Fixations, SaliencyMap, Stimulus, as_density, blur, resize_map
from salquest.models.adaptation import Adaptation
from salquest.models.adapted_network import AdaptedNetwork
from salquest.models.contract import Network
from salquest.training.adapting import choose, fit_adaptation

SIZE = (48, 64)
SCALES = (0.5, 1.0, 2.0)


class Kept(Network):
    """A network whose densities were made before: another one at every scale; the first pixel of a picture says which picture it is."""

    name = "kept"

    def __init__(self, densities: Mapping[int, Mapping[float, np.ndarray]]) -> None:
        self.densities = densities

    def predict_pixels(self, pixels, *, scale=1.0, size=None):
        found = self.densities[int(pixels[0, 0, 0])][scale]
        return SaliencyMap(as_density(resize_map(found, size or SIZE)).astype(np.float32), "density")


def planted(folder: Path, truth: Adaptation, *, pictures: int = 60, fixations: int = 400, seed: int = 1) -> tuple[Kept, DataSet]:
    """Smooth random densities at three scales, and fixations drawn from what `truth` makes of them."""
    draw = np.random.Generator(np.random.PCG64(seed))
    kept, samples = {}, []
    for number in range(pictures):
        maps = {scale: blur(draw.normal(size=SIZE), 3.0, border="reflect") for scale in SCALES}
        kept[number] = {scale: as_density(np.exp(1.5 * values / values.std())) for scale, values in maps.items()}
        density = truth.densities(np.stack([kept[number][scale] for scale in truth.scales]))
        cells = draw.choice(density.size, fixations, p=(density / density.sum()).reshape(-1))
        path = folder / f"{number:02d}.png"
        Image.fromarray(np.full((*SIZE, 3), number, dtype=np.uint8)).save(path)
        samples.append(Sample(Stimulus(path.name, path, SIZE), Fixations(cells % SIZE[1], cells // SIZE[1], SIZE)))
    return Kept(kept), DataSet("planted", tuple(samples), pixels_per_degree=4.0)


def fit(network: Network, data: DataSet, *, fitting: int = 40, scales: tuple[float, ...] = SCALES):
    return fit_adaptation(network, data.subset(data.keys[:fitting]), data.subset(data.keys[fitting:]), scales=scales)


def test_planted_numbers_are_found_again(tmp_path: Path) -> None:
    truth = Adaptation(scales=SCALES, weights=(0.6, 0.3, 0.1), slopes=(1.3, 1.3, 1.3, 1.3), centre=(0.4, -0.3, -0.8, 0.5))
    found = fit(*planted(tmp_path, truth)).adaptation
    np.testing.assert_allclose(found.weights, truth.weights, atol=0.06)
    np.testing.assert_allclose(found.slopes[1:3], truth.slopes[1:3], atol=0.15)  # where nearly all pixels are
    np.testing.assert_allclose(found.centre, truth.centre, atol=0.12)


def test_a_planted_blur_is_found_again(tmp_path: Path) -> None:
    found = fit(*planted(tmp_path, Adaptation(spread=0.06)), scales=(1.0,)).adaptation
    assert found.spread == pytest.approx(0.06, abs=0.01)
    np.testing.assert_allclose(found.centre, 0, atol=0.1)


def test_planted_lapses_are_found_again_as_a_density(tmp_path: Path) -> None:
    truth = Adaptation(lapses=0.2)  # a flatter low stretch says nearly the same
    network, data = planted(tmp_path, truth)
    found = fit(network, data, scales=(1.0,)).adaptation
    assert found.lapses > 0.05
    predicted = np.stack([network.densities[number][1.0] for number in range(40, 60)])[None]
    true, ours, plain = truth.densities(predicted), found.densities(predicted), predicted[0]
    away = [(true * np.log(true / other)).sum(axis=(-2, -1)).mean() for other in (ours, plain)]
    assert away[0] < 0.05 * away[1]


def test_gaze_becomes_likelier_on_pictures_old_and_new(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(slopes=(0.5, 0.5, 0.5, 0.5), centre=(0, 0, -1, 0)), fixations=100)
    found = fit(network, data)
    assert found.after > found.before + 0.1
    assert found.helped
    assert found.gain.low > 0
    assert (len(found.fitted_to), len(found.checked_on)) == (40, 20)


def test_a_network_that_is_right_is_hardly_moved(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(), fixations=2000)
    found = fit(network, data).fitted
    assert found.weights[1] > 0.95
    np.testing.assert_allclose(found.slopes, 1, atol=0.1)
    np.testing.assert_allclose(found.centre, 0, atol=0.1)
    assert found.spread < 0.01


def test_fewer_pictures_move_the_numbers_less(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(centre=(0, 0, -2, 0)), fixations=60)
    few, many = (fit(network, data, fitting=number, scales=(1.0,)).fitted.centre[2] for number in (5, 50))
    assert -2 < many < few < -0.3


def test_what_does_not_help_on_other_pictures_is_left_out(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(centre=(1.5, 0, 0, 0)))
    mirrored = tuple(Sample(one.stimulus, one.fixations.mirrored()) for one in data.samples[40:])
    found = fit_adaptation(network, data.subset(data.keys[:40]), DataSet("mirrored", mirrored), scales=(1.0,))
    assert not found.helped
    assert found.gain.high < 0
    assert found.adaptation.is_identity
    assert found.fitted.centre[0] > 1
    pixels = data.samples[50].stimulus.pixels()
    assert np.array_equal(AdaptedNetwork(network, found.adaptation).predict(pixels).values, network.predict(pixels).values)


def test_maps_without_fixations_stand_for_them(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(), pictures=12)
    samples = []
    for number, sample in enumerate(data):
        map_path = tmp_path / f"map{number}.png"
        looked = network.densities[number][1.0] ** 2
        Image.fromarray(np.round(looked / looked.max() * 255).astype(np.uint8)).save(map_path)
        samples.append(Sample(sample.stimulus, map_path=map_path))
    found = fit(network, DataSet("maps", tuple(samples)), fitting=8, scales=(1.0,))
    assert found.helped
    assert found.fitted.slopes[2] == pytest.approx(2, abs=0.1)


def test_the_same_seed_chooses_the_same_pictures_that_somebody_looked_at(tmp_path: Path) -> None:
    _, data = planted(tmp_path, Adaptation(), pictures=20, fixations=5)
    unseen = Sample(data.samples[0].stimulus, Fixations([], [], SIZE))
    data = DataSet("some", (unseen, *data.samples[1:]))
    chosen = choose(data, data.keys, 6, seed=3)
    assert chosen.keys == choose(data, tuple(reversed(data.keys)), 6, seed=3).keys != choose(data, data.keys, 6, seed=4).keys
    assert len(choose(data, data.keys, 50, seed=3)) == 19


@pytest.mark.parametrize("number", [4, 501])
def test_too_few_or_too_many_pictures_are_told(tmp_path: Path, number: int) -> None:
    _, data = planted(tmp_path, Adaptation(), pictures=6, fixations=5)
    with pytest.raises(InputError, match=f"an adaptation is fitted to 5 to 500 pictures; found {number}"):
        choose(data, data.keys, number, 0)


def test_pictures_and_scales_that_cannot_do_are_told(tmp_path: Path) -> None:
    network, data = planted(tmp_path, Adaptation(), pictures=6, fixations=5)
    with pytest.raises(InputError, match=r"planted has 4 and 2$"):
        fit(network, data, fitting=4)
    with pytest.raises(InputError, match=r"planted has 6 and 0$"):
        fit(network, data, fitting=6)
    with pytest.raises(InputError, match="1 is one of its scales"):
        fit(network, data, fitting=5, scales=(0.5, 2.0))
