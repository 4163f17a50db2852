"""Training against an adversary: who moves when, what is lowered, what is told, and that a killed run ends where it would have."""

from __future__ import annotations

import json
import math
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
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from salquest.datasets import DataSet, Split
from salquest.errors import InputError
from salquest.losses import Objective, Targets, parse
from salquest.models import load_model
from salquest.models.deep.discriminator import Discriminator
from salquest.runs import Columns, RunFolder
from salquest.training import TrainingPlan, Watcher, train
from salquest.training import run as run_module
from salquest.training.adversary import Contest, shown_map, signs
from salquest.training.balance import Balance
from salquest.training.batches import Batch, Examples
from salquest.training.fabric import start
from salquest.training.loop import Player, StepReport, take_turns
from salquest.training.plan import Adversary, plan_from

SIZE = (24, 32)


class Painter(nn.Module):
    """A generator of one layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layer(pictures)[:, 0]


def make_batch(seed: int = 0, pictures: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(pictures, 3, *SIZE, generator=generator)
    rows, columns = torch.meshgrid(*(torch.arange(float(side)) for side in SIZE), indexing="ij")
    middle = torch.rand(pictures, 2, 1, 1, generator=generator) * torch.tensor(SIZE).view(2, 1, 1)
    density = torch.exp(-((rows - middle[:, 0]).square() + (columns - middle[:, 1]).square()) / 50)
    density = density / density.sum(dim=(1, 2), keepdim=True)
    share = torch.full((pictures,), 1 / pictures)
    return Batch(inputs, Targets(density, torch.zeros_like(density)), share, ("a",) * pictures, pictures, inputs)


def make_contest(weight: float = 1.0, loss: str = "0.05*bce") -> Contest:
    judge = Discriminator(SIZE, width=0.25)
    balance = Balance(Objective(parse(loss), "sigmoid"))
    return Contest(Painter(), judge, judge, balance, weight=weight, activation="sigmoid", fabric=start("cpu"))


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network: nn.Module, before: Mapping[str, Tensor]) -> bool:
    return any(not torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_generator_lowers_its_loss_plus_minus_the_log_of_fooling_the_discriminator() -> None:
    contest, batch = make_contest(weight=2.0), make_batch()
    parts = contest.generator_parts(batch, 0.0)
    with torch.no_grad():
        raw = contest.network(batch.inputs)
        fooled = contest.judge(batch.inputs, raw.sigmoid()).sigmoid()
        bce = nn.functional.binary_cross_entropy_with_logits(raw, batch.targets.saliency, reduction="none").mean(dim=(1, 2))
    torch.testing.assert_close(parts["adversary"], -2 * fooled.log())
    torch.testing.assert_close(parts["bce"], 0.05 * bce)


def test_the_discriminator_lowers_the_mean_cross_entropy_over_observed_and_predicted_maps() -> None:
    contest, batch = make_contest(), make_batch()
    parts = contest.discriminator_parts(batch, 0.0)
    with torch.no_grad():
        real, fake = (
            contest.judge(batch.inputs, maps).sigmoid() for maps in (batch.targets.saliency, contest.network(batch.inputs).sigmoid())
        )
    whole = sum((values * batch.share).sum() for values in parts.values())
    cross_entropy = nn.functional.binary_cross_entropy(torch.cat([real, fake]), torch.tensor([1.0] * 3 + [0.0] * 3))
    torch.testing.assert_close(whole, cross_entropy)


def test_the_generators_gradient_comes_through_the_discriminator_whose_weights_stay_untouched() -> None:
    contest, batch = make_contest(), make_batch()
    before = snapshot(contest.judge)
    contest.generator_parts(batch, 0.0)["adversary"].sum().backward()
    assert contest.network.layer.weight.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in contest.judge.parameters())
    assert not moved(contest.judge, before)


def test_the_discriminators_gradient_does_not_reach_the_generator() -> None:
    contest, batch = make_contest(), make_batch()
    sum(values.sum() for values in contest.discriminator_parts(batch, 0.0).values()).backward()
    assert contest.network.layer.weight.grad is None
    assert all(parameter.grad is not None for parameter in contest.judge.parameters())


@pytest.mark.parametrize("began", [0, 3])
def test_they_take_turns_batch_by_batch_the_discriminator_first_and_the_other_stands_still(began: int) -> None:
    contest = make_contest()
    players = {
        name: Player(network, torch.optim.SGD([{"params": network.parameters(), "lr": 0.1, "peak": 0.1}]), objective)
        for name, network, objective in (
            ("discriminator", contest.judge, contest.discriminator_parts),
            ("network", contest.network, contest.generator_parts),
        )
    }
    seen: list[tuple[str, bool, bool]] = []
    before = {name: snapshot(player.network) for name, player in players.items()}

    def look(report: StepReport) -> None:
        seen.append((report.player, *(moved(players[name].network, before[name]) for name in ("discriminator", "network"))))
        before.update({name: snapshot(player.network) for name, player in players.items()})

    batches = [make_batch(seed) for seed in range(4)]
    where = {"first_step": began, "all_steps": 9, "epochs": 1, "first_turn": began}
    take_turns(players, ("discriminator", "network"), batches, fabric=start("cpu"), **where, log=look)
    assert seen == [("discriminator", True, False), ("network", False, True)] * 2


def test_the_discriminator_learns_to_tell_people_from_a_network_that_answers_constant_maps() -> None:
    contest = make_contest()
    nn.init.zeros_(contest.network.layer.weight)
    optimizer = torch.optim.Adam(contest.judge.parameters(), lr=1e-3)
    for step in range(80):
        optimizer.zero_grad()
        sum(values.mean() for values in contest.discriminator_parts(make_batch(step), 0.0).values()).backward()
        optimizer.step()
        if step == 59:
            contest.measured([])
    found = contest.measured([StepReport(0, "discriminator", {"real": 0.25, "fake": 0.5}, 3)])
    assert found == {"discriminator_loss": 0.75, "discriminator_real": 1.0, "discriminator_fake": 1.0}
    assert contest.measured([]) == {}


def test_what_the_discriminator_is_shown_has_a_maximum_of_1_where_values_sum_to_1() -> None:
    raw = torch.randn(2, 3, 4)
    torch.testing.assert_close(shown_map(raw, "sigmoid"), raw.sigmoid())
    torch.testing.assert_close(shown_map(raw, "relu"), raw.relu())
    assert shown_map(raw, "softmax").amax(dim=(1, 2)).tolist() == [1, 1]


def test_pictures_for_the_discriminator_are_the_same_with_and_without_kept_features(blobs: DataSet, tmp_path: Path) -> None:
    from salquest.encoders import FeatureCache, build_encoder

    few = blobs.subset(blobs.keys[:2])
    cache = FeatureCache(tmp_path, build_encoder("mobilenet_v2").freeze(), (64, 96))
    common = {"size": (64, 96), "map_size": (16, 24), "sigma_px": 10.0, "with_pictures": True}
    batches = [Examples(few, **common, cache=kept).batch([0, 1], [False, True], [0.5, 0.5]) for kept in (None, cache)]
    assert batches[0].pictures is not None
    assert batches[0].pictures.shape == (2, 3, 16, 24)
    assert torch.equal(batches[0].pictures, batches[1].pictures)
    whole = Examples(few, size=(64, 96), map_size=(64, 96), sigma_px=10.0, with_pictures=True).batch([0], [True], [1.0])
    assert torch.equal(whole.pictures, whole.inputs)


# --- runs ---


@pytest.fixture(scope="module")
def contest_plan() -> TrainingPlan:
    return TrainingPlan(
        loss="0.05*bce(downsample=4)",
        size=(64, 96),
        map_size=(16, 24),
        epochs=4,
        batch=3,
        optimizer="adagrad",
        lr=0.01,
        schedule="constant",
        keep="cc",
        decoder={"last_bias": -3.0, "last_scale": 0.1},
        adversarial=1.0,
        adversary=Adversary(width=0.25, bootstrap=2, bootstrap_loss="bce(downsample=4)"),
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


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


def same_log(one: Path, other: Path) -> bool:
    ours, theirs = Columns.load(one / "log.csv"), Columns.load(other / "log.csv")
    return all(ours[name] == theirs[name] for name in theirs if name != "seconds")


@pytest.fixture(scope="module")
def finished(blobs: DataSet, split: Split, contest_plan: TrainingPlan, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(contest_plan, blobs, split, out, device="cpu", cache=cache)
    return out


def test_both_losses_and_the_discriminators_accuracy_stand_in_the_log_from_when_it_plays(finished: Path) -> None:
    log = Columns.load(finished / "log.csv")
    for name in ("train_adversary", "discriminator_loss", "discriminator_real", "discriminator_fake"):
        assert [value is None for value in log[name]] == [True, True, False, False]
    assert all(0 <= value <= 1 for name in ("discriminator_real", "discriminator_fake") for value in log.numbers(name)[2:])
    # the loss of the contest is the twentieth of the bootstrap's; the adversary's term is not in it
    assert log.numbers("train_loss")[2] < 0.1 * log.numbers("train_loss")[0]
    # one loss for all epochs on the validation pictures
    assert log.numbers("val_loss")[0] == pytest.approx(log.numbers("val_loss")[2], rel=0.5)


def test_only_an_epoch_with_the_adversary_is_kept(finished: Path, blobs: DataSet, split: Split) -> None:
    record = RunFolder(finished).read()
    assert record.best_epoch in (3, 4)
    assert load_model(finished).predict_stimulus(blobs[split.test[0]].stimulus).values.sum() == pytest.approx(1, abs=1e-4)


def test_a_state_holds_both_networks_and_both_optimisers_but_never_those_of_the_stage_before(
    blobs: DataSet, split: Split, contest_plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    for epoch, owners in ((2, {"bootstrap"}), (3, {"network", "discriminator"})):
        with pytest.raises(Stopped):
            train(contest_plan, blobs, split, out, device="cpu", cache=cache, watch=stop_after(epoch))
        state = out / "state" / f"epoch-{epoch:04d}"
        assert {name.split("/")[0] for name in load_file(state / "optimizer.safetensors")} == owners
        assert json.loads((state / "progress.json").read_text())["groups"].keys() == owners
        assert load_file(state / "discriminator.safetensors").keys() == Discriminator((16, 24), width=0.25).state_dict().keys()


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_stopping_before_at_and_after_the_adversarys_coming_and_going_on_equals_never_having_stopped(
    epoch: int, finished: Path, blobs: DataSet, split: Split, contest_plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"
    with pytest.raises(Stopped):
        train(contest_plan, blobs, split, out, device="cpu", cache=cache, watch=stop_after(epoch))
    train(contest_plan, blobs, split, out, device="cpu", cache=cache)
    assert same_weights(finished, out)
    assert same_log(finished, out)


def test_the_bootstrap_is_the_run_without_an_adversary(
    finished: Path, blobs: DataSet, split: Split, contest_plan: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    alone = msgspec.structs.replace(contest_plan, loss="bce(downsample=4)", adversarial=0.0, adversary=None)
    train(alone, blobs, split, tmp_path / "alone", device="cpu", cache=cache)
    ours, theirs = (Columns.load(folder / "log.csv").numbers("train_loss") for folder in (finished, tmp_path / "alone"))
    assert ours[:2] == theirs[:2]
    assert ours[2:] != theirs[2:]


@pytest.mark.parametrize(
    ("network", "loss", "activation", "more"),
    [
        ("bruckert", "10*kld - 2*cc - nss", "softmax", {}),
        ("bruckert", "mse", "relu", {"decoder": {"last_bias": 0.1}}),
        ("mobile", "kld", "sigmoid", {"unfreeze": "features.14", "decoder": {}}),
        ("salgan", "bce(downsample=2)", "sigmoid", {"decoder": {"width": 1 / 16}, "unfreeze": "features.13", "mirror": False}),
    ],
)
def test_the_adversary_joins_any_loss_and_any_network(
    network: str, loss: str, activation: Any, more: dict, blobs: DataSet, split: Split, contest_plan: TrainingPlan, tmp_path: Path
) -> None:
    values = {"network": network, "loss": loss, "activation": activation, "epochs": 2, "optimizer": "adam", "lr": 1e-3, **more}
    plan = msgspec.structs.replace(contest_plan, **values, adversary=Adversary(width=0.1, bootstrap=0))
    record = train(plan, blobs, split, tmp_path / "run", device="cpu", cache=tmp_path / "features", score_test=False)
    log = Columns.load(tmp_path / "run" / "log.csv")
    assert record.epochs_done == 2
    assert all(math.isfinite(value) for name in ("train_loss", "train_adversary", "discriminator_loss") for value in log.numbers(name))


SCRIPT = """
import sys, torch
torch.set_num_threads(1)
from salquest.datasets import load_dataset, split_by_seed
from salquest.training import TrainingPlan, train
from salquest.training.plan import Adversary
from pathlib import Path
data = load_dataset("osie-mini"); data = data.subset(data.keys[::5])
plan = TrainingPlan(loss="0.05*bce(downsample=4)", size=(64, 96), map_size=(16, 24), epochs=4, batch=3, optimizer="adagrad", lr=0.01,
                    schedule="constant", keep="cc", decoder={"last_bias": -3.0, "last_scale": 0.1}, adversarial=1.0,
                    adversary=Adversary(width=0.25, bootstrap=2, bootstrap_loss="bce(downsample=4)"))
