"""The generic folder: what is read, what is dropped by which rule, and what is refused by which sentence."""

from __future__ import annotations

import dataclasses
import gzip
import json

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import Problem, load_dataset
from salquest.datasets.generic import read_generic
from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName

BOTH = ["a.png,1,1,3,2,200", "b.png,1,1,4,3,150"]


def problems_of(folder, kind):
    return [problem for problem in read_generic(folder).problems if problem.kind == kind]


def test_fixations_are_ordered_by_observer_and_time(write_generic):
    folder = write_generic(["a.png,2,1,5,5,", "a.png,1,4,2,1,300", "a.png,1,2,1,1,200", "b.png,1,1,0,0,1"])
    found = read_generic(folder)["a.png"].fixations
    assert (found.x.tolist(), found.observer.tolist(), found.order.tolist()) == ([1, 2, 5], [1, 1, 2], [2, 4, 1])


def test_an_unknown_duration_is_nan(write_generic):
    np.testing.assert_array_equal(
        read_generic(write_generic(["a.png,1,1,5,5,", "a.png,1,2,2,1,300"]))["a.png"].fixations.duration_ms, [np.nan, 300]
    )


def test_samples_come_in_the_order_of_their_keys(write_generic):
    folder = write_generic(["10.png,1,1,3,2,1", "9.png,1,1,3,2,1"], pictures=("9.png", "10.png"))
    assert read_generic(folder).keys == ("10.png", "9.png")


def test_sizes_are_height_first(write_generic):
    assert read_generic(write_generic(BOTH))["a.png"].stimulus.size == (6, 8)


def test_small_negative_coordinates_are_inside_pixel_0(write_generic):
    found = read_generic(write_generic(["a.png,1,1,-0.5,-0.4,1", "b.png,1,1,0,0,1"]))
    assert (found["a.png"].fixations.columns.tolist(), found.problems) == ([0], ())


def test_unknown_keys_of_meta_are_accepted(write_generic):
    assert read_generic(write_generic(BOTH, meta={"weather": "fine", "pixels_per_degree": 12})).sigma_px == 12


def test_without_pixels_per_degree_there_is_no_sigma(write_generic):
    with pytest.raises(
        InputError, match=r"own does not state its pixels per degree; give the width of the Gaussian in pixels \(sigma_px\)"
    ):
        read_generic(write_generic(BOTH)).sigma_px  # noqa: B018


def test_a_gzipped_table_is_the_same_table(write_generic):
    folder = write_generic(BOTH)
    plain = read_generic(folder).edition()
    (folder / "fixations.csv.gz").write_bytes(gzip.compress((folder / "fixations.csv").read_bytes()))
    (folder / "fixations.csv").unlink()
    assert read_generic(folder).edition() == plain


def test_fixations_outside_are_dropped_and_counted_by_picture(write_generic):
    folder = write_generic([*BOTH, "a.png,1,2,7.5,2,1", "a.png,1,3,-0.6,2,1", "b.png,1,2,0,nan,1"])
    assert problems_of(folder, "fixations outside the picture") == [
        Problem("fixations outside the picture", "a.png", "dropped", 2),
        Problem("fixations outside the picture", "b.png", "dropped", 1),
    ]
    assert read_generic(folder)["a.png"].fixations.x.tolist() == [3]


def test_fixations_on_an_absent_picture_are_ignored_and_counted(write_generic):
    folder = write_generic([*BOTH, "z.png,1,1,1,1,1", "z.png,1,2,1,1,1"])
    assert problems_of(folder, "fixations on a picture that is not there") == [
        Problem("fixations on a picture that is not there", "z.png", "ignored", 2)
    ]


def test_observers_without_fixations_are_counted_by_picture(write_generic):
    folder = write_generic([*BOTH, "b.png,2,1,1,1,1", "b.png,3,1,1,1,1"])
    assert problems_of(folder, "observers without fixations") == [Problem("observers without fixations", "a.png", "the others are used", 2)]


def test_a_picture_nobody_looked_at_is_skipped(write_generic):
    folder = write_generic(BOTH[:1])
    assert problems_of(folder, "picture without fixations or map") == [
        Problem("picture without fixations or map", "b.png", "picture skipped")
    ]
    assert read_generic(folder).keys == ("a.png",)


