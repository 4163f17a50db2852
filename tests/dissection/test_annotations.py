"""Regions of every layout that is known, and what is said about files that are not what they should be."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from salquest.dissection import read_annotations
from salquest.dissection.annotations.run_lengths import mask_of_runs, packed, unpacked
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import Stimulus

SIZE = (6, 8)
MASK = np.zeros(SIZE, dtype=bool)
MASK[1:4, 2:7] = True
MASK[2, 3] = False


def picture(key="a.jpg", size=SIZE, folder=None):
    return Stimulus(key, folder / key if folder else None, size)


def palette(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette([value for number in range(256) for value in (255 - number, number // 2, 7)])
    image.putdata(values.astype(np.uint8).reshape(-1).tolist())
    image.save(path)


def told(regions):
    return [(sorted(one.categories), one.mask(SIZE).astype(int).tolist()) for one in regions]


# --- a data set's own, and boxes


def test_own_regions_are_values_with_their_attributes(planted):
    annotations = read_annotations("own", planted)
    found = annotations.regions(planted["p0.png"].stimulus)
    assert [(sorted(one.categories), one.area) for one in found] == [(["red"], 36), (["blue"], 36)]
    assert found[0].mask((24, 32)).tolist() == planted["p0.png"].regions.mask("red").tolist()


def test_a_generic_folder_of_regions_is_opened_by_its_path(planted, planted_folder):
    stimulus = planted["p3.png"].stimulus
    assert [one.area for one in read_annotations(planted_folder).regions(stimulus)] == [36, 36]


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_box_file_speaks_for_any_pictures(tmp_path, ending):
    text = "image,region,label,left,top,width,height,frontal,back\na.jpg,1,face,1.6,0,3,2,1,0\na.jpg,2,face,6,4,9,9,0,1\na.jpg,3,face,20,20,2,2,0,1\n"
    path = tmp_path / f"boxes.{ending}"
    path.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())
    found = read_annotations(path).regions(picture())
    # 1.6 lies in cell 2; the second box is cut off at the border, the third one is outside
    assert [(sorted(one.categories), one.top, one.left, one.pixels.shape) for one in found] == [
        (["face", "frontal"], 0, 2, (2, 3)),
        (["back", "face"], 4, 6, (2, 2)),
    ]


@pytest.mark.parametrize("value", ["inf", "nan", "left"])
def test_a_box_without_finite_numbers_is_told_by_its_line(tmp_path, value):
    path = tmp_path / "boxes.csv"
    path.write_text(f"image,label,left,top,width,height\na.jpg,face,{value},0,3,2\n")
    with pytest.raises(BrokenFile, match=r"boxes.csv, line 2"):
        read_annotations(path)


# --- OSIE's objects


def write_attrs(path, entries, names=True):
    def cells(values):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    content = [{"img": key, "objs": cells(objects)} for key, objects in entries.items()]
    named = {"attrNames": cells(["text", "face"])} if names else {}
    savemat(path, {"attrs": cells(content), **named})
    return path


def test_osie_s_objects_have_the_attributes_above_zero(tmp_path):
    objects = [{"map": MASK, "features": np.array([0, 2])}, {"map": ~MASK, "features": np.array([0, 0])}]
    found = read_annotations(write_attrs(tmp_path / "attrs.mat", {"a.jpg": objects, "b.jpg": objects[:1]}))
    assert told(found.regions(picture())) == [
        (["face", "object"], MASK.astype(int).tolist()),
        (["object"], (~MASK).astype(int).tolist()),
    ]
    assert (len(found.regions(picture("b.jpg"))), found.regions(picture("c.jpg"))) == (1, [])


def test_osie_s_folder_is_known_by_its_attrs(tmp_path):
    (tmp_path / "data").mkdir()
    write_attrs(tmp_path / "data" / "attrs.mat", {"a.jpg": [{"map": MASK, "features": np.array([1, 0])}]})
    assert told(read_annotations(tmp_path).regions(picture()))[0][0] == ["object", "text"]


def test_osie_s_objects_without_names_are_the_authors_twelve(tmp_path):
    features = np.zeros(12)
    features[[0, 9]] = 1
    found = read_annotations(write_attrs(tmp_path / "attrs.mat", {"a.jpg": [{"map": MASK, "features": features}]}, names=False))
    assert told(found.regions(picture()))[0][0] == ["face", "object", "text"]


def test_objects_of_another_size_than_the_picture_are_told(tmp_path):
    found = read_annotations(write_attrs(tmp_path / "attrs.mat", {"a.jpg": [{"map": MASK, "features": np.array([1, 0])}]}))
    with pytest.raises(BrokenFile, match=r"masks of 8 x 6 for a.jpg, which is 16 x 12: take the pictures at the size"):
        found.regions(picture(size=(12, 16)))


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file" + bytes(200), b"\x89HDF\r\n\x1a\n" + bytes(50)])
def test_a_file_that_is_no_table_of_objects_is_told(tmp_path, content):
    (tmp_path / "attrs.mat").write_bytes(content)
    with pytest.raises(BrokenFile, match=r"attrs.mat is not OSIE's table of objects"):
        read_annotations(tmp_path / "attrs.mat")


# --- OSIE-SR


def write_sr(root, kinds, objects, stem="1001"):
    palette(root / "SegmentationClass" / f"{stem}.png", kinds)
    palette(root / "SegmentationObject" / f"{stem}.png", objects)
    return root


def test_osie_sr_s_regions_are_objects_with_the_readme_s_categories(tmp_path):
    kinds, objects = np.zeros(SIZE), np.zeros(SIZE)
    kinds[:, :3], objects[:, :2], objects[:, 2:3] = 1, 1, 2
    kinds[4:, 5:], objects[4:, 5:] = 37, 9
    kinds[0, 0], objects[0, 0] = 255, 255  # labelme's void
    found = read_annotations(write_sr(tmp_path, kinds, objects)).regions(picture("1001.jpg"))
    assert [(sorted(one.categories), one.area) for one in found] == [(["person head"], 11), (["person head"], 6), (["text"], 6)]


def test_osie_sr_s_masks_of_another_size_are_told(tmp_path):
    root = write_sr(tmp_path, np.ones(SIZE), np.ones(SIZE))
    with pytest.raises(BrokenFile, match=r"1001.png is 8 x 6, and 1001.jpg is 80 x 60"):
        read_annotations(root).regions(picture("1001.jpg", (60, 80)))


def test_osie_sr_s_colours_are_refused(tmp_path):
    root = write_sr(tmp_path, np.ones(SIZE), np.ones(SIZE))
    Image.new("RGB", (8, 6)).save(root / "SegmentationClass" / "1001.png")
    with pytest.raises(BrokenFile, match="a picture of mode RGB; masks are palette or grey"):
        read_annotations(root).regions(picture("1001.jpg"))


def test_a_category_that_osie_sr_does_not_have_is_told(tmp_path):
    with pytest.raises(BrokenFile, match="has the category 5; OSIE-SR has"):
        read_annotations(write_sr(tmp_path, np.full(SIZE, 5), np.ones(SIZE))).regions(picture("1001.jpg"))


# --- COCO


def write_coco(path, *segmentations, size=SIZE, category=3):
    content = {
        "info": {"year": 2014},
        "images": [{"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "height": size[0], "width": size[1], "license": 1}],
        "annotations": [{"id": i, "image_id": 9, "category_id": category, "segmentation": s} for i, s in enumerate(segmentations)],
        "categories": [{"id": 3, "name": "cat", "supercategory": "animal"}],
    }
    path.write_text(json.dumps(content))
    return path


COCO_PICTURE = picture("COCO_train2014_000000000009.jpg")
# down the columns: 13 zeros, then MASK's columns
RUNS = [13, 3, 3, 1, 1, 1, 3, 3, 3, 3, 3, 3, 8]


def test_coco_s_runs_go_down_the_columns():
    assert mask_of_runs(RUNS, SIZE).astype(int).tolist() == MASK.astype(int).tolist()


@pytest.mark.parametrize(
    ("counts", "letters"),
    [
        # letter by letter after rleToString: 23 is the difference of 28 to the count two before, and needs a second letter for its sign
        ([9, 3, 5, 3, 28], "9350g0"),
        # the last difference is -7: 25 in five bits, whose uppermost one says that it is negative
        ([5, 9, 5, 2], "595I"),
        ([1024], "PP1"),
    ],
)
def test_packed_runs_are_those_of_coco_s_program(counts, letters):
    assert packed(counts) == letters
    assert unpacked(letters) == counts


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=20))
def test_packed_runs_come_back(counts):
    assert unpacked(packed(counts)) == counts


@pytest.mark.parametrize("counts", [RUNS, packed(RUNS)])
def test_coco_s_crowds_are_read_written_out_and_packed(tmp_path, counts):
    found = read_annotations(write_coco(tmp_path / "instances.json", {"size": list(SIZE), "counts": counts})).regions(COCO_PICTURE)
    assert told(found) == [(["cat"], MASK.astype(int).tolist())]


def test_coco_s_polygons_of_one_region_are_joined(tmp_path):
    polygons = [[2, 1, 7, 1, 7, 4, 2, 4], [0, 5, 1, 5, 1, 6, 0, 6]]
    found = read_annotations(write_coco(tmp_path / "instances.json", polygons)).regions(COCO_PICTURE)
    expected = np.zeros(SIZE, dtype=int)
    expected[1:4, 2:7], expected[5, 0] = 1, 1
    assert told(found) == [(["cat"], expected.tolist())]


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [6, 8], "counts": [5, 3]}, "run lengths of 8 pixels for a mask of 8 x 6"),
        ({"size": [6, 8], "counts": [-5, 53]}, "run lengths of 48 pixels"),
        ({"size": [60000, 80000], "counts": [4800000000]}, "run lengths for 80000 x 60000"),
        ({"size": [6, 8], "counts": "é"}, "run lengths with the letter"),
        ({"size": [6, 8], "counts": "o"}, "end within a number"),
        ([[1, 2, 3]], "a polygon of 3 numbers"),
        ([[1, 2, 3, 4, 1e300, 5]], "coordinates beyond"),
    ],
)
def test_a_region_that_cannot_be_meant_is_told_with_its_picture(tmp_path, segmentation, message):
    found = read_annotations(write_coco(tmp_path / "instances.json", segmentation))
    with pytest.raises(BrokenFile, match=f"region 1 of COCO_train2014_000000000009.jpg: .*{message}"):
        found.regions(COCO_PICTURE)


@pytest.mark.parametrize("text", ["[]", "{", '{"images": []}', "[" * 100_000, '{"images": 3, "annotations": [], "categories": []}'])
def test_a_file_that_is_no_instances_is_told(tmp_path, text):
    (tmp_path / "instances.json").write_text(text)
    with pytest.raises(BrokenFile, match="no file of COCO's instances"):
        read_annotations(tmp_path / "instances.json")


def test_a_category_without_a_name_is_told(tmp_path):
    with pytest.raises(BrokenFile, match="a region of category 4, which it does not name"):
        read_annotations(write_coco(tmp_path / "instances.json", [[1, 1, 2, 1, 2, 2]], category=4))


def test_coco_s_picture_of_another_size_is_told(tmp_path):
    found = read_annotations(write_coco(tmp_path / "instances.json", [[1, 1, 2, 1, 2, 2]], size=(480, 640)))
    with pytest.raises(BrokenFile, match=r"as 640 x 480, and COCO_train2014_000000000009.jpg is 8 x 6"):
        found.regions(COCO_PICTURE)


# --- a folder of masks, and displays


def test_parts_of_a_mask_are_regions_of_its_folder_s_category(tmp_path):
    for category, columns in {"head": [0, 1, 5], "text": [7]}.items():
        (tmp_path / category).mkdir()
        mask = np.zeros(SIZE, np.uint8)
        mask[2:4, columns] = 255
        Image.fromarray(mask).save(tmp_path / category / "a.png")
    (tmp_path / "notes.txt").write_text("not a mask")
    found = read_annotations(tmp_path).regions(picture())
    assert [(sorted(one.categories), one.left, one.area) for one in found] == [(["head"], 0, 4), (["head"], 5, 2), (["text"], 7, 2)]


def test_a_mask_of_another_size_is_told(tmp_path):
    (tmp_path / "head").mkdir()
    Image.new("L", (80, 60)).save(tmp_path / "head" / "a.png")
    with pytest.raises(BrokenFile, match=r"head/a.png is 80 x 60, and a.jpg is 8 x 6"):
        read_annotations(tmp_path).regions(picture())


def test_displays_bring_their_pictures_and_their_targets(tmp_path):
    for name in ("stimuli", "labels"):
        (tmp_path / name).mkdir()
    labels = np.zeros(SIZE, np.uint8)
    labels[1, 1], labels[4, 4:6] = 1, 2
    Image.new("RGB", (8, 6)).save(tmp_path / "stimuli" / "d.png")
    Image.fromarray(labels).save(tmp_path / "labels" / "d.png")
    (tmp_path / "meta.json").write_text(json.dumps({"name": "arrays", "images": 1}))
    found = read_annotations(tmp_path)
    assert [stimulus.key for stimulus in found.stimuli] == ["d.png"]
    assert [(sorted(one.categories), one.area) for one in found.regions(found.stimuli[0])] == [
        (["target", "target of arrays"], 1),
        (["distractors"], 2),
    ]


# --- the door


def test_a_place_with_nothing_is_told_with_the_layouts(tmp_path):
    with pytest.raises(DataNotFound, match=r"no file or folder of regions at .*known are: own"):
        read_annotations(tmp_path / "nowhere")


def test_a_folder_of_no_layout_is_told_with_what_was_found(tmp_path):
    (tmp_path / "readme.txt").write_text("")
    with pytest.raises(DataNotFound, match=r"holds no regions that can be read; .*found: readme.txt"):
        read_annotations(tmp_path)


def test_own_regions_of_a_set_without_any_are_told(tiny_set):
    from salquest.datasets import load_dataset

    with pytest.raises(InputError, match="tiny came without regions"):
        read_annotations("own", load_dataset("tiny", tiny_set))


@pytest.mark.parametrize(("name", "regions", "category"), [("osie", 2896, "face"), ("eyecrowd", 9105, "frontal")])
@pytest.mark.slow
def test_shared_sets_have_the_regions_that_their_sheet_counts(shared, name, regions, category):
    from salquest.datasets import load_dataset
    from salquest.dissection.probe import build_probe

    data = load_dataset(name, shared / "data" / name)
    probe = build_probe(read_annotations("own", data), data)
    expected = {"osie": 924, "eyecrowd": 4933}[name]
    assert (len(probe.table), int(probe.table.holds[:, probe.table.categories.index(category)].sum())) == (regions, expected)
