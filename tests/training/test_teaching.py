"""Learning from trained networks: their mean density is asked once, moves along with windows, and joins any sum as `teach`."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from salquest.datasets import DataSet, Split
from salquest.errors import DataNotFound, InputError
from salquest.gaze import resize_map
from salquest.losses import Objective, parse
from salquest.models import load_model
from salquest.runs import Columns
from salquest.training import TrainingPlan, train
from salquest.training import run as run_module
from salquest.training.augmentation import Augmentation, View, Window
from salquest.training.batches import Examples
from salquest.training.teaching import Teachers, weights_digests

SMALL = TrainingPlan(loss="kld", network="light", activation="softmax", size=(48, 64), map_size=(24, 32), epochs=1, batch=4)


@pytest.fixture(scope="module")
def teachers(blobs: DataSet, split: Split, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    runs = [tmp_path_factory.mktemp("teachers") / str(seed) for seed in (0, 1)]
    for seed, run in enumerate(runs):
        train(msgspec.structs.replace(SMALL, seed=seed), blobs, split, run, device="cpu", score_test=False)
    return runs


def test_they_say_the_mean_of_each_and_of_the_mirrored_picture(teachers: list[Path], blobs: DataSet) -> None:
    stimulus = blobs.samples[0].stimulus
    found = Teachers(teachers).density(stimulus)
    pixels = stimulus.pixels()
    said = [load_model(run).predict(way(pixels)).values for run in teachers for way in (np.array, np.fliplr)]
    mean = (said[0] + said[1][:, ::-1] + said[2] + said[3][:, ::-1]) / 4
    assert max(found.shape) == 192
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert np.corrcoef(found.ravel(), resize_map(mean, found.shape).ravel())[0, 1] > 0.9999


def test_each_picture_is_asked_once_and_kept(teachers: list[Path], blobs: DataSet, tmp_path: Path) -> None:
    stimulus = blobs.samples[0].stimulus
    first = Teachers(teachers, tmp_path).density(stimulus)
    again = Teachers(teachers[::-1], tmp_path)
    again._models = []  # nobody is left to ask
    np.testing.assert_array_equal(again.density(stimulus), first)


def test_what_they_say_moves_along_with_the_window(teachers: list[Path], blobs: DataSet) -> None:
    few = blobs.subset(blobs.keys[:2])
    examples = Examples(few, size=(48, 64), map_size=(24, 32), sigma_px=9.6, viewed=True, teachers=Teachers(teachers))
    height, width = few.samples[0].stimulus.size
    whole, half = (
        examples.batch([0], [True], [1.0], views=[view]).targets.form("teacher")[0].flip(-1).numpy()
        for view in (View(), View(Window(0, width // 2, height, width // 2)))
    )
    right = np.repeat(whole[:, 16:], 2, axis=1)
    assert np.corrcoef(half.ravel(), right.ravel())[0, 1] > 0.98
    assert half.sum() == pytest.approx(1, abs=1e-5)


def test_a_student_learns_what_they_say_and_validates_on_gaze_alone(
    teachers: list[Path], blobs: DataSet, split: Split, tmp_path: Path
) -> None:
    plan = TrainingPlan(
        loss="kld + teach",
        network="light",
        activation="softmax",
        unfreeze="features.15",
        size=(48, 64),
        map_size=(24, 32),
        augment=Augmentation(zoom=(0.7, 1.0)),
        teachers=tuple(str(run) for run in teachers),
        epochs=2,
        batch=4,
    )
    train(plan, blobs, split, tmp_path / "student", device="cpu", cache=tmp_path / "kept", metrics=("cc",))
    log = Columns.load(tmp_path / "student" / "log.csv")
    assert "val_teach" not in log
    assert log.numbers("train_loss")[1] < log.numbers("train_loss")[0]
    assert len(list((tmp_path / "kept").glob("teachers-*/*.npy"))) == len(split.train)


def test_teachers_are_known_by_their_weights_not_by_their_place(teachers: list[Path], tmp_path: Path) -> None:
    moved = shutil.copytree(teachers[0], tmp_path / "moved")
    assert weights_digests([teachers[1], moved]) == weights_digests(teachers)
    plans = [TrainingPlan(loss="kld + teach", teachers=(str(a), str(b))).resolved() for a, b in (teachers, (teachers[1], moved))]
    assert run_module._meaning(plans[0]) == run_module._meaning(plans[1])


def test_a_teacher_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"has no weights\.safetensors; a teacher is the folder of a finished run"):
        weights_digests([tmp_path])


@pytest.mark.parametrize(
    ("loss", "teachers", "sentence"),
    [
        (
            "kld + teach",
            (),
            "a loss with a teach term needs teachers, and teachers such a term; found the loss kld \\+ teach and 0 teachers",
        ),
        ("kld", ("somewhere",), "found the loss kld and 1 teachers"),
        ("teach", ("somewhere",), "teach compares with teachers alone; add a term about gaze"),
    ],
)
def test_teachers_and_their_term_come_together(loss: str, teachers: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainingPlan(loss=loss, teachers=teachers).resolved()


def test_what_validation_asks_is_the_same_object_where_nobody_teaches() -> None:
    objective = Objective(parse("kld - cc"), "softmax")
    assert objective.of_gaze() is objective
    assert str(Objective(parse("kld + 2*teach - cc"), "softmax").of_gaze().expression) == "-cc + kld"