def test_a_broken_picture_is_skipped(write_generic):
    folder = write_generic(BOTH)
    (folder / "stimuli" / "a.png").write_bytes(b"not a picture")
    assert problems_of(folder, "picture that cannot be read") == [Problem("picture that cannot be read", "a.png", "picture skipped")]
    assert read_generic(folder).keys == ("b.png",)


def test_a_file_among_the_stimuli_that_is_no_picture_is_ignored(write_generic):
    folder = write_generic(BOTH)
    (folder / "stimuli" / "Thumbs.db").write_bytes(b"")
    assert read_generic(folder).problems == (Problem("file that is no picture in stimuli/", "Thumbs.db", "ignored"),)


def test_the_folder_is_believed_where_meta_counts_otherwise(write_generic):
    folder = write_generic(BOTH, meta={"images": 7})
    assert read_generic(folder).problems == (Problem("meta.json says 7 images, found 2", "meta.json", "the folder is believed"),)


def test_a_missing_map_is_counted_in_a_set_of_maps(write_generic):
    folder = write_generic()
    (folder / "fixations.csv").unlink()
    (folder / "maps").mkdir()
    Image.fromarray(np.full((6, 8), 9, np.uint8)).save(folder / "maps" / "a.png")
    data = read_generic(folder)
    assert (data.keys, data.has_fixations, data.observers) == (("a.png",), False, 0)
    assert data.problems == (Problem("picture without fixations or map", "b.png", "picture skipped"),)


def test_a_distributed_map_is_a_density_of_the_picture_s_size(write_generic):
    folder = write_generic()
    (folder / "maps").mkdir()
    grey = np.zeros((6, 8), np.uint8)
    grey[2, 3], grey[4, 5] = 50, 150
    Image.fromarray(grey).save(folder / "maps" / "a.png")
    density = read_generic(folder)["a.png"].density(3.0)
    assert (density[2, 3], density[4, 5], density.sum()) == (0.25, 0.75, 1.0)


def test_a_map_of_another_size_is_refused(write_generic):
    folder = write_generic()
    (folder / "maps").mkdir()
    Image.new("L", (8, 5), 9).save(folder / "maps" / "a.png")
    with pytest.raises(BrokenFile, match=r"maps/a.png is \(5, 8\); the map of a stimulus of \(6, 8\) has that size"):
        read_generic(folder)["a.png"].distributed_map()


def test_a_set_of_fixations_has_no_distributed_map(write_generic):
    with pytest.raises(InputError, match=r"a.png has no distributed map"):
        read_generic(write_generic(BOTH))["a.png"].distributed_map()


BROKEN_TABLES = {
    "another header": (
        b"image,observer,x,y\na.png,1,3,2\n",
        r"fixations.csv.gz lacks the columns index, duration_ms; found image, observer, x, y",
    ),
    "empty": (b"", r"fixations.csv.gz lacks the columns image, .*; found no header"),
    "a word for a number": (
        b"image,observer,index,x,y,duration_ms\na.png,1,1,3,2,9\na.png,1,2,left,2,9\n",
        r"fixations.csv.gz, line 3: could not convert string to float: 'left'",
    ),
    "a float for an observer": (
        b"image,observer,index,x,y,duration_ms\na.png,1.5,1,3,2,9\n",
        r"fixations.csv.gz, line 2: invalid literal for int",
    ),
    "a cell too few": (b"image,observer,index,x,y,duration_ms\na.png,1,1,3,2\n", r"fixations.csv.gz, line 2: 6 cells were expected"),
    "a cell too many": (b"image,observer,index,x,y,duration_ms\na.png,1,1,3,2,9,9\n", r"fixations.csv.gz, line 2: 6 cells were expected"),
    "not UTF-8": (b"image,observer,index,x,y,duration_ms\n\xff.png,1,1,3,2,9\n", r"fixations.csv.gz is not a table that can be read"),
}


@pytest.mark.parametrize("what", BROKEN_TABLES)
def test_a_table_that_cannot_be_read_is_refused_with_its_line(what, write_generic):
    content, sentence = BROKEN_TABLES[what]
    folder = write_generic()
    (folder / "fixations.csv.gz").write_bytes(gzip.compress(content))
    with pytest.raises(BrokenFile, match=sentence):
        read_generic(folder)


