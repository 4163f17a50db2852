"""Anyone's own table and pictures into a generic folder: what is recognised, dropped, refused, and left behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import Problem, import_table, load_dataset
from salquest.datasets.generic import read_meta
from salquest.errors import BrokenFile, DataNotFound, InputError, Refused
from salquest.gaze import read_picture

HEADER = "image,observer,x,y,time,duration_ms"


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 6), (90, 90, 90)).save(folder / name)
    return folder


@pytest.fixture
def imported(tmp_path, images):
    """Imports rows; answers (the data set, the problems that were told)."""

    def bring(rows, *, header=HEADER, encoding="utf-8", **options):
        table = tmp_path / "gaze.csv"
        table.write_text("\n".join([header, *rows, ""]), encoding=encoding)
        problems = import_table(table, images, tmp_path / "out", **options)
        return load_dataset("own", tmp_path / "out"), problems

    return bring


def xs(data, key="a.png"):
    return data[key].fixations.x.tolist()


def test_rows_become_scan_paths_in_the_order_of_time(imported):
    data, problems = imported(["a.png,anna,5,1,0.9,200", "a.png,anna,2,1,0.1,150", "a.png,bert,3,3,0.2,"])
    found = data["a.png"].fixations
    assert (found.x.tolist(), found.observer.tolist(), found.order.tolist()) == ([2, 5, 3], [1, 1, 2], [1, 2, 1])
    np.testing.assert_array_equal(found.duration_ms, [150, 200, np.nan])
    assert problems == [Problem("picture without fixations", "b.png", "left out")]


def test_observers_are_numbered_by_name_and_the_names_are_kept(imported):
    data, _ = imported(["a.png,zoe,1,1,1,", "a.png,adam,2,2,1,"])
    assert read_meta(data.root)["observer_names"] == {"1": "adam", "2": "zoe"}


@pytest.mark.parametrize("header", ["Stimulus,Participant,fix_x,fix_y", " filename , SUBJECT ,X,Y", "img,user,gaze_x,gaze_y"])
def test_columns_are_recognised_by_the_names_people_give_them(header, imported):
    assert xs(imported(["a.png,s1,4,5"], header=header)[0]) == [4]


def test_columns_of_other_names_are_given(imported):
    data, _ = imported(["a.png,s1,4,5,0"], header="image,observer,FPOGX,FPOGY,x", columns={"x": "FPOGX", "y": "FPOGY"})
    assert xs(data) == [4]


def test_a_given_column_that_is_not_there_is_refused(imported):
    with pytest.raises(BrokenFile, match=r"has no column 'fx' \(asked for as x\); found: image, observer, x, y, time, duration_ms"):
        imported(["a.png,s1,4,5,1,1"], columns={"x": "fx"})


def test_columns_that_are_not_recognised_are_refused_with_the_way_to_name_them(imported):
    with pytest.raises(BrokenFile, match=r"not recognised: observer, y; found: image, who, x, up; name them with --columns observer=NAME"):
        imported(["a.png,s1,4,5"], header="image,who,x,up")


def test_an_empty_table_is_refused(imported):
    with pytest.raises(BrokenFile, match="not recognised: image, observer, x, y; found: no header"):
        imported([], header="")


def test_a_byte_order_mark_is_no_part_of_the_first_column(imported):
    assert xs(imported(["a.png,s1,4,5,1,1"], encoding="utf-8-sig")[0]) == [4]


def test_a_table_in_another_encoding_is_refused(imported):
    with pytest.raises(BrokenFile, match=r"gaze\.csv is not a CSV table in UTF-8"):
        imported(["ä.png,s1,4,5,1,1"], encoding="latin-1")


def test_pixels_counted_from_1_are_moved_by_one(imported):
    data, _ = imported(["a.png,s1,1,1,1,1", "a.png,s1,8.4,6,2,1"], origin=1)
    np.testing.assert_allclose(xs(data), [0, 7.4])


def test_pixels_are_counted_from_nothing_else(imported):
    with pytest.raises(InputError, match="pixels are counted from 0 or from 1; found origin 2"):
        imported(["a.png,s1,1,1,1,1"], origin=2)


def test_fixations_outside_are_dropped_and_told(imported):
    data, problems = imported(["a.png,s1,7.4,1,1,1", "a.png,s1,7.5,1,2,1", "a.png,s1,3,-1,3,1"])
    assert xs(data) == [7.4]
    assert Problem("fixations outside the picture", "a.png", "dropped", 2) in problems


def test_what_lay_outside_leaves_a_gap_in_the_scan_path(imported):
    data, _ = imported(["a.png,s1,99,99,1,1", "a.png,s1,3,1,2,1"])
    assert data["a.png"].fixations.order.tolist() == [2]


def test_a_free_fixation_is_not_dropped_in_the_place_of_a_forced_one_outside(imported):
    data, _ = imported(["a.png,s1,99,99,1,1", "a.png,s1,3,1,2,1", "a.png,s2,4,3,1,1", "a.png,s2,5,1,2,1"], drop_first=True)
    assert (xs(data), data.first_fixation) == ([3, 5], "dropped")


@pytest.mark.parametrize("x", ["7.4999", "7.49999999", "-0.499999", "-0.5", "1e-9"])
def test_a_fixation_by_the_border_stays_inside(x, imported):
    data, _ = imported([f"a.png,s1,{x},1,1,1"])
    assert (xs(data), data.problems) == ([pytest.approx(float(x), abs=0.01)], ())


def test_fixations_on_pictures_that_are_not_there_are_ignored_and_told(imported):
    _, problems = imported(["a.png,s1,4,5,1,1", "z.png,s1,4,5,1,1", "z.png,s1,4,5,2,1"])
    assert Problem("fixations on a picture that is not there", "z.png", "ignored", 2) in problems


@pytest.mark.parametrize("row", ["a.png,s1,left,5,1,1", "a.png,s1,nan,5,1,1", "a.png,s1,4,inf,1,1", "a.png,s1,4,5,soon,1", "a.png,s1,4"])
def test_a_row_that_cannot_be_used_is_dropped_and_told_by_its_line(row, imported):
    data, problems = imported(["a.png,s1,4,5,1,1", row])
    assert xs(data) == [4]
    assert [(problem.key, problem.done) for problem in problems if problem.kind.startswith("row ")] == [("line 3", "dropped")]


def test_a_row_that_ends_before_its_observer_is_dropped_and_told(imported):
    data, problems = imported(["4,5,a.png,s1", "5,5,a.png"], header="x,y,image,observer")
    assert xs(data) == [4]
    assert [problem.key for problem in problems if problem.kind.startswith("row ")] == ["line 3"]


@pytest.mark.parametrize("duration", ["unknown", "nan", "inf", ""])
def test_a_duration_that_is_no_number_is_not_known(duration, imported):
    data, _ = imported([f"a.png,s1,4,5,1,{duration}"])
    np.testing.assert_array_equal(data["a.png"].fixations.duration_ms, [np.nan])


@pytest.mark.parametrize("name", ["a", "a.jpg", "shown/a.png"])
def test_pictures_are_found_by_their_name_without_ending_or_folder(name, imported):
    assert xs(imported([f"{name},s1,4,5,1,1"])[0]) == [4]


def test_two_ways_to_name_a_picture_make_one_scan_path(imported):
    data, _ = imported(["a.png,s1,4,5,2,1", "a,s1,3,5,1,1"])
    assert (xs(data), data["a.png"].fixations.order.tolist()) == ([3, 4], [1, 2])


def test_a_name_with_a_dot_and_no_ending_is_found(imported, images):
    (images / "a.png").rename(images / "street.v2.png")
    assert xs(imported(["street.v2,s1,4,5,1,1"])[0], "street.v2.png") == [4]


def test_a_broken_picture_is_skipped_and_told(imported, images):
    (images / "b.png").write_bytes(b"nothing")
    _, problems = imported(["a.png,s1,4,5,1,1", "b.png,s1,4,5,1,1"])
    assert Problem("picture that cannot be read", "b.png", "picture skipped", 1) in problems


def test_an_8_bit_colour_picture_is_copied_byte_by_byte(imported, images):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)).save(images / "c.jpg")
    data, _ = imported(["c.jpg,s1,4,5,1,1"])
    assert data["c.jpg"].stimulus.path.read_bytes() == (images / "c.jpg").read_bytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_picture_becomes_8_bit_colour_as_the_layout_wants(dtype, imported, images):
    grey = np.linspace(0, np.iinfo(dtype).max, 48).reshape(6, 8).astype(dtype)
    Image.fromarray(grey).save(images / "grey.png")
    data, _ = imported(["grey.png,s1,4,5,1,1"])
    with Image.open(data["grey.png"].stimulus.path) as stored:
        assert (stored.mode, stored.format) == ("RGB", "PNG")
    np.testing.assert_array_equal(data["grey.png"].stimulus.pixels(), read_picture(images / "grey.png"))


def test_what_is_known_of_the_display_is_written_down(imported):
    data, _ = imported(["a.png,s1,4,5,1,1"], pixels_per_degree=11.5, name="mine", drop_first=False)
    assert (data.pixels_per_degree, read_meta(data.root)["name"]) == (11.5, "mine")


def test_the_result_passes_its_own_check(imported):
    assert imported(["a.png,s1,4,5,1,1", "b.png,s1,4,5,1,1"])[0].problems == ()


def test_an_existing_folder_is_refused(imported, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(Refused, match="out is already there; choose another folder, or remove it first"):
        imported(["a.png,s1,4,5,1,1"])


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_left_where_no_fixation_could_be_used(imported, tmp_path):
    with pytest.raises(
        InputError, match=r"no fixation of .*gaze.csv lies on a picture of .*images; compare the column image with the file"
    ):
        imported(["z.png,s1,4,5,1,1"])
    assert left_behind(tmp_path) == ["gaze.csv", "images"]


def test_nothing_is_left_of_a_picture_that_breaks_while_it_is_brought_over(imported, images, tmp_path):
    whole = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80), dtype=np.uint8))
    whole.save(images / "cut.png")
    (images / "cut.png").write_bytes((images / "cut.png").read_bytes()[:-900])
    with pytest.raises(BrokenFile, match=r"cut\.png is a broken or truncated picture"):
        imported(["a.png,s1,4,5,1,1", "cut.png,s1,4,5,1,1"])
    assert left_behind(tmp_path) == ["gaze.csv", "images"]


def test_nothing_is_left_when_the_disk_is_full(imported, tmp_path, monkeypatch):
    def disk_is_full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", disk_is_full)
    with pytest.raises(Refused, match="out could not be written: No space left on device"):
        imported(["a.png,s1,4,5,1,1"])
    assert left_behind(tmp_path) == ["gaze.csv", "images"]


def test_a_missing_table_is_not_found(images, tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no table at .*none.csv"):
        import_table(tmp_path / "none.csv", images, tmp_path / "out")


def test_a_missing_folder_of_pictures_is_not_found(tmp_path):
    (tmp_path / "gaze.csv").write_text(HEADER)
    with pytest.raises(DataNotFound, match=r"there is no folder of pictures at .*none"):
        import_table(tmp_path / "gaze.csv", tmp_path / "none", tmp_path / "out")
