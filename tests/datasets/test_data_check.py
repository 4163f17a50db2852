"""`data check`: everything is decoded once, counted, and what is wrong is named."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import check_dataset, load_dataset


@pytest.fixture
def own(tiny_set, tmp_path):
    """A copy of the tiny set that may be spoilt."""
    return shutil.copytree(tiny_set, tmp_path / "own")


def report_of(folder):
    return check_dataset(load_dataset("own", folder))


def kinds(report):
    return [(problem.kind.split(" (")[0], problem.key) for problem in report.problems]


def test_a_sound_set_is_counted_and_usable(own):
    report = report_of(own)
    assert (report.pictures, report.observers, report.fixations, report.scanpaths, report.maps) == (12, 4, 240, 48, 0)
    assert (report.sizes, report.parts, report.problems, report.is_usable) == (
        {(48, 64): 12},
        {"train": 8, "val": 2, "test": 2},
        (),
        True,
    )


def test_the_lines_say_it_in_words(own):
    assert report_of(own).lines() == [
        "own: 12 pictures (64 x 48 px), 4 observers, 240 fixations in 48 scan paths",
        f"  4 pixels per degree; first fixation kept; edition {load_dataset('own', own).edition()}",
        "  parts: train 8, val 2, test 2",
        "  nothing strange found",
    ]


def test_the_json_says_the_same(own):
    said = json.loads(report_of(own).to_json())
    assert (said["fixations"], said["sizes"], said["usable"]) == (240, [{"height": 48, "width": 64, "pictures": 12}], True)


def test_a_picture_cut_short_is_found_by_decoding_it(own):
    path = own / "stimuli" / "blobs03.png"
    path.write_bytes(path.read_bytes()[:-2000])
    report = report_of(own)
    assert (kinds(report), report.is_usable) == ([("broken picture", "blobs03.png")], False)


@pytest.mark.parametrize("content", ["nothing", "of another size"])
def test_a_broken_map_is_named(content, own):
    (own / "maps").mkdir()
    path = own / "maps" / "blobs03.png"
    {"nothing": lambda: path.write_bytes(b""), "of another size": lambda: Image.new("L", (9, 9), 5).save(path)}[content]()
    report = report_of(own)
    assert (kinds(report), report.maps) == ([("broken map", "blobs03.png")], 1)


def test_broken_labels_are_named(own):
    (own / "labels").mkdir()
    (own / "labels" / "blobs05.png").write_bytes(b"nothing")
    assert kinds(report_of(own)) == [("broken labels", "blobs05.png")]


def test_a_part_that_names_an_absent_picture_is_told(own):
    (own / "split.csv").write_text("image,split\nblobs00.png,train\nlost.png,val\n")
    assert kinds(report_of(own)) == [("picture that part val names is not there", "lost.png")]


def test_equal_problems_share_a_line_that_counts_them_and_names_five(own):
    for number in range(7):
        (own / "stimuli" / f"note{number}.txt").write_text("")
    line = "  file that is no picture in stimuli/: 7 (ignored): note0.txt, note1.txt, note2.txt, note3.txt, note4.txt and 2 more"
    assert line in report_of(own).lines()


def test_several_sizes_are_told_with_the_most_frequent(own):
    Image.fromarray(np.zeros((50, 70, 3), np.uint8)).save(own / "stimuli" / "blobs00.png")
    assert "12 pictures (2 sizes, most often 64 x 48 px)" in report_of(own).lines()[0]


def test_progress_is_told_picture_by_picture(own):
    told: list[int] = []
    check_dataset(load_dataset("own", own), progress=told.append)
    assert told == list(range(1, 13))
