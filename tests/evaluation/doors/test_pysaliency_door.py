"""pysaliency in both directions: its data sets and metrics give the numbers of ours under the convention of its name."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pysaliency 0.2.22 warns of pkg_resources when it is imported
    pysaliency = pytest.importorskip("pysaliency", reason="needs the extra salquest[pysaliency]", exc_type=ImportError)
    from salquest.evaluation.doors.pysaliency_door import Densities, SaliencyMaps, from_pysaliency, to_pysaliency

from salquest.datasets import DataSet, load_dataset
from salquest.errors import InputError
from salquest.evaluation import evaluate
from salquest.gaze import SaliencyMap
from salquest.models import Model, load_model

pytestmark = pytest.mark.filterwarnings("ignore")  # of pysaliency's own code


class Darkness(Model):
    """A map of values: how dark the picture is."""

    name = "darkness"

    def predict_pixels(self, pixels):
        return SaliencyMap(255.0 - pixels.mean(axis=2).astype(np.float32), "values")


@pytest.fixture(scope="module")
def pictures() -> DataSet:
    data = load_dataset("osie-mini")
    return data.subset(data.keys[:4])


@pytest.fixture(scope="module")
def theirs(pictures):
    """The same pictures and fixations as pysaliency has them: pixel x begins at x, so half a pixel is added."""
    stimuli = pysaliency.FileStimuli([str(sample.stimulus.path) for sample in pictures])
    columns = {"x": [], "y": [], "n": [], "subjects": []}
    for number, sample in enumerate(pictures):
        columns["x"].append(sample.fixations.x + 0.5)
        columns["y"].append(sample.fixations.y + 0.5)
        columns["n"].append(np.full(len(sample.fixations), number))
        columns["subjects"].append(sample.fixations.observer - 1)
    return stimuli, pysaliency.Fixations.create_without_history(**{name: np.concatenate(parts) for name, parts in columns.items()})


def test_a_pysaliency_set_is_ours_pixel_by_pixel(pictures, theirs):
    found = from_pysaliency(*theirs, name="same", pixels_per_degree=12.0)
    assert found.keys == pictures.keys
    assert found.sigma_px == 12.0
    for ours, came in zip(pictures, found, strict=True):
        np.testing.assert_array_equal(came.fixations.count_map(), ours.fixations.count_map())
        np.testing.assert_array_equal(came.fixations.observer, ours.fixations.observer)
        np.testing.assert_array_equal(came.stimulus.pixels(), ours.stimulus.pixels())


def test_our_model_scores_in_pysaliency_what_it_scores_here_under_its_convention(pictures, theirs):
    scores = evaluate(Darkness(), pictures, metrics=("auc", "nss"), convention="pysaliency")
    model = to_pysaliency(Darkness())
    assert isinstance(model, SaliencyMaps)
    assert model.AUC(*theirs, average="image") == pytest.approx(scores.values("auc").mean(), abs=1e-12)
    each = model.NSSs(*theirs)
    by_picture = [each[theirs[1].n == number].mean() for number in range(len(pictures))]
    np.testing.assert_allclose(by_picture, scores.values("nss"), atol=1e-10)


def test_our_density_is_a_pysaliency_model_with_the_same_likelihood(pictures, theirs):
    model = to_pysaliency(load_model("centre-bias"))
    assert isinstance(model, Densities)
    assert np.log(np.exp(model.log_density(theirs[0][0])).sum()) == pytest.approx(0, abs=1e-12)
    uniform = pysaliency.UniformModel()
    each = model.information_gains(*theirs, baseline_model=uniform)
    gain = np.mean([each[theirs[1].n == number].mean() for number in range(len(pictures))])
    ours = evaluate(load_model("centre-bias"), pictures, metrics=("ll",), convention="tuebingen").values("ll").mean()
    assert gain == pytest.approx(ours, abs=1e-6)


def test_a_model_of_values_has_no_log_density():
    with pytest.raises(InputError, match="darkness predicts values"):
        Densities(Darkness())


def test_stimuli_in_memory_become_files_and_fixations_outside_are_counted(tmp_path: Path):
    stimuli = pysaliency.Stimuli([np.full((20, 30, 3), 90, dtype=np.uint8), np.full((10, 12), 40, dtype=np.uint8)])
    fixations = pysaliency.Fixations.create_without_history(
        x=np.array([0.0, 29.9, 30.0, 5.0]), y=np.array([0.0, 19.9, 3.0, 9.0]), n=np.array([0, 0, 0, 1])
    )
    with pytest.raises(InputError, match="folder=DIR"):
        from_pysaliency(stimuli, fixations)
    data = from_pysaliency(stimuli, fixations, folder=tmp_path / "pictures")
    assert data.keys == ("0000.png", "0001.png")
    assert [(problem.key, problem.count) for problem in data.problems] == [("0000.png", 1)]
    assert data["0000.png"].fixations.count_map()[[0, 19], [0, 29]].tolist() == [1, 1]
    assert data["0001.png"].stimulus.pixels().shape == (10, 12, 3)
    with pytest.raises(InputError, match="is not empty"):
        from_pysaliency(stimuli, fixations, folder=tmp_path / "pictures")


def test_files_of_the_same_name_in_two_folders_keep_their_folder(tmp_path: Path):
    from PIL import Image

    for folder in ("Action", "Art"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (12, 10)).save(tmp_path / folder / "001.png")
    stimuli = pysaliency.FileStimuli([str(tmp_path / folder / "001.png") for folder in ("Action", "Art")])
    fixations = pysaliency.Fixations.create_without_history(x=np.array([1.0]), y=np.array([1.0]), n=np.array([1]))
    assert from_pysaliency(stimuli, fixations).keys == ("Action/001.png", "Art/001.png")
