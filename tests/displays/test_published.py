"""P3, O3 and SID4VAM, read from fabricated folders of their layouts; and the shared folder of displays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.displays import read_displays, score_map
from salquest.displays.published import P3_COLUMNS, sid4vam_name
from salquest.errors import BrokenFile, DataNotFound

SIDE = 70


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def spot(x: int, y: int) -> np.ndarray:
    return np.hypot(np.arange(SIDE)[None, :] - x, np.arange(SIDE)[:, None] - y) <= 5


def soft(mask: np.ndarray, *, clear: bool = False) -> np.ndarray:
    """An RGBA mask with a grey edge, as P3 has them; `clear`: white everywhere, and transparent where the mask does not hold."""
    if clear:
        return np.dstack([np.full((SIDE, SIDE, 3), 255, np.uint8), np.where(mask, 255, 0).astype(np.uint8)])
    grey = np.where(mask, 255, 0).astype(np.uint8)
    grey[np.roll(mask, 1, axis=1) & ~mask] = 90
    return np.dstack([grey, grey, grey, np.full((SIDE, SIDE), 255, np.uint8)])


def p3_part(root: Path, part: str, rows: list[dict[str, object]], *, header: bool = True) -> None:
    others = [(15, 15), (50, 15), (15, 50)]
    lines = [",".join(P3_COLUMNS)] if header else []
    for row in rows:
        name = f"{row['name']}"
        save(root / part / "images" / name, np.full((SIDE, SIDE, 4), 128, np.uint8))
        save(root / part / "targ_images" / name, soft(spot(50, 50), clear=bool(row.get("clear"))))
        save(root / part / "dist_images" / name, soft(np.any([spot(*place) for place in others], axis=0)))
        known = {"t_x": 50, "t_y": 50, "t_height": 11, "d_height": 11, "t_width": 11, "d_width": 11, "t_ori": 0, "d_ori": 0}
        full = {**dict.fromkeys(P3_COLUMNS, ""), **known, "t_color": "ff0000", "d_color": "ff0000", **row}
        lines.append(",".join(str(full[column]) for column in P3_COLUMNS))
    (root / part / "image_properties.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def p3(tmp_path) -> Path:
    root = tmp_path / "P3"
    p3_part(root, "colors", [{"name": "image_circle_1.png", "d_color": "#00ff00"}, {"name": "image_circle_2.png", "d_color": "0000ff"}])
    p3_part(root, "orientations", [{"name": "image_rectangle_-90_-30_45_15.png", "t_ori": -90, "d_ori": 80, "clear": 1}], header=False)
    p3_part(root, "sizes", [{"name": "a.png", "t_height": 30, "d_height": 20, "t_width": 10, "d_width": 12}])
    return root


def test_p3_is_read_with_levels_from_its_table(p3):
    shown = read_displays(p3)
    assert [(d.family, d.dimension, d.level) for d in shown.displays] == [
        ("p3-colors", "colour", pytest.approx(120)),
        ("p3-colors", "colour", pytest.approx(120)),
        ("p3-orientations", "orientation", 10.0),  # -90 and 80 degrees: lines know no direction
        ("p3-sizes", "size", 1.5),
    ]
    assert (shown.name, shown.problems) == ("P3", ())


def test_p3_s_masks_are_cut_and_its_distractors_told_apart(p3):
    for display in read_displays(p3).displays:
        target, distractors = display.masks()
        np.testing.assert_array_equal(target, spot(50, 50))
        assert np.unique(display.areas((target, distractors))).tolist() == [0, 1, 2, 3, 4]


def test_a_map_that_is_the_target_wins_on_p3(p3):
    display = read_displays(p3).displays[0]
    row = score_map(spot(50, 50).astype(float), display)
    assert (row["gsi"], row["percentile"], row["hit1"], row["fixations"], row["num_items"]) == (1.0, 1.0, 1.0, 1, 4)
    assert row["msr_target_distractor"] is None  # nothing below the line


def test_one_part_of_p3_is_read_by_itself(p3):
    assert len(read_displays(p3 / "colors")) == 2


def test_what_p3_lacks_is_counted_or_told(p3, tmp_path):
    (p3 / "colors" / "targ_images" / "image_circle_1.png").unlink()
    shown = read_displays(p3)
    assert [(problem.kind, problem.key) for problem in shown.problems] == [
        ("picture of the table without file or target mask", "image_circle_1.png")
    ]
    table = p3 / "sizes" / "image_properties.txt"
    table.write_text(table.read_text().replace(",30,20,", ",tall,20,"))
    with pytest.raises(BrokenFile, match=r"image_properties.txt: t_height is a number; found 'tall'"):
        read_displays(p3)
    table.write_text("path,name,bg_color\nx,a.png,808080\n")
    with pytest.raises(BrokenFile, match="lacks the columns t_pos, t_x"):
        read_displays(p3)
    table.write_text("x,a.png\n")
    with pytest.raises(BrokenFile, match=r"row 1: 18 cells were expected \(path, name, bg_color, t_pos, …\); found 2"):
        read_displays(p3)


def test_a_name_that_leads_out_of_the_folder_leads_nowhere(p3):
    save(p3.parent / "secret.png", np.zeros((SIDE, SIDE, 3), np.uint8))
    table = p3 / "colors" / "image_properties.txt"
    table.write_text(table.read_text().replace("image_circle_1.png", "../../../secret.png"))
    assert read_displays(p3).problems[0].key == "../../../secret.png"


def test_a_mask_of_another_size_is_told(p3):
    save(p3 / "colors" / "targ_images" / "image_circle_1.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(BrokenFile, match=r"is \(9, 9\); the mask of a picture of \(70, 70\) has that size"):
        read_displays(p3).displays[0].masks()


@pytest.fixture
def o3(tmp_path) -> Path:
    root = tmp_path / "O3"
    for name, x in (("C4kfs", 20), ("D1", 40)):
        save(root / "images" / f"{name}.jpg", np.full((SIDE, SIDE, 3), 90, np.uint8))
        rng = np.random.default_rng(1)
        ringing = np.where(spot(x, 30), 250, 5) + rng.integers(-5, 6, (SIDE, SIDE))  # as JPEG leaves it
        save(root / "targ_images" / f"{name}.jpg", ringing.clip(0, 255).astype(np.uint8))
        save(root / "dist_images" / f"{name}.png", np.where(spot(60, 30) | spot(60, 55), 255, 0).astype(np.uint8))
    (root / "image_properties.txt").write_text(
        "image_name,num_distractors,target_type,target_subtype,target_size,target_x,target_y,"
        "orientation,color,focus,shape,size,location,pattern\n"
        "C4kfs.jpg,2,,,11,20,30,0,1,0,1,0,0,0\nD1.jpg,2,fruit,,11,40,30,0,1,0,0,0,0,0\n"
    )
    return root


def test_o3_is_read_with_the_ways_in_which_targets_differ(o3):
    shown = read_displays(o3)
    assert [(d.family, d.dimension, d.target_x, d.target_y, d.target_size) for d in shown.displays] == [
        ("o3-color-shape", "several", pytest.approx(20, abs=1), pytest.approx(30, abs=1), pytest.approx(11, abs=2)),
        ("o3-color", "colour", pytest.approx(40, abs=1), pytest.approx(30, abs=1), pytest.approx(11, abs=2)),
    ]
    assert score_map(spot(20, 30).astype(float), shown.displays[0])["fixations"] == 1


@pytest.mark.parametrize("below", ["", "input", "input/sid4vam"])
def test_sid4vam_is_read_with_blocks_and_levels_from_its_names(tmp_path, below):
    base, dataset = tmp_path / below.split("/")[0], below.partition("/")[2]
    for name in ("d1Bvs1BfeatureB34", "d2Bfv5BproximityGdissimilarB5p8333", "d2Bvs1BfeatureGabsentB2"):
        save(base / "images" / dataset / f"{name}.png", np.full((SIDE, SIDE, 3), 255, np.uint8))
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[20:30, 40:50] = 0 if "absent" in name else 255
        save(base / "mmaps" / dataset / f"{name}.png", mask)
    shown = read_displays(tmp_path)
    assert [(d.family, d.level, d.target_x, d.target_y, d.target_size, d.has_target) for d in shown.displays] == [
        ("vs1-feature", 34.0, 44.5, 24.5, 10.0, True),
        ("fv5-proximity-dissimilar", 5.8333, 44.5, 24.5, 10.0, True),
        ("vs1-feature-absent", 2.0, None, None, 0.0, False),
    ]
    row = score_map(np.random.default_rng(0).random((SIDE, SIDE)), shown.displays[0])
    assert row["gsi"] is row["percentile"] is None  # it has no distractor masks
    assert row["contrast_auc"] == pytest.approx(0.5, abs=0.1)
    assert set(score_map(np.ones((SIDE, SIDE)), shown.displays[2]).values()) == {None}


@pytest.mark.parametrize("name", ["d3Bvs1BfeatureB34", "d1Bvs99BfeatureB34", "d1Bvs1BfeatureBmany", "photo"])
def test_other_names_are_told(name):
    with pytest.raises(BrokenFile, match=f"'{name}' is no name of a SID4VAM display"):
        sid4vam_name(name)


def test_a_condition_may_hold_the_letter_that_joins():
    assert sid4vam_name("d1Bvs5BwTGhBB0p5") == ("vs5", "wT-hB", 0.5)


def test_folders_of_nothing_known_are_told(tmp_path):
    with pytest.raises(DataNotFound, match="there is no folder of displays at"):
        read_displays(tmp_path / "none")
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(DataNotFound, match=r"holds no displays that can be read; known are: .* found: holiday.jpg"):
        read_displays(tmp_path)


def test_the_shared_displays_are_read_with_their_conditions(shared):
    found = read_displays(shared / "data" / "search_displays")
    by_key = {display.stimulus.key: display for display in found.displays}
    assert len(found) == 77
    one = by_key["similarity-orientation_default_30.png"]
    assert (one.family, one.level, one.has_target) == ("vsearch-similarity-orientation/default", 30.0, True)
    assert not by_key["efficiency-setsize_feature-absent_2.png"].has_target
    sample = by_key["p3_circle_90_20_36_16.png"]
    target, distractors = sample.masks()
    areas = sample.areas((target, distractors))
    assert areas.max() == 49  # one target and 48 distractors
    row = score_map(np.where(target, 65.3434, np.where(distractors, 131.7029, 0.0)), sample)
    assert row["gsi"] == pytest.approx(-0.336771, abs=1e-6)
    assert row["percentile"] == 0
