"""Learning labels of whole pictures: with the same loop, epochs and steps as saliency, taken up again, refused where nothing can be learned."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from salquest.datasets import DataSet, PictureLabels, Split, load_dataset, read_labels, split_by_seed
from salquest.dissection import open_subject
from salquest.encoders import build_encoder
from salquest.errors import BrokenFile, DataNotFound, InputError, Refused
from salquest.losses import LabelObjective, Targets
from salquest.models import load_model
from salquest.runs import Columns, RunFolder
from salquest.training import TrainingPlan, Watcher, train
from salquest.training.batches import Examples
from salquest.training.label_task import LabelTask

PICTURES = 24


class Stopped(Exception):
    pass


def stop_after(epoch: int) -> Watcher:
    def look(row: Mapping[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise Stopped

    return Watcher(epoch=look)


@pytest.fixture(scope="module")
def tinted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy pictures: every second one is red, every third has a bright object that carries the attribute "lamp"; all have "thing"."""
    root = tmp_path_factory.mktemp("tinted") / "tinted"
    for part in ("stimuli", "labels"):
        (root / part).mkdir(parents=True)
    draw = np.random.Generator(np.random.PCG64(3))
    gaze, attributes, table = ["image,observer,index,x,y,duration_ms"], ["image,value,lamp,thing"], ["key,label"]
    for number in range(PICTURES):
        name, is_lamp = f"p{number:02}.png", number % 3 == 0
        pixels = draw.integers(0, 120, (48, 64, 3)).astype(np.uint8)
        pixels[:, :, 0] += np.uint8(130 if number % 2 else 0)
        labels = np.zeros((48, 64), np.uint8)
        labels[10:22, 10:22] = 1
        if is_lamp:
            pixels[10:22, 10:22] = 255
        Image.fromarray(pixels).save(root / "stimuli" / name)
        Image.fromarray(labels).save(root / "labels" / name)
        gaze += [f"{name},{observer},1,{draw.integers(5, 60)},{draw.integers(5, 44)},200" for observer in (1, 2, 3)]
        attributes.append(f"{name},1,{int(is_lamp)},1")
        table += [f"{name},{'red' if number % 2 else 'grey'}"] + [f"{name},lamp"] * is_lamp
    (root / "fixations.csv").write_text("\n".join([*gaze, ""]))
    (root / "attributes.csv").write_text("\n".join([*attributes, ""]))
    (root / "names.csv").write_text("\n".join([*table, ""]))
    (root / "meta.json").write_text(json.dumps({"name": "tinted", "images": PICTURES}))
    return root


@pytest.fixture(scope="module")
def tinted(tinted_folder: Path) -> DataSet:
    return load_dataset("tinted", tinted_folder)


@pytest.fixture(scope="module")
def parts(tinted: DataSet) -> Split:
    return split_by_seed(tinted.keys, val=0.25, test=0.25)


@pytest.fixture(scope="module")
def named(tinted: DataSet, tinted_folder: Path) -> PictureLabels:
    return read_labels(tinted_folder / "names.csv", tinted)


PLAN = TrainingPlan(
    loss="bce",
    task="classification",
    network="light",
    taps=("features.2",),
    size=(48, 64),
    epochs=4,
    batch=4,
    lr=0.05,
    unfreeze="features.2",
)


