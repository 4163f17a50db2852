"""`salquest predict` as a user calls it: what it leaves, what it does again, what it says of pictures that are none."""

from __future__ import annotations

import errno
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from PIL import Image

from salquest.applications import Wanted, predict_pictures
from salquest.applications.predictions import model_names
from salquest.datasets import load_dataset
from salquest.errors import InputError, Refused
from salquest.gaze.map_files import read_map
from salquest.gaze.pictures import picture_size, read_picture
from salquest.models import load_model


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """photos/1001.jpg, photos/more/1006.jpg and photos/more/1010.jpg, or whatever the first three of osie-mini are called."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "more").mkdir()
    first, *others = load_dataset("osie-mini").samples[:3]
    shutil.copy(first.stimulus.path, folder)
    for sample in others:
        shutil.copy(sample.stimulus.path, folder / "more")
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def names(photos: Path) -> list[str]:
    return sorted(path.relative_to(photos).with_suffix("").as_posix() for path in photos.rglob("*.jpg"))


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {name: ((folder / name).stat().st_mtime_ns, (folder / name).read_bytes()) for name in files(folder) if "made.json" not in name}


def test_sub_folders_are_kept(photos, tmp_path):
    assert call("predict", photos, "-r", "--model", "centre-bias", "--out", tmp_path / "maps", "--format", "npy") == 0
    assert files(tmp_path / "maps") == sorted(["made.json", *(f"{name}.npy" for name in names(photos))])


def test_a_map_file_is_what_the_model_predicts(photos, tmp_path):
    picture = next(photos.glob("*.jpg"))
    assert call("predict", picture, "--model", "centre-bias", "--out", tmp_path, "--format", "npy") == 0
    expected = load_model("centre-bias").predict(picture)
    assert np.array_equal(read_map(tmp_path / f"{picture.stem}.npy"), expected.values.astype(np.float64))


def test_several_models_fill_a_folder_each_and_share_a_sheet_per_picture(photos, tmp_path, capsys):
    picture = next(photos.glob("*.jpg"))
    words = ("predict", picture, "--model", "centre-bias", "--model", "uniform", "--out", tmp_path, "--format", "png8", "--sheet")
    assert call(*words) == 0
    told = capsys.readouterr().out
    assert "1 picture predicted into" in told
    assert "by 2 models; 8 bits are for looking at: score float or 16-bit maps" in told
    made = [f"{folder}/made.json" for folder in ("centre-bias", "pages", "sheets", "uniform")]
    stem = picture.stem
    assert files(tmp_path) == sorted([*made, f"centre-bias/{stem}.png", f"uniform/{stem}.png", f"sheets/{stem}.jpg", "pages/001.jpg"])
    before = snapshot(tmp_path)
    assert call(*words) == 0
    assert snapshot(tmp_path) == before


def test_an_8_bit_map_has_no_zero(photos, tmp_path):
    picture = next(photos.glob("*.jpg"))
    assert call("predict", picture, "--model", "centre-bias", "--out", tmp_path, "--format", "png8") == 0
    with Image.open(tmp_path / f"{picture.stem}.png") as found:
        assert (found.mode, found.getextrema()) == ("L", (1, 255))


def test_regions_and_scanpath_are_json_and_are_drawn_with_overlays(photos, tmp_path):
    picture = next(photos.glob("*.jpg"))
    words = ["--model", "centre-bias", "--overlay", "--regions", "3", "--scanpath", "4", "--radius", "0.2", "--out"]
    assert call("predict", picture, *words, tmp_path) == 0
    endings = ["overlay.jpg", "png", "regions.jpg", "regions.json", "scanpath.jpg", "scanpath.json"]
    assert files(tmp_path) == sorted([*(f"{picture.stem}.{ending}" for ending in endings), "made.json"])
    regions, path = (json.loads((tmp_path / f"{picture.stem}.{what}.json").read_text()) for what in ("regions", "scanpath"))
    assert (regions["picture"], regions["size"], [one["rank"] for one in regions["regions"]]) == (picture.name, [320, 240], [1])
    (region,) = regions["regions"]  # a centre bias has one
    assert region["left"] < region["x"] < region["left"] + region["width"]
    assert (len(path["stops"]), path["radius"]) == (4, 0.2)
    assert "not a model of eye movements" in path["rule"]
    assert all(picture_size(tmp_path / f"{picture.stem}.{what}.jpg") == (240, 320) for what in ("overlay", "regions", "scanpath"))


def test_again_only_what_is_missing_or_has_changed_is_made(photos, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / "in")
    first, second = (tmp_path / "in" / f"{name}.jpg" for name in names(photos)[:2])
    words = ("predict", tmp_path / "in", "-r", "--model", "centre-bias", "--out", tmp_path / "maps", "--overlay")
    assert call(*words) == 0
    before = snapshot(tmp_path / "maps")
    third_overlay = names(photos)[2] + ".overlay.jpg"
    (tmp_path / "maps" / third_overlay).unlink()
    shutil.copy(second, first)
    capsys.readouterr()
    assert call(*words) == 0
    assert "2 pictures predicted into" in (told := capsys.readouterr().out)
    assert "; 1 were there already; 1 had changed since and were made again" in told
    after = snapshot(tmp_path / "maps")
    remade = sorted([third_overlay, f"{names(photos)[0]}.png", f"{names(photos)[0]}.overlay.jpg"])
    assert sorted(name for name in after if after[name][0] != before[name][0]) == remade


def test_more_may_be_asked_for_later_and_less(photos, tmp_path):
    picture = next(photos.glob("*.jpg"))
    words = ("predict", picture, "--model", "centre-bias", "--out", tmp_path)
    assert call(*words) == 0
    before = snapshot(tmp_path)
    assert call(*words, "--regions", "3") == 0
    assert call(*words) == 0
    assert snapshot(tmp_path).items() >= before.items()
    assert call(*words, "--regions", "4") == 2


def test_a_model_that_has_changed_is_noticed(photos, tmp_path, capsys, monkeypatch):
    picture = next(photos.glob("*.jpg"))
    words = ("predict", picture, "--model", "centre-bias", "--out", tmp_path)
    assert call(*words) == 0
    monkeypatch.setattr("salquest.applications.predictions.fingerprint", lambda name: "other weights")
    assert call(*words) == 2
    assert "(fingerprint was centre-bias of salquest" in (told := capsys.readouterr().err)
    assert "and is other weights now); choose another folder, or write over it with --force" in told
    assert call(*words, "--force") == 0


def test_a_list_of_paths_is_read_from_stdin(photos, tmp_path, monkeypatch):
    listed = "\n".join(str(photos / f"{name}.jpg") for name in names(photos)[:2])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed.encode())))
    assert call("predict", "-", "--model", "uniform", "--out", tmp_path) == 0
    assert files(tmp_path) == sorted(["made.json", *(f"{Path(name).name}.png" for name in names(photos)[:2])])


def test_an_empty_list_is_a_wrong_request(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    assert call("predict", "-", "--model", "uniform", "--out", tmp_path / "maps") == 2
    assert "no pictures were named" in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


def test_numbers_and_order_do_not_depend_on_the_workers(photos, tmp_path):
    (tmp_path / "broken.jpg").write_text("")
    told = [
        predict_pictures(
            [tmp_path / "broken.jpg", photos, tmp_path / "gone.jpg"],
            out=tmp_path / str(workers),
            models=["centre-bias"],
            wanted=Wanted(regions=2),
            recursive=True,
            workers=workers,
        )
        for workers in (1, 5)
    ]
    assert told[0] == told[1]
    assert [failure.split(" ")[0] for failure in told[0].failures] == [f"{tmp_path}/broken.jpg", "there"]
    for name in files(tmp_path / "1"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "5" / name).read_bytes()


def test_pictures_of_one_name_are_refused_before_anything_is_made(photos, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / "copy")
    name = names(photos)[0]
    assert call("predict", photos / f"{name}.jpg", tmp_path / "copy" / f"{name}.jpg", "--model", "uniform", "--out", tmp_path / "maps") == 2
    assert "would have the same name" in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()


def test_a_picture_is_not_overwritten_by_its_map(tmp_path, capsys):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    for extra in ([], ["--force"]):
        assert call("predict", tmp_path / "a.png", "--model", "uniform", "--out", tmp_path, *extra) == 2
        assert "a.png is one of the pictures that are read, and would be written over" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == before


def test_run_folders_of_one_name_are_told_apart_by_the_folders_above(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "best").mkdir(parents=True)
    assert model_names([tmp_path / "a" / "best", "uniform", tmp_path / "b" / "best"]) == ["a-best", "uniform", "b-best"]
    with pytest.raises(InputError, match=r"the model .* is named twice; name each once"):
        model_names([tmp_path / "a" / "best", tmp_path / "a" / "best"])
    with pytest.raises(InputError, match="a prediction needs a model; none was named"):
        model_names([])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--regions -1", "numbers of regions and of stops are 0 or more"),
        ("--scanpath 3 --radius 0", "the radius of inhibition is a positive fraction of the smaller side; found 0"),
        ("--workers 0", "found 0 workers"),
        ("--model uniform --model uniform", "the model uniform is named twice; name each once"),
        ("--model nobody", "no model or run folder is called 'nobody'"),
        ("--format jpg", "Invalid value"),
        ("--ovrlay", "no option is called --ovrlay; --help lists them (a file of that name is given as ./--ovrlay)"),
    ],
)
def test_a_wrong_request_is_a_sentence(words, sentence, photos, tmp_path, capsys):
    assert call("predict", photos, "--out", tmp_path / "maps", *words.split()) == 2
    assert sentence in capsys.readouterr().err
    assert [name for name in files(tmp_path) if name.endswith((".png", ".npy"))] == []


def test_a_disk_that_is_full_ends_the_work_with_a_sentence_and_leaves_no_half_file(photos, tmp_path, monkeypatch, capsys):
    write = Path.write_bytes

    def until_full(path, content):
        if path.suffix != ".json" and ".png" in path.name and until_full.room <= 0:
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        until_full.room -= ".png" in path.name
        return write(path, content)

    until_full.room = 1
    monkeypatch.setattr(Path, "write_bytes", until_full)
    words = ("predict", photos, "-r", "--model", "uniform", "--out", tmp_path / "maps", "--workers", "2")
    assert call(*words) == 2
    told = capsys.readouterr().err
    assert "could not be written: No space left on device; nothing half-written was left" in told
    left = files(tmp_path / "maps")
    assert len(left) == 2
    assert not [name for name in left if "/." in f"/{name}"]
    monkeypatch.undo()
    assert call(*words) == 0
    assert "2 pictures predicted into" in (told := capsys.readouterr().out)
    assert "1 were there already" in told


def test_what_cannot_be_written_is_refused_not_named_as_a_broken_picture(photos, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="could not be written"):
        predict_pictures([photos], out=tmp_path / "file" / "maps", models=["uniform"])


def test_exif_turns_the_map_with_the_photograph(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 24)).save(tmp_path / "a.jpg", exif=exif)
    predict_pictures([tmp_path / "a.jpg"], out=tmp_path / "maps", models=["centre-bias"], wanted=Wanted(overlay=True))
    assert read_map(tmp_path / "maps" / "a.png").shape == (40, 24)
    assert read_picture(tmp_path / "maps" / "a.overlay.jpg").shape == (40, 24, 3)


def test_without_a_folder_maps_go_into_saliency_here(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    picture = next(photos.glob("*.jpg"))
    assert call("predict", picture) == 0
    assert files(tmp_path) == sorted([f"saliency/{picture.stem}.png", "saliency/made.json"])
    assert "1 picture predicted into saliency" in capsys.readouterr().out


def test_a_mirrored_look_is_told_with_its_price_and_is_another_request(photos, tmp_path, capsys):
    picture = next(photos.glob("*.jpg"))
    assert call("predict", picture, "--model", "centre-bias", "--out", tmp_path, "--mirror") == 0
    assert "looked at in 2 ways: a network takes about 2.0 times as long" in capsys.readouterr().out
    assert call("predict", picture, "--model", "centre-bias", "--out", tmp_path) == 2
    assert call("predict", picture, "--model", "centre-bias", "--out", tmp_path / "other", "--scale", "1.5") == 2
    assert "scales are for networks" in capsys.readouterr().err