def long_table() -> bytes:
    draw = np.random.default_rng(0)
    rows = [f"a.png,1,{i},{x:.3f},1,1" for i, x in enumerate(draw.uniform(0, 7, 2000), start=1)]
    return gzip.compress("\n".join(["image,observer,index,x,y,duration_ms", *rows, ""]).encode(), mtime=0)


BROKEN_GZIPS = {
    "plain text under a gzip name": b"image,observer,index,x,y,duration_ms\n",
    "cut short": long_table()[:-100],
    "a damaged beginning": long_table()[:20] + b"\xaa" * 40 + long_table()[60:],
    "a damaged middle": long_table()[:3000] + bytes(200) + long_table()[3200:],
    "a damaged end": long_table()[:-6] + bytes(6),
}


@pytest.mark.parametrize("what", BROKEN_GZIPS)
def test_a_damaged_gzip_is_refused(what, write_generic):
    folder = write_generic()
    (folder / "fixations.csv.gz").write_bytes(BROKEN_GZIPS[what])
    with pytest.raises(BrokenFile, match=r"fixations.csv.gz(, line \d+: | is not a table that can be read)"):
        read_generic(folder)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"images": 2}', b'"own"', b"", b"\xff"])
def test_a_meta_file_without_a_name_is_refused(content, write_generic):
    folder = write_generic(BOTH)
    (folder / "meta.json").write_bytes(content)
    with pytest.raises(BrokenFile, match=r"meta.json must be a JSON object with at least a name"):
        read_generic(folder)


def test_a_folder_without_stimuli_says_what_it_has(tmp_path):
    (tmp_path / "meta.json").write_text('{"name": "own"}')
    (tmp_path / "images").mkdir()
    with pytest.raises(DataNotFound, match=r"needs a folder stimuli/ with the pictures; found: images, meta.json"):
        read_generic(tmp_path)


def test_a_folder_without_meta_says_what_it_has(tmp_path):
    (tmp_path / "stimuli").mkdir()
    with pytest.raises(DataNotFound, match=r"is not a folder of the generic layout: it has no meta.json; found: stimuli"):
        read_generic(tmp_path)


def test_attributes_and_boxes_become_regions(write_generic):
    folder = write_generic(BOTH)
    (folder / "labels").mkdir()
    Image.fromarray(np.array([[1] * 8] * 3 + [[2] * 8] * 3, np.uint8)).save(folder / "labels" / "a.png")
    (folder / "attributes.csv").write_text("image,value,pixels,face,text\na.png,1,24,1,0\na.png,2,24,0,3\n")
    (folder / "boxes.csv").write_text("image,region,label,left,top,width,height,back\nb.png,1,head,1,1,2,2,1\n")
    data = read_generic(folder)
    assert (data["a.png"].regions.categories, data["b.png"].regions.categories) == (("face", "text"), ("back", "head"))
    assert data["a.png"].regions.mask("text").sum(axis=1).tolist() == [0, 0, 0, 8, 8, 8]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("attributes.csv", "image,value,face\na.png,one,1\n"),
        ("attributes.csv", "image,value,face\na.png,1,yes\n"),
        ("boxes.csv", "image,label,left,top,width,height\na.png,head,1,1,wide,2\n"),
    ],
)
def test_a_region_table_with_a_word_for_a_number_is_refused_with_its_line(file, content, write_generic):
    folder = write_generic(BOTH)
    (folder / file).write_text(content)
    with pytest.raises(BrokenFile, match=rf"{file}, line 2: "):
        read_generic(folder)


FORCED = ["a.png,1,1,4,3,90", "a.png,1,2,1,1,200", "a.png,2,2,6,5,200", "b.png,1,1,4,3,90", "b.png,1,2,2,2,100"]


@pytest.mark.parametrize("name", ["mit1003", "siena12"])
def test_the_forced_first_fixation_is_dropped_by_the_name_of_the_set(name, write_generic):
    data = load_dataset(name, write_generic(FORCED))
    assert ([len(sample.fixations) for sample in data], data.first_fixation) == ([2, 1], "dropped")


