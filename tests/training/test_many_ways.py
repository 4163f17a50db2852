"""Training with all that makes a network travel: several sets, kept aspects, windows, scales, averaged weights; and taken up again bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from salquest.datasets import DataSet, Sample, join
from salquest.errors import InputError
from salquest.gaze import Stimulus
from salquest.models import load_model
from salquest.runs import Columns, RunFolder, identity
from salquest.training import TrainingPlan, Watcher, train
from salquest.training import run as run_module
from salquest.training.augmentation import Augmentation
from salquest.training.gaze_task import GazeTask
from salquest.training.plan import plan_from

PLAN = TrainingPlan(
    loss="kld - 0.1*nss",
    network="mobile",
    activation="softmax",
    unfreeze="features.14",
    size=(48, 64),
    map_size=(24, 32),
    fit="aspect",
    mix="sets",
    augment=Augmentation(zoom=(0.6, 1.0), colour=0.2, jpeg=0.3),
    scales=(1.0, 1.5),
    ema=0.8,
    decay="weights",
    weight_decay=0.01,
    channels_last=True,
    clip=1.0,
    epochs=3,
    batch=4,
)


@pytest.fixture(scope="module")
def sets(blobs: DataSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataSet]:
    """Two sets of different resolution, one of them of pictures that are higher than wide."""
    folder = tmp_path_factory.mktemp("upright")
    upright = []
    for sample in blobs.samples[:8]:
        height, width = sample.stimulus.size
        assert sample.fixations is not None
        Image.fromarray(sample.stimulus.pixels()[:, width // 4 : 3 * width // 4]).save(folder / sample.stimulus.key)
        stimulus = Stimulus(sample.stimulus.key, folder / sample.stimulus.key, (height, width // 2))
        upright.append(Sample(stimulus, sample.fixations.cropped(0, width // 4, stimulus.size)))
    return {"wide": blobs.subset(blobs.keys[8:]), "odd": DataSet("odd", tuple(upright), pixels_per_degree=20.0)}


class Stopped(Exception):
    pass


def stop_after(epoch: int) -> Watcher:
    def look(row: Mapping[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise Stopped

    return Watcher(epoch=look)


@pytest.fixture(scope="module")
def finished(sets: dict[str, DataSet], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(PLAN, sets, "seed", out, device="cpu")
    return out


def test_the_record_names_every_set_with_its_edition_and_sigma(finished: Path, sets: dict[str, DataSet]) -> None:
    record = RunFolder(finished).read()
    assert [(one["name"], one["edition"], one["sigma_px"]) for one in record.data["sets"]] == [
        ("odd", sets["odd"].edition(), 20.0),
        ("wide", sets["wide"].edition(), sets["wide"].pixels_per_degree),
    ]
    assert {key.split("/")[0] for key in record.split["train"]} == {"odd", "wide"}


def test_each_set_is_scored_by_itself_and_weighs_the_same(finished: Path) -> None:
    record, rows = RunFolder(finished).read(), Columns.load(finished / "scores.csv")
    assert set(rows["data"]) == {"odd", "wide"}
    assert all(str(image).startswith(f"{name}/") for image, name in zip(rows["image"], rows["data"], strict=True))
    for name in ("odd", "wide"):
        own = [value for value, belongs in zip(rows.numbers("nss"), rows["data"], strict=True) if belongs == name]
        assert record.scores_by_set[name]["nss"] == pytest.approx(np.mean(own))
    assert record.scores["nss"] == pytest.approx((record.scores_by_set["odd"]["nss"] + record.scores_by_set["wide"]["nss"]) / 2)


def test_the_validation_loss_is_the_mean_of_the_sets_and_the_greatest_scale_is_logged_too(finished: Path) -> None:
    log = Columns.load(finished / "log.csv")
    for column in ("val_loss", "val_cc_score", "val_nss_score"):
        means = (np.array(log.numbers(f"{column} odd")) + log.numbers(f"{column} wide")) / 2
        np.testing.assert_allclose(log.numbers(column), means)
        assert np.isfinite(log.numbers(f"{column} at 1.5")).all()


def test_the_averaged_weights_are_kept_not_the_last_step_s(finished: Path) -> None:
    state = finished / "state" / "epoch-0003"
    last, average = load_file(state / "network.safetensors"), load_file(state / "average.safetensors")
    kept = load_file(finished / "weights.safetensors")
    if RunFolder(finished).read().best_epoch == 3:
        assert all(torch.equal(kept[name], tensor) for name, tensor in average.items())
    assert any(not torch.equal(kept[name], last[name]) for name in average)


@pytest.mark.parametrize("epoch", [1, 2])
def test_stopping_and_going_on_equals_never_having_stopped(epoch: int, finished: Path, sets: dict[str, DataSet], tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(PLAN, sets, "seed", tmp_path / "stopped", device="cpu", watch=stop_after(epoch))
    train(PLAN, dict(reversed(sets.items())), "seed", tmp_path / "stopped", device="cpu")
    ours, theirs = (load_file(root / "weights.safetensors") for root in (finished, tmp_path / "stopped"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (tmp_path / "stopped" / "scores.csv").read_bytes() == (finished / "scores.csv").read_bytes()


def test_the_trained_network_keeps_the_aspect(finished: Path) -> None:
    model = load_model(finished)
    assert model.network.fit == "aspect"
    assert model.predict(np.zeros((60, 30, 3), np.uint8)).size == (60, 30)


def test_a_set_without_test_pictures_is_left_out_and_one_without_training_pictures_is_scored(
    sets: dict[str, DataSet], tmp_path: Path
) -> None:
    split = join(sets).divide("seed")
    held_out = msgspec.structs.replace(PLAN, epochs=1, augment=None, scales=(1.0,))
    parts = {"train": [k for k in split.train if k.startswith("wide")], "val": [k for k in split.val if k.startswith("wide")]}
    listed = tmp_path / "parts.csv"
    rows = [f"{key},{part}" for part, keys in {**parts, "test": split.test}.items() for key in keys]
    listed.write_text("\n".join(["image,split", *rows, ""]))
    record = train(held_out, sets, str(listed), tmp_path / "held-out", device="cpu", metrics=("ig",))
    assert set(record.scores_by_set) == {"odd", "wide"}


@pytest.mark.parametrize("change", [{"augment": Augmentation(colour=0.1)}, {"scales": (1.0, 1.25)}])
def test_a_frozen_encoder_refuses_pictures_that_are_shown_anew(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a frozen encoder sees each once and its features are kept; let stages learn"):
        TrainingPlan(loss="kld", **change).resolved()


def test_a_frozen_encoder_can_keep_the_aspect_without_kept_features(sets: dict[str, DataSet], tmp_path: Path) -> None:
    plan = TrainingPlan(loss="kld", network="light", size=(48, 64), map_size=(12, 16), fit="aspect", epochs=1, batch=4)
    train(plan, sets, "seed", tmp_path / "run", device="cpu", cache=tmp_path / "features", metrics=("cc",))
    assert not (tmp_path / "features").exists()


@pytest.mark.parametrize(
    ("plan", "before"),
    [
        (TrainingPlan(loss="10*kld - 2*cc - nss"), "f4f3f20356ab"),
        (TrainingPlan(loss="kld", network="light", scale="matched", unfreeze="all"), "ecd2efcc8573"),
    ],
)
def test_plans_of_before_keep_their_identity(plan: TrainingPlan, before: str) -> None:
    assert identity(run_module._meaning(plan.resolved())) == before


@pytest.mark.parametrize(
    "change",
    [
        {"fit": "aspect"},
        {"mix": "sets"},
        {"ema": 0.9},
        {"decay": "weights"},
        {"channels_last": True},
        {"scales": (1.0, 1.5)},
        {"augment": Augmentation()},
    ],
)
def test_every_new_setting_is_part_of_the_identity(change: dict[str, Any]) -> None:
    plain = TrainingPlan(loss="kld", unfreeze="all")
    assert run_module._meaning(plain.resolved()) != run_module._meaning(msgspec.structs.replace(plain, **change).resolved())


def test_a_plan_with_everything_survives_its_record() -> None:
    assert plan_from(PLAN.resolved().as_record(), where="here") == PLAN.resolved()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"ema": 1.0}, "ema must be in 0..1, less than 1"), ({"scales": ()}, "scales must be one or more numbers above 0")],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainingPlan(loss="kld", unfreeze="all", **settings).resolved()


def test_only_weights_of_convolutions_and_linear_layers_decay_where_that_is_asked_for(blobs: DataSet) -> None:
    from salquest.training.balance import Balance
    from salquest.training.optimisation import build_optimizer

    plan = msgspec.structs.replace(PLAN, optimizer="adamw").resolved()
    network = GazeTask(plan).build_network(blobs)
    groups = build_optimizer(plan, network, Balance(plan.objective())).param_groups
    decayed = [tensor for group in groups if group["weight_decay"] for tensor in group["params"]]
    assert {tensor.ndim for tensor in decayed} == {4}
    assert all(tensor.ndim < 4 for group in groups if not group["weight_decay"] for tensor in group["params"])
    assert sum(len(group["params"]) for group in groups) == len([p for p in network.parameters() if p.requires_grad])
    assert sorted({group["peak"] for group in groups}) == [plan.encoder_lr, plan.lr]
