"""Augmented pictures: gaze moves along with the window exactly, colours change as said, and everything is drawn from the generator alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import DataSet, Sample
from salquest.errors import InputError
from salquest.gaze import Fixations, Stimulus
from salquest.training.augmentation import Augmentation, View, Window
from salquest.training.batches import Examples, epoch_batches

HEIGHT, WIDTH = 40, 60


def generator(number: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(number))


@pytest.fixture
def painted(tmp_path: Path) -> DataSet:
    """One black picture whose fixated pixels are white."""
    at = np.array([(3, 4), (20, 30), (21, 31), (39, 59), (0, 0), (15, 44)])
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[at[:, 0], at[:, 1]] = 255
    Image.fromarray(pixels).save(tmp_path / "dots.png")
    looked = Fixations(at[:, 1] + 0.3, at[:, 0] - 0.4, (HEIGHT, WIDTH))
    return DataSet("dots", (Sample(Stimulus("dots.png", tmp_path / "dots.png", (HEIGHT, WIDTH)), looked),), pixels_per_degree=2.0)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("window", [None, Window(0, 0, 40, 60), Window(2, 3, 25, 41), Window(15, 20, 20, 40)])
def test_a_fixation_on_a_painted_pixel_stays_on_it(painted: DataSet, window: Window | None, mirrored: bool) -> None:
    size = (HEIGHT, WIDTH) if window is None else window.size
    examples = Examples(painted, size=size, map_size=size, sigma_px=2.0, viewed=True)
    batch = examples.batch([0], [mirrored], [1.0], views=[View(window)])
    np.testing.assert_array_equal(batch.targets.counts[0].numpy() > 0, batch.inputs[0, 0].numpy() == 1)
    assert batch.targets.counts.sum() == (6 if window is None or window == (0, 0, 40, 60) else {25: 3, 20: 3}[window.height])


def test_a_window_s_density_is_that_of_the_fixations_inside(painted: DataSet) -> None:
    window = Window(10, 20, 20, 30)
    examples = Examples(painted, size=(40, 60), map_size=(20, 30), sigma_px=2.0, viewed=True)
    density = examples.batch([0], [False], [1.0], views=[View(window)]).targets.density[0].numpy()
    rows, columns = np.mgrid[:20, :30]
    expected = sum(np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 2.0**2)) for y, x in ((10, 10), (11, 11), (5, 24)))
    np.testing.assert_allclose(density, expected / expected.sum(), atol=1e-6)


def test_the_prior_and_the_fixations_elsewhere_move_along(blobs: DataSet) -> None:
    examples = Examples(blobs, size=(48, 64), map_size=(24, 32), sigma_px=9.6, viewed=True)
    height, width = blobs.samples[0].stimulus.size
    left_half = View(Window(0, 0, height, width // 2))
    whole, half = (examples.batch([0], [False], [1.0], views=[view]).targets for view in (View(), left_half))
    assert half.form("elsewhere").sum() == pytest.approx(float(whole.form("elsewhere")[..., :16].sum()), rel=0.05)
    assert half.form("prior")[0, 12].argmax() > whole.form("prior")[0, 12].argmax()
    mirrored = examples.batch([0], [True], [1.0], views=[left_half]).targets
    np.testing.assert_array_equal(mirrored.form("prior"), half.form("prior").flip(-1))


def test_windows_lie_in_the_picture_within_the_ranges_and_hold_enough_gaze() -> None:
    augment = Augmentation(zoom=(0.5, 0.9), stretch=0.2, gaze=0.4)
    for number in range(200):
        view = augment.draw(generator(number), (HEIGHT, WIDTH), lambda window: window.left / WIDTH + 0.3)
        if view.window is not None:
            top, left, height, width = view.window
            assert 0 <= top <= HEIGHT - height
            assert 0.1 * WIDTH <= left <= WIDTH - width
            assert 0.5 / np.sqrt(1.2) - 0.02 <= height / HEIGHT <= min(1, 0.9 * np.sqrt(1.2)) + 0.02
            assert 1 / 1.25 <= (height / HEIGHT) / (width / WIDTH) <= 1.25


def test_a_picture_without_a_good_window_is_shown_whole() -> None:
    assert Augmentation(zoom=(0.5, 0.6)).draw(generator(), (HEIGHT, WIDTH), lambda window: 0.1).window is None


def test_nothing_asked_for_changes_nothing(blobs: DataSet) -> None:
    pixels = blobs.samples[0].stimulus.pixels()
    view = Augmentation().draw(generator(), pixels.shape[:2], lambda window: 1.0)
    assert view == View()
    np.testing.assert_array_equal(view.paint(pixels), pixels)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(brightness=0.5), (50, 25, 10)),
        # luma 0.299 * 100 + 0.587 * 50 + 0.114 * 20 = 61.53
        (View(saturation=0.0), (61.5, 61.5, 61.5)),
        # the mean luma of a plain picture is its own: contrast moves every channel away from it
        (View(contrast=2.0), (138.5, 38.5, 0)),
        (View(hue=1.0), (100, 50, 20)),
    ],
)
def test_colours_of_a_plain_picture_by_hand(view: View, expected: tuple[float, float, float]) -> None:
    plain = np.full((4, 4, 3), (100, 50, 20), np.uint8)
    np.testing.assert_allclose(view.paint(plain)[0, 0], expected, atol=1)


def test_a_turn_of_hue_keeps_the_luma_and_moves_the_colour() -> None:
    plain = np.full((4, 4, 3), (100, 60, 80), np.uint8)
    turned = View(hue=0.25).paint(plain)[0, 0].astype(float)
    assert turned @ [0.299, 0.587, 0.114] == pytest.approx(plain[0, 0] @ [0.299, 0.587, 0.114], abs=1.5)
    assert np.abs(turned - plain[0, 0]).max() > 10


def test_faults_are_mild_and_differ_from_the_picture(blobs: DataSet) -> None:
    pixels = blobs.samples[0].stimulus.pixels()
    for view in (View(blur=1.5), View(quality=30)):
        changed = view.paint(pixels).astype(float)
        assert changed.shape == pixels.shape
        assert 0.5 < np.abs(changed - pixels).mean() < 12


def test_what_is_shown_depends_on_seed_epoch_and_picture_alone(blobs: DataSet) -> None:
    augment = Augmentation(zoom=(0.6, 1.0), colour=0.3, hue=0.1, grey=0.2, blur=0.3, jpeg=0.3)
    examples = Examples(blobs, size=(48, 64), map_size=(12, 16), sigma_px=9.6, viewed=True)

    def epoch(seed: int, number: int, batch: int = 5) -> dict[str, tuple]:
        made = epoch_batches(examples, batch=batch, seed=seed, epoch=number, mirror=True, augment=augment)
        return {key: (one.inputs[row], one.targets.density[row]) for one in made for row, key in enumerate(one.keys)}

    first, again, other_batches = epoch(0, 1), epoch(0, 1), epoch(0, 1, batch=7)
    for key, (pixels, density) in first.items():
        for same in (again, other_batches):
            assert pixels.equal(same[key][0])
            assert density.equal(same[key][1])
    for other in (epoch(0, 2), epoch(1, 1)):
        assert sum(first[key][0].equal(other[key][0]) for key in first) == 0


def test_a_set_with_maps_alone_is_cropped_too(painted: DataSet, tmp_path: Path) -> None:
    bright = np.zeros((HEIGHT, WIDTH), np.uint8)
    bright[10, 20] = 200
    Image.fromarray(bright).save(tmp_path / "map.png")
    maps = replace(painted, samples=(replace(painted.samples[0], fixations=None, map_path=tmp_path / "map.png"),))
    examples = Examples(maps, size=(20, 30), map_size=(20, 30), sigma_px=2.0, viewed=True)
    density = examples.batch([0], [False], [1.0], views=[View(Window(5, 10, 20, 30))]).targets.density[0]
    assert (float(density[5, 10]), float(density.sum())) == (1.0, 1.0)
    away = Augmentation(zoom=(0.2, 0.2), gaze=0.9)
    windows = [examples.view(0, away, generator(number)).window for number in range(20)]
    assert all(w is None or (w.top <= 10 < w.top + w.height and w.left <= 20 < w.left + w.width) for w in windows)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"zoom": (0.9, 0.5)}, r"augment.zoom must be two shares of the sides, the least first, above 0 and up to 1; found \(0.9, 0.5\)"),
        ({"gaze": 0.0}, "augment.gaze must be a share above 0"),
        ({"hue": 0.7}, "augment.hue must be in 0..0.5 turns"),
        ({"blur": 1.5}, "augment.blur must be a share in 0..1"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(settings: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Augmentation(**settings).check()