@pytest.fixture(scope="module")
def finished(tinted: DataSet, parts: Split, named: PictureLabels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "named"
    train(PLAN, tinted, parts, out, device="cpu", labels=named)
    return out


def test_labels_that_colours_tell_are_learned(finished: Path) -> None:
    record = RunFolder(finished).read()
    assert record.status == "finished"
    log = Columns.load(finished / "log.csv")
    assert log.numbers("train_loss")[-1] < log.numbers("train_loss")[0]
    assert log.numbers("val_ap red")[-1] == log.numbers("val_ap grey")[-1] == 1
    assert log.numbers("val_map")[-1] > log.numbers("val_map_chance")[-1]
    assert record.scores["ap red"] == 1


def test_scores_are_one_row_per_label_with_its_chance(finished: Path, tinted: DataSet, parts: Split, named: PictureLabels) -> None:
    rows = {row["label"]: row for row in Columns.load(finished / "scores.csv").rows()}
    assert list(rows) == ["grey", "lamp", "red"]
    reds = sum("red" in named.held[key] for key in parts.test)
    assert (rows["red"]["positives"], rows["red"]["pictures"]) == (reds, len(parts.test))
    assert 0 < float(str(rows["red"]["chance"])) < 1


def test_the_head_starts_at_the_frequencies_of_the_labels(tinted: DataSet, parts: Split, named: PictureLabels) -> None:
    task = LabelTask(PLAN.resolved(), named, parts)
    head = task.build_network(tinted.subset(parts.train)).head
    shares = [np.mean([name in named.held[key] for key in parts.train]) for name in task.names]
    np.testing.assert_allclose(head.bias.detach().sigmoid(), shares, rtol=1e-5)
    assert 0 < head.weight.abs().max() < 0.05


@pytest.mark.parametrize("epoch", [1, 3])
def test_going_on_after_a_stop_equals_never_having_stopped(
    epoch: int, finished: Path, tinted: DataSet, parts: Split, named: PictureLabels, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    with pytest.raises(Stopped):
        train(PLAN, tinted, parts, out, device="cpu", labels=named, watch=stop_after(epoch))
    train(PLAN, tinted, parts, out, device="cpu", labels=named)
    ours, theirs = load_file(out / "weights.safetensors"), load_file(finished / "weights.safetensors")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (out / "scores.csv").read_bytes() == (finished / "scores.csv").read_bytes()


def test_stages_that_do_not_learn_stay_as_they_were(finished: Path) -> None:
    before = build_encoder("mobilenet_v2", taps=("features.2",)).state_dict()
    after = load_file(finished / "weights.safetensors")
    moved = {name for name in before if not torch.equal(before[name], after[f"encoder.{name}"])}
    assert moved
    assert {name.split(".")[1] for name in moved} == {"2"}


def test_steps_and_pictures_are_those_of_saliency(tinted: DataSet, parts: Split, named: PictureLabels, tmp_path: Path) -> None:
    seen: dict[str, list[int]] = {"classification": [], "saliency": []}
    for task in seen:
        plan = PLAN if task == "classification" else TrainingPlan(loss="kld", network="light", taps=("features.2",), size=(48, 64), batch=4)
        plan = msgspec.structs.replace(plan, epochs=2, sigma_px=None if task == "classification" else 4.0, unfreeze="none")
        watch = Watcher(step=lambda epoch, epochs, step, steps, losses, task=task: seen[task].append(step))
        labels = named if task == "classification" else None
        train(plan, tinted, parts, tmp_path / task, device="cpu", labels=labels, watch=watch)
    assert seen["classification"] == seen["saliency"]


def test_attributes_of_regions_are_labels_and_one_that_all_pictures_have_is_left_out(tinted: DataSet, parts: Split, tmp_path: Path) -> None:
    labels = read_labels("attributes", tinted)
    assert labels.held["p00.png"] == {"lamp", "thing"}
    assert labels.held["p01.png"] == {"thing"}
    names, left_out = labels.learnable(parts)
    assert names == ("lamp",)
    assert left_out == {"thing": "12 of 12 training and 6 of 6 validation pictures have it"}
    record = train(msgspec.structs.replace(PLAN, epochs=1), tinted, parts, tmp_path / "run", device="cpu", labels=labels)
    assert record.data["labels"]["left_out"].keys() == {"thing"}
    assert record.network["labels"] == ["lamp"]


def test_a_run_is_a_subject_of_dissection_and_no_model_of_maps(finished: Path) -> None:
    subject = open_subject(finished)
    stored = load_file(finished / "weights.safetensors")
    layer = subject.layers(["features.2"])["features.2"]
    assert all(torch.equal(value, stored[f"encoder.features.2.{name}"]) for name, value in layer.state_dict().items())
    assert (subject.name, subject.nominal) == ("named", (48, 64))
    with pytest.raises(InputError, match=r"names what pictures show and predicts no map; `salquest dissect --model"):
        load_model(finished)


def test_mixed_precision_and_views_of_pictures_go_with_it(tinted: DataSet, parts: Split, named: PictureLabels, tmp_path: Path) -> None:
    plan = msgspec.structs.replace(PLAN, precision="bf16-mixed", channels_last=True, scales=(1.0, 1.25), ema=0.9, keep="map", epochs=2)
    record = train(plan, tinted, parts, tmp_path / "run", device="cpu", labels=named)
    assert record.scores["map"] > 0
    assert "val_map at 1.25" in Columns.load(tmp_path / "run" / "log.csv")


def test_pictures_without_a_row_are_left_out_and_an_empty_label_says_none(
    tinted: DataSet, parts: Split, named: PictureLabels, tmp_path: Path
) -> None:
    table = tmp_path / "few.csv"
    rows = [f"{key},{'red' if 'red' in named.held[key] else ''}" for key in tinted.keys if key != parts.train[0]]
    table.write_text("\n".join(["image,label", *rows, ""]))
    labels = read_labels(table, tinted)
    kept = labels.labelled(parts)
    assert kept.train == parts.train[1:]
    assert kept.origin == "seed 0, 1 pictures without labels left out"
    assert labels.learnable(kept)[0] == ("red",)
    assert sum(not held for held in labels.held.values()) > 0


def test_other_labels_are_another_run(finished: Path, tinted: DataSet, parts: Split) -> None:
    with pytest.raises(Refused, match="holds another run"):
        train(PLAN, tinted, parts, finished, device="cpu", labels=read_labels("attributes", tinted))


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        ("picture,label\na,b\n", BrokenFile, "lacks the columns key or image; found picture, label"),
        ("key,name\na,b\n", BrokenFile, "lacks the columns label; found key, name"),
        ("key,label\nother.jpg,red\n", InputError, "matches no picture of tinted: it speaks of other.jpg, the pictures are p00.png"),
    ],
)
def test_a_table_that_cannot_be_meant_is_one_sentence(
    table: str, error: type[Exception], said: str, tinted: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text(table)
    with pytest.raises(error, match=said):
        read_labels(tmp_path / "bad.csv", tinted)


def test_labels_that_cannot_be_learned_are_one_sentence(tinted: DataSet, parts: Split, tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="there is no table of labels at"):
        read_labels(tmp_path / "none.csv", tinted)
    with pytest.raises(InputError, match="came without regions whose attributes could be labels"):
        read_labels("attributes", load_dataset("osie-mini"))
    one_class = PictureLabels("table", dict.fromkeys(tinted.keys, frozenset({"indoor"})))
    with pytest.raises(InputError, match=r"tell no pictures apart.*indoor: 12 of 12 training and 6 of 6 validation pictures have it"):
        train(PLAN, tinted, parts, tmp_path / "run", labels=one_class)
    only_test = PictureLabels("table", dict.fromkeys(parts.test, frozenset({"indoor"})))
    with pytest.raises(InputError, match="match none of the 12 pictures to learn from"):
        train(PLAN, tinted, parts, tmp_path / "run", labels=only_test)
    with pytest.raises(InputError, match="needs their labels"):
        train(PLAN, tinted, parts, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss": "kld"}, "a classification lowers bce"),
        ({"keep": "nss"}, "keeps the epoch of the lowest 'loss'"),
        ({"decoder": {"last_bias": 0.0}, "activation": "relu"}, "makes no maps, so activation, decoder would do nothing; leave them out"),
        ({"map_size": (24, 32)}, "makes no maps, so map_size would do nothing; leave it out"),
    ],
)
def test_what_speaks_of_maps_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        msgspec.structs.replace(PLAN, **change).resolved()