train(plan, data, split_by_seed(data.keys, val=0.25, test=0.25), sys.argv[1], device="cpu", cache=Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_run_killed_at_random_moments_loses_at_most_its_epoch_and_ends_where_it_would_have(
    finished: Path, cache: Path, tmp_path: Path
) -> None:
    out, script, moments = tmp_path / "killed", tmp_path / "run.py", random.Random(os.getpid())
    script.write_text(SCRIPT)
    begin = [sys.executable, str(script), str(out), str(cache)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for _ in range(4):
        process = subprocess.Popen(begin, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 90
        while not (out / "run.json").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        before = RunFolder(out).read().epochs_done
        time.sleep(moments.uniform(0, 4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert RunFolder(out).read().epochs_done >= before
        kept = sorted((out / "state").glob("epoch-*"))
        assert not kept or int(kept[-1].name[-4:]) >= before
    done = subprocess.run(begin, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert same_weights(finished, out)
    assert same_log(finished, out)


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(cache: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.replace('"last_scale": 0.1}', '"last_scale": 0.1, "dropout": 0.0}'))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, before in (("one", [sys.executable]), ("two", torchrun)):
        begin = [*before, str(script), str(tmp_path / name), str(cache)]
        done = subprocess.run(begin, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    one, two = (Columns.load(tmp_path / name / "log.csv") for name in ("one", "two"))
    # float32 sums in another order
    for name in ("train_loss", "train_adversary", "discriminator_loss"):
        assert two.numbers(name) == pytest.approx(one.numbers(name), rel=1e-3, nan_ok=True)
    for name in ("discriminator_real", "discriminator_fake"):
        assert two.numbers(name) == pytest.approx(one.numbers(name), abs=0.2, nan_ok=True)


# --- plans ---


def test_a_plan_without_an_adversary_has_the_identity_that_it_always_had() -> None:
    meaning = run_module._meaning(TrainingPlan(loss="kld").resolved())
    assert not {"adversarial", "adversary", "keep"} & meaning.keys()
    assert "adversary" in run_module._meaning(TrainingPlan(loss="kld", adversarial=1.0).resolved())


def test_what_is_left_open_is_written_out_and_resolving_again_changes_nothing() -> None:
    plan = TrainingPlan(loss="0.05*bce(downsample=4)", adversarial=1, epochs=20, optimizer="adagrad", lr=3e-4).resolved()
    assert plan.adversary == Adversary(
        optimizer="adagrad",
        lr=3e-4,
        bootstrap=3,
        bootstrap_loss="0.05*bce(downsample=4)",
        bootstrap_optimizer="adagrad",
        bootstrap_lr=3e-4,
        bootstrap_momentum=0.9,
    )
    assert plan.resolved() == plan
    assert plan_from(plan.as_record(), where="run.json") == plan


def test_the_bootstrap_has_its_own_loss_optimiser_and_rates_and_the_encoder_keeps_its_share_of_them() -> None:
    own = Adversary(bootstrap_loss="bce", bootstrap_optimizer="nesterov", bootstrap_lr=1e-3, bootstrap_momentum=0.5)
    plan = TrainingPlan(loss="0.05*bce", adversarial=1, adversary=own, optimizer="adagrad", lr=3e-4, encoder_lr=3e-4, scale="matched")
    early = plan.resolved().bootstrap_plan()
    assert (early.loss, early.optimizer, early.lr, early.encoder_lr, early.momentum) == ("bce", "nesterov", 1e-3, pytest.approx(1e-3), 0.5)
    assert early.scale == "given"


def test_adagrad_steps_as_lasagnes_does() -> None:
    from salquest.training.optimisation import build_discriminator_optimizer

    plan = TrainingPlan(loss="bce", adversarial=1, optimizer="adagrad", lr=0.1).resolved()
    layer = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(layer.weight)
    optimizer = build_discriminator_optimizer(plan, layer)
    for gradient, expected in ((2e-3, -0.1 * 2e-3 / math.sqrt(1e-6 + 4e-6)), (1e-3, -0.1 * 1e-3 / math.sqrt(1e-6 + 5e-6))):
        before = layer.weight.item()
        layer.weight.grad = torch.tensor([[gradient]])
        optimizer.step()
        assert layer.weight.item() - before == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"adversarial": -1}, "adversarial must be 0 or more: the weight of the adversary's term; found -1"),
        ({"adversarial": float("nan")}, "adversarial must be 0 or more"),
        ({"adversary": {"width": 0.5}}, r"says how an adversary plays, but its weight \(adversarial\) is 0"),
        (
            {"adversarial": 1, "adversary": {"bootstrap": 10}},
            "adversary.bootstrap must be 0 or more epochs and fewer than all 10; found 10",
        ),
        ({"adversarial": 1, "adversary": {"lr": 0}}, "adversary.lr must be above 0; found 0"),
        ({"adversarial": 1, "adversary": {"bootstrap_loss": "bec"}}, r"no loss is called 'bec' \(did you mean 'bce'\?\)"),
        ({"adversarial": 1, "adversary": {"reading": "paper"}}, "Invalid enum value 'paper'"),
        ({"adversarial": 1, "adversary": {"depth": 3}}, "unknown field `depth`"),
        ({"adversarial": 1, "fit": "aspect"}, "a discriminator sees maps of one size; leave fit at 'squash'"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        plan_from({"loss": "kld", **values}, where="here").resolved()
    assert isinstance(caught.value, InputError) or type(caught.value).__name__ == "UnknownName"


def test_maps_too_small_for_the_poolings_and_epochs_of_one_batch_are_refused(
    blobs: DataSet, split: Split, contest_plan: TrainingPlan, tmp_path: Path
) -> None:
    small = msgspec.structs.replace(contest_plan, loss="bce", map_size=(4, 6), adversary=Adversary())
    with pytest.raises(InputError, match=r"pools maps by 8; maps of 4 x 6 \(H x W\) leave it nothing to see"):
        train(small, blobs, split, tmp_path / "small", device="cpu")
    with pytest.raises(InputError, match="an epoch has 1 batch of up to 32 pictures; a smaller batch gives it more"):
        train(msgspec.structs.replace(contest_plan, batch=32), blobs, split, tmp_path / "few", device="cpu")


def row(
    epoch: int, real: float | None = None, fake: float | None = None, *, contrast: float = 1.0, cc: float = 0.5, loss: float = 0.5
) -> dict[str, Any]:
    judged = {} if real is None else {"discriminator_real": real, "discriminator_fake": fake, "discriminator_loss": loss}
    return {"epoch": epoch, "contrast": contrast, "val_cc_score": cc, **judged}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(1), row(2, 0.7, 0.6), row(3, 0.8, 0.9)], ""),
        ([row(1), row(2, 1.0, 0.99)], ""),
        ([row(1), row(2, 1.0, 0.99), row(3, 1.0, 1.0)], "the discriminator was right on all maps for 2 epochs"),
        ([row(1), row(2, 0.0, 1.0), row(3, 0.01, 1.0)], "called every map the network's for 2 epochs"),
        ([row(1), row(2, 1.0, 0.0), row(3, 1.0, 0.0)], "called every map people's for 2 epochs"),
        ([row(1), *(row(epoch, 0.5, 0.5, loss=0.6931) for epoch in range(2, 6))], ""),
        ([row(1), *(row(epoch, 0.5, 0.5, loss=0.6931) for epoch in range(2, 7))], "has been guessing for 5 epochs"),
        ([row(1), row(2, 0.7, 0.6, contrast=0.3)], "the maps are flattening: contrast 0.30, 1.00 before the adversary came"),
        ([row(1), row(2, 0.7, 0.6, cc=0.44)], "the maps are getting worse: CC 0.440 on the validation pictures, 0.500 before"),
    ],
)
def test_signs_of_a_contest_that_goes_wrong_are_said(rows: list, expected: str) -> None:
    found = signs(rows, 1)
    assert (expected in found) if expected else not found