def test_the_forced_first_fixation_is_dropped_by_the_name_in_meta(write_generic):
    data = load_dataset("mine", write_generic(FORCED, meta={"name": "mit1003"}))
    assert (data.name, data.first_fixation) == ("mine", "dropped")


def test_the_forced_first_fixation_is_dropped_where_meta_says_so(write_generic):
    data = load_dataset("own", write_generic(FORCED, meta={"drop_first_fixation": True}))
    assert ([len(sample.fixations) for sample in data], data.first_fixation) == ([2, 1], "dropped")


@pytest.mark.parametrize("name", ["osie", "eyecrowd", "own"])
def test_a_free_first_fixation_is_kept(name, write_generic):
    data = load_dataset(name, write_generic(FORCED))
    assert ([len(sample.fixations) for sample in data], data.first_fixation) == ([3, 2], "kept")


def test_the_caller_has_the_last_word_on_the_first_fixation(write_generic):
    folder = write_generic(FORCED, meta={"drop_first_fixation": True})
    assert [load_dataset(name, folder, drop_first=False).first_fixation for name in ("mit1003", "own")] == ["kept", "kept"]


def test_a_picture_left_without_fixations_by_the_dropped_first_is_skipped(write_generic):
    data = load_dataset("mit1003", write_generic([*FORCED[:3], "b.png,1,1,4,3,90"]))
    assert data.keys == ("a.png",)


def test_the_edition_tells_gaze_apart_and_not_folders(write_generic, tmp_path):
    import shutil

    folder = write_generic(FORCED)
    shutil.copytree(folder, tmp_path / "elsewhere")
    kept = load_dataset("own", folder)
    assert load_dataset("other", tmp_path / "elsewhere").edition() == kept.edition()
    assert load_dataset("own", folder, drop_first=True).edition() != kept.edition()
    assert dataclasses.replace(kept, pixels_per_degree=9.0).edition() != kept.edition()


def test_a_subset_keeps_the_order_of_the_set(write_generic):
    assert read_generic(write_generic(BOTH)).subset(["b.png", "a.png"]).keys == ("a.png", "b.png")


def test_a_subset_of_a_picture_that_is_not_there_is_refused(write_generic):
    with pytest.raises(UnknownName, match=r"no picture of own is called 'c.png' .*there are: a.png, b.png"):
        read_generic(write_generic(BOTH)).subset(["a.png", "c.png"])


def test_a_sample_is_found_by_its_key_only(write_generic):
    with pytest.raises(UnknownName, match=r"no picture is called 'a.jpg' \(did you mean 'a.png'\?\)"):
        read_generic(write_generic(BOTH))["a.jpg"]


def test_a_set_that_is_neither_known_nor_placed_is_refused(monkeypatch):
    monkeypatch.delenv("SALQUEST_DATA", raising=False)
    with pytest.raises(UnknownName, match=r"no data set is called 'osi' \(did you mean 'osie'\?\)"):
        load_dataset("osi")


def test_a_known_set_without_a_path_says_how_to_place_it(monkeypatch):
    monkeypatch.delenv("SALQUEST_DATA", raising=False)
    with pytest.raises(DataNotFound, match=r"osie does not travel with salquest: give its folder \(osie=PATH\), or name the folder of all"):
        load_dataset("osie")


def test_a_set_is_found_below_the_folder_of_all_sets(write_generic, monkeypatch):
    folder = write_generic(BOTH)
    monkeypatch.setenv("SALQUEST_DATA", str(folder.parent))
    assert load_dataset("set").root == folder


def test_a_folder_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no folder .*nowhere; osie is expected there: check the path"):
        load_dataset("osie", tmp_path / "nowhere")


def test_a_folder_of_no_known_layout_says_what_was_looked_for(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataNotFound, match=r"is not laid out as osie can be read \(generic folder or as distributed .*\).*; found: photos"):
        load_dataset("osie", tmp_path)


def test_the_tiny_set_is_what_it_says(tiny_set):
    data, meta = read_generic(tiny_set), json.loads((tiny_set / "meta.json").read_text())
    assert (len(data), sum(len(sample.fixations) for sample in data), data.observers) == (
        meta["images"],
        meta["fixations"],
        meta["observers"],
    )
    assert (data.problems, {part: len(keys) for part, keys in data.parts.items()}) == ((), {"train": 8, "val": 2, "test": 2})
