"""Sets of displays in folders: whole, resumable, readable as a data set."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import load_dataset
from salquest.displays import FAMILIES, SETS, draw_display, make_set, plan_set, read_displays
from salquest.displays.sets import SID4VAM_BLOCKS
from salquest.errors import BrokenFile, DataNotFound, InputError, Refused, UnknownName
from salquest.runs import Columns

FEW = ("hue", "blank", "texture-orientation")


def small_plan(**changes):
    return plan_set("quick", **{"size": (192, 192), "per_level": 2, "families": FEW, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return make_set(small_plan(), tmp_path_factory.mktemp("made") / "set")


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_set_has_its_displays_with_masks_maps_and_an_index(made):
    names = {path.name for path in (made / "stimuli").iterdir()}
    assert names == {path.name for folder in ("labels", "targets", "distractors", "maps") for path in (made / folder).iterdir()}
    index = Columns.load(made / "index.csv")
    assert set(map(str, index["image"])) == names
    assert len(names) == 2 * 2 * 2 + 2  # two families at two levels, one control


def test_files_are_the_display(made):
    display = draw_display("hue", 180.0, number=1, size=(192, 192))
    image, labels, target = (np.asarray(Image.open(made / folder / "hue_180_001.png")) for folder in ("stimuli", "labels", "targets"))
    np.testing.assert_array_equal(image, display.image)
    np.testing.assert_array_equal(labels, display.labels)
    np.testing.assert_array_equal(target == 255, display.labels == 1)


def test_a_set_is_a_data_set_with_regions(made):
    data = load_dataset("displays", made)
    assert (len(data), data.problems, data.pixels_per_degree) == (10, (), pytest.approx(35 * 192 / 1024))
    sample = data["hue_180_000.png"]
    assert sample.regions.categories == ("distractor", "target")
    labels = np.asarray(Image.open(made / "labels" / "hue_180_000.png"))
    np.testing.assert_array_equal(sample.regions.mask("target"), labels == 1)
    density = sample.distributed_map()
    assert labels[np.unravel_index(density.argmax(), density.shape)] == 1


def test_the_same_plan_gives_the_same_files_whoever_draws_them(made, tmp_path):
    assert contents(make_set(small_plan(), tmp_path / "again", workers=2)) == contents(made)


def test_another_seed_gives_another_checksum(made, tmp_path):
    other = make_set(small_plan(seed=1), tmp_path / "other")
    assert (other / "checksum.txt").read_text() != (made / "checksum.txt").read_text()


def test_a_set_that_was_stopped_goes_on_and_ends_the_same(made, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(made, half)
    for name in ("meta.json", "index.csv", "checksum.txt", "attributes.csv.gz", "records/hue_180_001.json", "labels/hue_180_001.png"):
        (half / name).unlink()
    with pytest.raises(DataNotFound, match="is a set of displays that is not finished"):
        read_displays(half)
    done = []
    make_set(small_plan(), half, progress=lambda number, total: done.append((number, total)))
    assert done == [(9, 10), (10, 10)]
    assert contents(half) == contents(made)


def test_a_folder_of_something_else_is_not_touched(made, tmp_path):
    with pytest.raises(Refused, match=r"holds displays of another plan \(its displays.json differs\); choose another folder with --out"):
        make_set(small_plan(seed=5), made)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("you")
    with pytest.raises(Refused, match="holds something that is no set of displays"):
        make_set(small_plan(), tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


def test_displays_lie_on_a_picture_that_is_given(tmp_path):
    Image.fromarray(np.full((50, 60, 3), (200, 10, 10), np.uint8)).save(tmp_path / "red.png")
    root = make_set(small_plan(families=("hue",), per_level=1), tmp_path / "on-red", backdrop=tmp_path / "red.png")
    assert np.asarray(Image.open(root / "stimuli" / "hue_180_000.png"))[0, 0].tolist() == [200, 10, 10]
    with pytest.raises(DataNotFound, match="there is no picture at"):
        make_set(small_plan(), tmp_path / "x", backdrop=tmp_path / "none.png")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_named_set_plans_known_families_at_their_own_levels(name):
    for family, levels in SETS[name].levels.items():
        assert set(levels) <= set(FAMILIES[family].levels)


def test_the_sets_are_what_they_are_named_after():
    assert len(SID4VAM_BLOCKS) == 15
    assert set(SETS["quick"].levels) == set(SETS["standard"].levels) == set(FAMILIES)
    assert len(plan_set("p3like").jobs()) == 4 * 7 * 49
    assert all(len(levels) == 7 for levels in SETS["sid4vamlike"].levels.values())
    assert SETS["sid4vamlike"].size == (1024, 1280)


def test_plans_that_cannot_be_are_told():
    with pytest.raises(UnknownName, match="no set of displays is called 'quik' \\(did you mean 'quick'\\?\\)"):
        plan_set("quik")
    with pytest.raises(UnknownName, match="no family of the set p3like is called 'hue'"):
        plan_set("p3like", families=("hue",))
    with pytest.raises(InputError, match="a set has 1 to 1000 displays per level; found 0"):
        plan_set("quick", per_level=0)


def test_hostile_records_are_told(made, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(made, broken)
    path = broken / "records" / "hue_180_001.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "area_radius": 1e12}))
    with pytest.raises(BrokenFile, match=r"areas of radius 1000000000000\.0 on a picture of 192x192"):
        read_displays(broken)
    path.write_text("{")
    with pytest.raises(BrokenFile, match=r"hue_180_001.json is not JSON"):
        read_displays(broken)
    path.write_text(json.dumps({"family": "hue"}))
    with pytest.raises(BrokenFile, match="is not the record of a display"):
        read_displays(broken)
