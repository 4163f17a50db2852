"""Submissions are read back: by us before they get their name, here once more, and by pysaliency where it is installed."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import logsumexp

from salquest.cli import main
from salquest.datasets import DataSet, load_dataset
from salquest.errors import BrokenFile, InputError, Refused
from salquest.evaluation.doors.submission import write_salicon, write_tuebingen
from salquest.gaze import SaliencyMap
from salquest.models import Model, load_model


class Ramp(Model):
    """Values that grow to the right."""

    name = "ramp"

    def predict_pixels(self, pixels):
        return SaliencyMap(np.tile(np.arange(pixels.shape[1], dtype=np.float32), (pixels.shape[0], 1)), "values")


class Holey(Model):
    """A density that is 0 in its first pixel."""

    name, is_density = "holey", True

    def predict_pixels(self, pixels):
        values = np.full(pixels.shape[:2], 1 / (pixels.shape[0] * pixels.shape[1] - 1), dtype=np.float32)
        values[0, 0] = 0
        return SaliencyMap(values, "density")


class Small(Ramp):
    """Maps of the wrong size."""

    def predict_pixels(self, pixels):
        return super().predict_pixels(pixels[::2, ::2])


@pytest.fixture
def data(tiny_set: Path) -> DataSet:
    return load_dataset("tiny", tiny_set)


def test_a_folder_of_log_densities_sums_to_one_and_has_each_pictures_size(data, tmp_path):
    written = write_tuebingen(load_model("centre-bias"), data, tmp_path / "out")
    assert (written.content, written.pictures) == ("log densities", 12)
    assert written.greatest_logsumexp < 1e-5
    for sample in data:
        values = np.load(tmp_path / "out" / f"{sample.stimulus.stem}.npy")
        assert values.shape == sample.stimulus.size
        assert abs(logsumexp(values)) < 1e-3


def test_plain_maps_are_written_as_they_are_with_their_sub_folders(data, tmp_path):
    moved = tuple(replace(s, stimulus=replace(s.stimulus, key=f"Action/{s.stimulus.key}")) for s in data)
    written = write_tuebingen(Ramp(), replace(data, samples=moved), tmp_path / "out")
    assert written.content == "maps"
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "Action" / "blobs00.npy")[0], np.arange(64))


def test_hdf5_has_one_dataset_per_picture_under_its_key(data, tmp_path):
    h5py = pytest.importorskip("h5py", reason="needs the extra salquest[h5py]")
    written = write_tuebingen(load_model("centre-bias"), data, tmp_path / "out.hdf5")
    with h5py.File(written.path) as file:
        assert sorted(file) == sorted(data.keys)
        assert file["blobs00.png"].shape == (48, 64)
        assert (file["blobs00.png"].compression, file["blobs00.png"].compression_opts) == ("gzip", 9)


@pytest.mark.filterwarnings("ignore")
def test_pysaliency_reads_the_hdf5_as_the_model_that_it_was(data, tmp_path):
    pytest.importorskip("h5py", reason="needs the extra salquest[h5py]")
    pysaliency = pytest.importorskip("pysaliency", reason="needs the extra salquest[pysaliency]", exc_type=ImportError)
    from pysaliency.precomputed_models import HDF5Model

    model = load_model("centre-bias")
    written = write_tuebingen(model, data, tmp_path / "out.hdf5")
    stimuli = pysaliency.FileStimuli([str(sample.stimulus.path) for sample in data])
    density = np.exp(HDF5Model(stimuli, str(written.path)).log_density(stimuli[2]))
    np.testing.assert_allclose(density, model.predict_stimulus(data.samples[2].stimulus).values, rtol=1e-5)


def test_a_density_with_zeros_and_a_map_of_another_size_are_refused_and_leave_nothing(data, tmp_path):
    with pytest.raises(InputError, match=r"the density of blobs00\.png is 0 at 1 pixels"):
        write_tuebingen(Holey(), data, tmp_path / "a")
    with pytest.raises(InputError, match=r"the map of blobs00\.png is \(24, 32\) but the picture is \(48, 64\)"):
        write_salicon(Small(), data, tmp_path / "b.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_salicon_zip_holds_8_bit_maps_without_zeros(data, tmp_path):
    write_salicon(Ramp(), data, tmp_path / "maps.zip")
    with zipfile.ZipFile(tmp_path / "maps.zip") as archive:
        assert sorted(archive.namelist()) == [f"blobs{number:02d}.png" for number in range(12)]
        with Image.open(io.BytesIO(archive.read("blobs03.png"))) as picture:
            assert (picture.mode, picture.size) == ("L", (64, 48))
            assert np.asarray(picture).min() == 1


def test_a_salicon_results_json_numbers_pictures_as_coco_does(data, tmp_path):
    with pytest.raises(InputError, match="numbers pictures as COCO does"):
        write_salicon(Ramp(), data, tmp_path / "results.json")
    named = [replace(s, stimulus=replace(s.stimulus, key=f"COCO_val2014_{i:012d}.png")) for i, s in enumerate(data, start=7)]
    write_salicon(Ramp(), replace(data, samples=tuple(named)), tmp_path / "results.json")
    rows = json.loads((tmp_path / "results.json").read_text())
    assert [row["image_id"] for row in rows] == list(range(7, 19))
    with Image.open(io.BytesIO(base64.b64decode(rows[0]["saliency_map"]))) as picture:
        assert picture.size == (64, 48)


def test_two_pictures_of_one_name_do_not_pass(data, tmp_path):
    samples = tuple(replace(s, stimulus=replace(s.stimulus, key=f"{folder}/001.png")) for s, folder in zip(data, "ab", strict=False))
    with pytest.raises(BrokenFile, match="the same name or number"), pytest.warns(UserWarning, match="Duplicate name"):
        write_salicon(Ramp(), replace(data, samples=samples), tmp_path / "maps.zip")
    assert not (tmp_path / "maps.zip").exists()


def test_what_is_there_stays_unless_it_shall_be_replaced(data, tmp_path):
    write_tuebingen(Ramp(), data, tmp_path / "out")
    with pytest.raises(Refused, match="is there already"):
        write_tuebingen(load_model("centre-bias"), data, tmp_path / "out")
    assert write_tuebingen(load_model("centre-bias"), data, tmp_path / "out", force=True).content == "log densities"


def test_the_command_says_what_it_wrote(tiny_set, tmp_path, capsys):
    with pytest.raises(SystemExit) as done:
        main(["submission", "--to", "tuebingen", "--model", "centre-bias", "--data", f"tiny={tiny_set}", "--out", str(tmp_path / "out")])
    assert done.value.code in (0, None)
    assert "log densities of 12 pictures, read back and checked; |logsumexp| at most" in capsys.readouterr().out
    with pytest.raises(SystemExit) as refused:
        main(["submission", "--to", "salicon", "--data", f"tiny={tiny_set}", "--out", str(tmp_path / "maps.zip")])
    assert refused.value.code == 2
