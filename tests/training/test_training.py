"""Training by behaviour: it learns, it repeats itself, it goes on where it stopped, and it says when it failed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from salquest.datasets import DataSet, Split
from salquest.errors import InputError, Refused, TrainingFailed
from salquest.models import load_model
from salquest.runs import Columns, RunFolder
from salquest.training import TrainingPlan, Watcher, train
from salquest.training import run as run_module
from salquest.training.gaze_task import GazeTask


class Stopped(Exception):
    pass


def stop_after(epoch: int) -> Watcher:
    def look(row: Mapping[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise Stopped

    return Watcher(epoch=look)


def same_weights(one: Path, other: Path) -> bool:
    ours, theirs = load_file(one / "weights.safetensors"), load_file(other / "weights.safetensors")
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def finished(blobs: DataSet, split: Split, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = TrainingPlan(loss="kld", size=(64, 96), map_size=(16, 24), epochs=3, batch=4, decoder={"last_bias": -3.0, "last_scale": 0.1})
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(plan, blobs, split, out, device="cpu", cache=cache)
    return out


def test_the_loss_falls(finished: Path) -> None:
    losses = Columns.load(finished / "log.csv").numbers("train_loss")
    assert losses[-1] < losses[0]


def test_the_run_folder_holds_all_that_is_promised(finished: Path) -> None:
    record = json.loads((finished / "run.json").read_text())
    assert record["status"] in ("finished", "collapsed")
    assert record["versions"]["torch"] == torch.__version__
    assert len(record["split"]["train"]) == 12
    assert record["scores"].keys() == {"cc", "sim", "kl", "nss", "auc_judd", "ig"}
    assert len(Columns.load(finished / "scores.csv")["image"]) == 6
    assert list((finished / "tensorboard").glob("events.*"))
    assert not list(finished.rglob("*.pkl"))


def test_the_same_seed_gives_the_same_weights_with_and_without_the_cache(
    finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, tmp_path: Path
) -> None:
    train(plan, blobs, split, tmp_path / "again", device="cpu", cache=None)
    assert same_weights(finished, tmp_path / "again")
    # scored without the cache, too: the same numbers to the last digit
    assert (tmp_path / "again" / "scores.csv").read_bytes() == (finished / "scores.csv").read_bytes()


def test_features_prepared_beforehand_are_all_that_a_run_and_its_scoring_ask_for(
    finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    run_module.prepare_features(plan, blobs, split, tmp_path / "features")
    prepared, used = (
        {file.name: file.read_bytes() for file in root.rglob("*") if file.is_file()} for root in (tmp_path / "features", cache)
    )
    assert prepared == used
    assert len(prepared) >= 2 * 12 + 6 + 6


def test_another_seed_gives_other_weights(
    finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    train(msgspec.structs.replace(plan, seed=1), blobs, split, tmp_path / "other", device="cpu", cache=cache)
    assert not same_weights(finished, tmp_path / "other")


@pytest.mark.parametrize("epoch", [1, 2])
def test_stopping_and_going_on_equals_never_having_stopped(
    epoch: int, finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    with pytest.raises(Stopped):
        train(plan, blobs, split, out, device="cpu", cache=cache, watch=stop_after(epoch))
    assert RunFolder(out).read().epochs_done == epoch
    train(plan, blobs, split, out, device="cpu", cache=cache)
    assert same_weights(finished, out)
    assert Columns.load(out / "scores.csv").to_csv() == Columns.load(finished / "scores.csv").to_csv()
    ours, theirs = Columns.load(out / "log.csv"), Columns.load(finished / "log.csv")
    assert all(ours[name] == theirs[name] for name in theirs if name != "seconds")


def test_a_finished_run_is_never_done_again(finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path) -> None:
    before = (finished / "run.json").stat().st_mtime_ns
    record = train(plan, blobs, split, finished, device="cpu", cache=cache, watch=stop_after(1))
    assert record.epochs_done == 3
    assert (finished / "run.json").stat().st_mtime_ns == before


def test_another_plan_is_refused_where_a_run_stands(finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan) -> None:
    with pytest.raises(Refused, match=r"holds another run \(kld, identity .*\); choose another folder, or begin anew with --force"):
        train(msgspec.structs.replace(plan, loss="mse"), blobs, split, finished, device="cpu")


def test_a_folder_of_other_files_is_refused(blobs: DataSet, split: Split, plan: TrainingPlan, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(Refused, match="holds files that are no run"):
        train(plan, blobs, split, tmp_path, device="cpu")


def test_the_trained_network_predicts_what_was_scored(finished: Path, blobs: DataSet, split: Split) -> None:
    from salquest.evaluation import evaluate

    again = evaluate(load_model(finished), blobs.subset(split.test), metrics=("cc", "nss"))
    kept = Columns.load(finished / "scores.csv")
    np.testing.assert_allclose(again.values("nss"), kept.numbers("nss"), atol=1e-6)
    np.testing.assert_allclose(again.values("cc"), kept.numbers("cc"), atol=1e-6)


def test_a_trained_network_knows_the_pictures_it_has_seen(finished: Path, blobs: DataSet, split: Split) -> None:
    from salquest.evaluation import evaluate

    assert list(RunFolder(finished).read().trained_on["pictures"]) == list(split.train)
    model = load_model(finished)
    mixed = blobs.subset([*split.test, split.train[0]])
    assert [(one.first, one.second) for one in evaluate(model, mixed, metrics=("cc",)).seen] == [(split.train[0], split.train[0])]


def test_a_frozen_encoder_stays_as_it_was_and_the_decoder_moves(finished: Path) -> None:
    from salquest.encoders import build_encoder

    weights = load_file(finished / "weights.safetensors")
    start = build_encoder("mobilenet_v2").state_dict()
    assert all(torch.equal(weights[f"encoder.{name}"], value) for name, value in start.items())


def test_an_encoder_that_learns_moves_from_the_named_stage_on(blobs: DataSet, split: Split, plan: TrainingPlan, tmp_path: Path) -> None:
    from salquest.encoders import build_encoder

    train(msgspec.structs.replace(plan, unfreeze="features.14", epochs=1), blobs, split, tmp_path / "tuned", device="cpu")
    weights = load_file(tmp_path / "tuned" / "weights.safetensors")
    start = build_encoder("mobilenet_v2").state_dict()
    moved = {name.split(".")[1] for name, value in start.items() if not torch.equal(weights[f"encoder.{name}"], value)}
    assert moved == {"14", "15", "16", "17"}


@pytest.mark.parametrize("unfreeze", ["none", "features.15"])
def test_sam_learns_from_cached_features_of_a_dilated_encoder_and_with_it(
    unfreeze: str, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    small = msgspec.structs.replace(plan, network="sam-mobilenet", unfreeze=unfreeze, decoder={"width": 16, "last_bias": -3.0})
    train(small, blobs, split, tmp_path / "sam", device="cpu", cache=cache)
    losses = Columns.load(tmp_path / "sam" / "log.csv").numbers("train_loss")
    assert losses[-1] < losses[0]
    weights = load_file(tmp_path / "sam" / "weights.safetensors")
    start = GazeTask(small.resolved()).build_network(blobs).state_dict()
    moved = {name.split(".")[2] for name in start if name.startswith("encoder.") and not torch.equal(weights[name], start[name])}
    assert moved == (set() if unfreeze == "none" else {"15", "16", "17"})
    assert all(not torch.equal(weights[name], start[name]) for name in ("decoder.lstm.attend.weight", "decoder.priors.0.mu_x"))
    assert load_model(tmp_path / "sam").predict(np.zeros((30, 40, 3), np.uint8)).size == (30, 40)


def test_all_losses_start_from_the_same_weights_and_see_the_same_batches(blobs: DataSet, split: Split, plan: TrainingPlan) -> None:
    networks = [
        GazeTask(msgspec.structs.replace(plan, loss=loss, activation="sigmoid").resolved()).build_network(blobs) for loss in ("mse", "kld")
    ]
    first, second = (network.state_dict() for network in networks)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_loss_that_is_no_number_stops_the_run_with_its_name_and_pictures(
    blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    wild = msgspec.structs.replace(plan, optimizer="sgd", lr=1e30, schedule="constant", activation="relu", decoder={"last_bias": 0.5})
    with pytest.raises(TrainingFailed, match=r"step \d+: the network's loss is no finite number \(kld = .*\) on 1\d{3}.jpg"):
        train(wild, blobs, split, tmp_path / "wild", device="cpu", cache=cache)
    assert RunFolder(tmp_path / "wild").read().status == "failed"


def test_a_map_without_contrast_ends_the_run_and_is_flagged(
    blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    dead = msgspec.structs.replace(plan, loss="mse", activation="relu", epochs=9, decoder={"last_bias": -50.0})
    record = train(dead, blobs, split, tmp_path / "dead", device="cpu", cache=cache)
    assert (record.status, record.epochs_done) == ("collapsed", 3)
    assert "no contrast" in record.reason


def test_patience_ends_a_run_that_no_longer_improves(blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path) -> None:
    still = msgspec.structs.replace(plan, lr=1e-12, epochs=30, patience=2)
    record = train(still, blobs, split, tmp_path / "still", device="cpu", cache=cache)
    assert record.epochs_done - (record.best_epoch or 0) == 2


SCRIPT = """
import sys, torch
torch.set_num_threads(1)
from salquest.datasets import load_dataset, split_by_seed
from salquest.training import TrainingPlan, train
from pathlib import Path
data = load_dataset("osie-mini"); data = data.subset(data.keys[::5])
plan = TrainingPlan(loss="kld", size=(64, 96), map_size=(16, 24), epochs={epochs}, batch={batch}, unfreeze="{unfreeze}",
                    decoder={{"last_bias": -3.0, "last_scale": 0.1, "dropout": {dropout}}})