def test_a_resolved_plan_resolves_to_itself() -> None:
    assert PLAN.resolved().resolved() == PLAN.resolved()
    with pytest.raises(InputError, match="is one of a classification"):
        TrainingPlan(loss="kld", keep="map").resolved()


def test_the_objective_is_the_mean_cross_entropy_over_labels() -> None:
    targets = Targets(torch.ones(1, 2, 2), torch.ones(1, 2, 2), labels=torch.tensor([[1.0, 0.0]]))
    logits = torch.tensor([[0.0, np.log(3.0)]])
    value = LabelObjective()(logits, targets)["bce"]
    assert value.item() == pytest.approx((np.log(2) + np.log(4)) / 2)  # 1/2 for the first, 3/4 for a second that does not hold
    with pytest.raises(InputError, match=r"the logits are \(1, 2\) but the labels are none"):
        LabelObjective()(logits, Targets(torch.ones(1, 2, 2), torch.ones(1, 2, 2)))


def test_batches_carry_the_labels_of_their_own_pictures(tinted: DataSet, named: PictureLabels, parts: Split) -> None:
    task = LabelTask(PLAN.resolved(), named, parts)
    examples = Examples(tinted.subset(parts.train), size=(48, 64), map_size=(4, 4), sigma_px=1.0, labels=task.labels())
    batch = examples.batch([3, 0], [True, False], [0.5, 0.5])
    wanted = [[name in named.held[parts.train[place]] for name in task.names] for place in (3, 0)]
    assert batch.targets.labels is not None
    assert batch.targets.labels.tolist() == [[float(held) for held in row] for row in wanted]


def test_the_command_trains_resumes_and_speaks(tinted_folder: Path, tmp_path: Path) -> None:
    def salquest(*words: str) -> str:
        command = [sys.executable, "-m", "salquest", "train", "--out", str(tmp_path / "run"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=170)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    settings = ["--task", "classification", "--labels", "attributes", "--network", "light", "--set", "taps=features.2", "--height", "48"]
    said = salquest(*settings, "--width", "64", "--epochs", "1", "--data", f"tinted={tinted_folder}", "--split", "seed")
    assert "1 labels: lamp" in said
    assert "left out: thing (16 of 16 training and 4 of 4 validation pictures have it)" in said
    assert "mean average precision" in said
    assert "best epoch 1 of 1" in salquest("--resume")
