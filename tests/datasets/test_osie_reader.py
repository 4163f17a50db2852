"""OSIE as its authors distribute it, on a tree in miniature: a MATLAB cell array of pictures, each with a cell array of observers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from salquest.datasets import Problem, load_dataset
from salquest.datasets.osie import read_osie
from salquest.errors import BrokenFile, DataNotFound


def cells(entries: list) -> np.ndarray:
    """A MATLAB cell array."""
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


def looked(*fixations: tuple[float, float, float]) -> dict[str, np.ndarray]:
    x, y, duration = (np.array([fixation[i] for fixation in fixations], dtype=float) for i in range(3))
    return {"fix_x": x, "fix_y": y, "fix_duration": duration}


def write_osie(folder: Path, gaze: dict[str, list[dict[str, np.ndarray]]], *, pictures: tuple[str, ...] = ("1001.jpg", "1002.jpg")) -> Path:
    (folder / "stimuli").mkdir(parents=True)
    (folder / "eye").mkdir()
    for key in pictures:
        Image.new("RGB", (80, 60), (90, 90, 90)).save(folder / "stimuli" / key)
    savemat(folder / "eye" / "fixations.mat", {"fixations": cells([{"img": key, "subjects": cells(paths)} for key, paths in gaze.items()])})
    return folder


GAZE = {
    "1001.jpg": [looked((1, 1, 200), (80.4, 60.4, 150)), looked(), looked((40.5, 30.25, 90))],
    "1002.jpg": [looked((10, 10, 100)), looked((11, 11, 100)), looked((12, 12, 100), (95, 10, 50))],
}


def test_pixels_are_counted_from_1(tmp_path):
    found = read_osie(write_osie(tmp_path, GAZE))["1001.jpg"].fixations
    np.testing.assert_allclose([found.x, found.y], [[0, 79.4, 39.5], [0, 59.4, 29.25]])


def test_origin_0_takes_the_numbers_as_they_are(tmp_path):
    found = read_osie(write_osie(tmp_path, GAZE), origin=0)
    assert found["1001.jpg"].fixations.x.tolist() == [1, 40.5]
    assert Problem("fixations outside the picture", "1001.jpg", "dropped", 1) in found.problems


def test_observers_order_and_durations_are_kept(tmp_path):
    found = read_osie(write_osie(tmp_path, GAZE))["1001.jpg"].fixations
    assert (found.observer.tolist(), found.order.tolist(), found.duration_ms.tolist()) == ([1, 1, 3], [1, 2, 1], [200, 150, 90])


def test_an_empty_scan_path_and_gaze_outside_are_counted(tmp_path):
    assert read_osie(write_osie(tmp_path, GAZE)).problems == (
        Problem("observers without fixations", "1001.jpg", "the others are used"),
        Problem("fixations outside the picture", "1002.jpg", "dropped"),
    )


def test_everybody_counts_as_an_observer_even_who_looked_nowhere_on_one_picture(tmp_path):
    data = read_osie(write_osie(tmp_path, GAZE))
    assert (data.observers, data.pixels_per_degree, data.first_fixation) == (3, 24, "kept")


def test_pictures_without_gaze_and_broken_pictures_are_skipped(tmp_path):
    folder = write_osie(tmp_path, {"1001.jpg": GAZE["1001.jpg"]}, pictures=("1001.jpg", "1002.jpg", "1003.jpg"))
    (folder / "stimuli" / "1003.jpg").write_bytes(b"nothing")
    data = read_osie(folder)
    assert data.keys == ("1001.jpg",)
    assert data.problems[1:] == (
        Problem("picture without fixations or map", "1002.jpg", "picture skipped"),
        Problem("picture that cannot be read", "1003.jpg", "picture skipped"),
    )


@pytest.mark.parametrize("paths", [[looked(), looked()], [looked((500, 500, 9))]])
def test_a_picture_without_a_single_usable_fixation_is_skipped(paths, tmp_path):
    data = read_osie(write_osie(tmp_path, {**GAZE, "1002.jpg": paths}))
    assert data.keys == ("1001.jpg",)
    assert data.problems[-1] == Problem("picture without fixations or map", "1002.jpg", "picture skipped")


def test_one_picture_and_one_observer_are_read_too(tmp_path):
    data = read_osie(write_osie(tmp_path, {"1001.jpg": [looked((5, 6, 7))]}, pictures=("1001.jpg",)))
    assert (data["1001.jpg"].fixations.x.tolist(), data.observers) == ([4], 1)


@pytest.mark.parametrize("inner", [".", "data"])
def test_the_repository_and_its_data_folder_are_both_found(inner, tmp_path):
    write_osie(tmp_path / "osie" / inner, GAZE)
    assert len(load_dataset("osie", tmp_path / "osie")) == 2


def test_the_first_fixation_can_be_dropped_when_asked_for(tmp_path):
    data = load_dataset("osie", write_osie(tmp_path, GAZE), drop_first=True)
    assert (data["1001.jpg"].fixations.order.tolist(), data.first_fixation) == ([2], "dropped")


def test_without_stimuli_it_is_not_osie(tmp_path):
    folder = write_osie(tmp_path, GAZE)
    (folder / "stimuli").rename(folder / "images")
    with pytest.raises(DataNotFound, match=r"OSIE as distributed has data/eye/fixations.mat and data/stimuli/; .* lacks them"):
        read_osie(folder)


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"image,x,y\n" * 40),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "damaged": lambda path: path.write_bytes(path.read_bytes()[:200] + b"\xaa" * 200 + path.read_bytes()[400:]),
    "damaged and compressed": lambda path: (
        savemat(path, {"fixations": np.arange(9e3)}, do_compression=True),
        path.write_bytes(path.read_bytes()[:200] + b"\xaa" * 200 + path.read_bytes()[400:]),
    ),
    "another variable": lambda path: savemat(path, {"gaze": np.zeros(3)}),
    "numbers where pictures should be": lambda path: savemat(path, {"fixations": np.zeros(3)}),
    "x without y": lambda path: savemat(
        path, {"fixations": cells([{"img": "1001.jpg", "subjects": cells([{**looked((1, 1, 1)), "fix_y": np.zeros(2)}])}])}
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_is_not_the_table_of_fixations_is_refused(what, tmp_path):
    folder = write_osie(tmp_path, GAZE)
    BROKEN[what](folder / "eye" / "fixations.mat")
    with pytest.raises(BrokenFile, match=r"fixations.mat is not OSIE's table of fixations"):
        read_osie(folder)