train(plan, data, split_by_seed(data.keys, val=0.25, test=0.25), sys.argv[1], device="cpu", cache=Path(sys.argv[2]))
"""


def run_script(
    out: Path,
    cache: Path,
    *,
    epochs: int = 3,
    unfreeze: str = "none",
    dropout: float = 0.25,
    batch: int = 4,
    before: tuple[str, ...] = (sys.executable,),
) -> subprocess.Popen:
    script = out.parent / f"{out.name}.py"
    script.write_text(SCRIPT.format(epochs=epochs, unfreeze=unfreeze, dropout=dropout, batch=batch))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*before, str(script), str(out), str(cache)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def with_dropout(plan: TrainingPlan, share: float) -> TrainingPlan:
    """The plan that the script trains."""
    return msgspec.structs.replace(plan, decoder={**plan.decoder, "dropout": share})


def test_a_run_killed_at_a_random_moment_ends_where_it_would_have(
    finished: Path, blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    out, moments = tmp_path / "killed", random.Random(os.getpid())
    for _ in range(2):
        process = run_script(out, cache)
        deadline = time.monotonic() + 60
        while not (out / "run.json").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    train(with_dropout(plan, 0.25), blobs, split, out, device="cpu", cache=cache)
    assert same_weights(finished, out)


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path) -> None:
    asked = {"epochs": 2, "unfreeze": "features.14", "batch": 5}
    train(msgspec.structs.replace(with_dropout(plan, 0.0), **asked), blobs, split, tmp_path / "one", device="cpu", cache=cache)
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    process = run_script(tmp_path / "two", cache, **asked, dropout=0.0, before=torchrun)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()
    assert RunFolder(tmp_path / "two").read().identity == RunFolder(tmp_path / "one").read().identity
    one, two = (Columns.load(tmp_path / name / "log.csv") for name in ("one", "two"))
    # float32 sums in another order; the rates' product with the gradient is far above that
    np.testing.assert_allclose(two.numbers("train_loss"), one.numbers("train_loss"), rtol=1e-5)
    np.testing.assert_allclose(two.numbers("val_loss"), one.numbers("val_loss"), rtol=1e-4)


def test_half_precision_trains_and_scores(blobs: DataSet, split: Split, plan: TrainingPlan, cache: Path, tmp_path: Path) -> None:
    mixed = msgspec.structs.replace(plan, precision="bf16-mixed", loss="10*kld - 2*cc - nss", epochs=2)
    record = train(mixed, blobs, split, tmp_path / "half", device="cpu", cache=cache)
    losses = Columns.load(tmp_path / "half" / "log.csv").numbers("train_loss")
    assert losses[1] < losses[0]
    assert np.isfinite(list(record.scores.values())).all()


def test_a_run_without_validation_pictures_is_refused(blobs: DataSet, split: Split, plan: TrainingPlan, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a run needs training and validation pictures; the division \(mine\) has 12 and 0"):
        train(plan, blobs, Split(split.train, (), split.test, origin="mine"), tmp_path / "x", device="cpu")
