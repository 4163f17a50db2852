"""Balance on two parameters: every number worked out by hand, learned weights included, and a sentence for what cannot be weighed."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from salquest.datasets import DataSet, Split
from salquest.errors import InputError, TrainingFailed
from salquest.losses import LossCard, Objective, Targets, parse
from salquest.runs import Columns, RunFolder
from salquest.training import TrainingPlan, Watcher, train
from salquest.training.balance import ALPHA, WEIGHTS_RATE, Balance
from salquest.training.batches import Batch
from salquest.training.gradients import measure_gradients
from salquest.training.loop import supervised


def left(raw: Tensor, density: Tensor) -> Tensor:
    """3 of the left pixel."""
    return 3 * raw[:, 0, 0]


def right(raw: Tensor, density: Tensor) -> Tensor:
    """4 of the right pixel."""
    return 4 * raw[:, 0, 1]


def rising(raw: Tensor, density: Tensor) -> Tensor:
    """A score whose best value nobody knows."""
    return raw.sum(dim=(-2, -1))


def still(raw: Tensor, density: Tensor) -> Tensor:
    """A value without a gradient."""
    return 0 * raw.sum(dim=(-2, -1))


LINEAR = {
    name: LossCard(compute, "raw", "density", direction, "pixel", "any", "this test", name)
    for name, compute, direction in (("left", left, "down"), ("right", right, "down"), ("rising", rising, "up"), ("still", still, "down"))
}


class TwoPixels(nn.Module):
    """A network whose raw map is its two parameters, whatever it sees: the gradient of a term is the term's own derivative."""

    def __init__(self, first: float, second: float) -> None:
        super().__init__()
        self.pixels = nn.Parameter(torch.tensor([[first, second]]))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.pixels.expand(len(inputs), 1, 2)


def balanced(text: str, kind: str = "given", scale: str = "given") -> Balance:
    return Balance(Objective(parse(text, losses=LINEAR), "sigmoid", LINEAR), kind, scale)


@pytest.fixture
def network() -> TwoPixels:
    return TwoPixels(1.0, 2.0)


@pytest.fixture
def batch() -> Batch:
    """Two pictures, each weighing a half."""
    targets = Targets(torch.full((2, 1, 2), 0.5), torch.zeros(2, 1, 2))
    return Batch(torch.zeros(2, 3, 1, 2), targets, torch.tensor([0.5, 0.5]), ("a", "b"), 2)


def norms_of(balance: Balance, network: nn.Module, batch: Batch, epoch: float = 0.0) -> tuple[dict[str, float], float]:
    found = measure_gradients(network, lambda raw: balance(raw, batch.targets, epoch), batch)
    return dict(found.norms), found.total


def test_given_weighs_terms_by_their_coefficients(network: TwoPixels, batch: Batch) -> None:
    norms, total = norms_of(balanced("2*left + right"), network, batch)
    assert norms == pytest.approx({"left": 6, "right": 4})
    assert total == pytest.approx(math.hypot(6, 4))


def test_matched_steps_have_a_gradient_of_norm_one_at_the_start(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("2*left + right", scale="matched")
    assert balance.start(network, batch) == pytest.approx({"all": math.sqrt(52)})
    norms, total = norms_of(balance, network, batch)
    assert total == pytest.approx(1)
    assert norms == pytest.approx({"left": 6 / math.sqrt(52), "right": 4 / math.sqrt(52)})


def test_norms_leave_each_term_the_pull_that_its_coefficient_says(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("2*left + 0.5*right", "norms")
    assert balance.start(network, batch) == pytest.approx({"left": 3, "right": 4})
    norms, total = norms_of(balance, network, batch)
    assert norms == pytest.approx({"left": 2, "right": 0.5})
    assert total == pytest.approx(math.hypot(2, 0.5))


def test_norms_hold_for_a_weight_that_changes_as_well(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("left + step(2, 0, epoch=1)*right", "norms")
    balance.start(network, batch)
    assert norms_of(balance, network, batch, epoch=0.0)[0] == pytest.approx({"left": 1, "right": 2})
    assert norms_of(balance, network, batch, epoch=1.0)[0] == pytest.approx({"left": 1, "right": 0})


@pytest.mark.parametrize("kind", ["norms", "uncertainty", "gradnorm"])
def test_matched_goes_on_top_of_every_balance(kind: str, network: TwoPixels, batch: Batch) -> None:
    balance = balanced("2*left + right", kind, "matched")
    balance.start(network, batch)
    assert norms_of(balance, network, batch)[1] == pytest.approx(1)


def test_uncertainty_adds_half_of_each_gap_and_of_each_logarithm(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("10*left + right", "uncertainty")
    with torch.no_grad():
        balance.log_variances.copy_(torch.tensor([0.0, math.log(4)]))
        parts = balance(network(batch.inputs), batch.targets, 0.0)
    # the coefficient 10 plays no part: gaps are 3 * 1 and 4 * 2
    torch.testing.assert_close(parts["left"], torch.full((2,), 0.5 * 3 + 0.0))
    torch.testing.assert_close(parts["right"], torch.full((2,), 0.5 * 8 / 4 + 0.5 * math.log(4)))
    assert balance.current() == pytest.approx({"left": 0.5, "right": 0.125})


def test_what_uncertainty_learns_is_the_logarithm_of_the_gap(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("left + right", "uncertainty")
    descent = torch.optim.SGD(balance.parameters(), lr=1.0)
    for _ in range(60):
        descent.zero_grad()
        parts = balance(network(batch.inputs), batch.targets, 0.0)
        sum((values * batch.share).sum() for values in parts.values()).backward()
        descent.step()
    assert balance.log_variances.tolist() == pytest.approx([math.log(3), math.log(8)], abs=1e-4)


def stepped(balance: Balance, network: TwoPixels, batch: Batch) -> list[float]:
    supervised(network, balance, network.pixels)(batch, 0.0)
    return balance.weights.tolist()


def test_gradnorm_moves_its_weights_as_algorithm_1_says(network: TwoPixels, batch: Batch) -> None:
    # gradients are 3 and 4, progress is equal in the first step: both are wanted at 3.5; the step is the rate times norm / mean norm
    low, high = 1 + WEIGHTS_RATE * 3 / 3.5, 1 - WEIGHTS_RATE * 4 / 3.5
    found = stepped(balanced("left + right", "gradnorm"), network, batch)
    assert found == pytest.approx([2 * low / (low + high), 2 * high / (low + high)])


def test_gradnorm_asks_more_of_the_term_that_has_fallen_less(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("left + right", "gradnorm")
    stepped(balance, network, batch)
    before = balance.weights.clone()
    with torch.no_grad():
        network.pixels.copy_(torch.tensor([[1.0, 0.2]]))  # right is at a tenth of where it began, left where it began
    progress = torch.tensor([1.0, 0.1])
    norms = before * torch.tensor([3.0, 4.0])
    wanted = norms.mean() * (progress / progress.mean()) ** ALPHA
    moved = before - WEIGHTS_RATE * torch.sign(norms - wanted) * torch.tensor([3.0, 4.0]) / norms.mean()
    stepped(balance, network, batch)
    torch.testing.assert_close(balance.weights, 2 * moved / moved.sum())
    assert balance.weights[0] > before[0]


def test_gradnorms_weights_keep_their_sum_and_move_to_equal_norms(network: TwoPixels, batch: Batch) -> None:
    balance = balanced("left + right", "gradnorm")
    for _ in range(100):
        assert sum(stepped(balance, network, batch)) == pytest.approx(2)
    # 3 w = 4 (2 - w), up to the length of one step
    assert balance.weights.tolist() == pytest.approx([8 / 7, 6 / 7], abs=2 * WEIGHTS_RATE)


@pytest.mark.parametrize("kind", ["norms", "uncertainty", "gradnorm"])
def test_a_single_term_has_nothing_to_be_weighed_against(kind: str) -> None:
    with pytest.raises(InputError, match=rf"balance '{kind}' weighs the terms of a sum against each other; left has one term"):
        balanced("left", kind)


@pytest.mark.parametrize("kind", ["uncertainty", "gradnorm"])
def test_a_score_without_a_best_value_has_no_gap(kind: str, network: TwoPixels, batch: Batch) -> None:
    with pytest.raises(InputError, match="rising is raised, and its card names no best value; give the card its 'best'"):
        balanced("left - rising", kind)(network(batch.inputs), batch.targets, 0.0)


@pytest.mark.parametrize(
    ("kind", "scale", "text", "what"),
    [
        ("norms", "given", "left + still", "still"),
        ("given", "matched", "still", "still"),
        ("given", "matched", "ramp(0, 1, epochs=2)*left", "ramp"),
    ],
)
def test_what_has_no_gradient_at_the_start_cannot_be_divided_by_it(
    kind: str, scale: str, text: str, what: str, network: TwoPixels, batch: Batch
) -> None:
    with pytest.raises(TrainingFailed, match=rf"{what}.* has no gradient at the start, so nothing can be divided by its norm"):
        balanced(text, kind, scale).start(network, batch)


def test_measured_gradients_are_those_of_autograd(batch: Batch) -> None:
    network, objective = TwoPixels(0.3, -0.2), Objective(parse("2*mse - cc"), "sigmoid")
    targets = Targets(torch.tensor([[[0.75, 0.25]], [[0.5, 0.5]]]), torch.zeros(2, 1, 2))
    batch = Batch(batch.inputs, targets, batch.share, batch.keys, 2)
    found = measure_gradients(network, lambda raw: objective(raw, targets), batch)
    by_hand = {}
    for label in ("mse", "cc"):
        network.zero_grad()
        objective(network(batch.inputs), targets)[label].mean().backward()
        by_hand[label] = network.pixels.grad.flatten().clone()
    total = by_hand["mse"] + by_hand["cc"]
    assert found.norms == pytest.approx({label: float(gradient.norm()) for label, gradient in by_hand.items()})
    assert found.total == pytest.approx(float(total.norm()))
    for label, gradient in by_hand.items():
        assert found.with_total[label] == pytest.approx(float(torch.cosine_similarity(gradient, total, dim=0)))
    between = float(torch.cosine_similarity(by_hand["mse"], by_hand["cc"], dim=0))
    assert found.rows(3)[0] == pytest.approx(
        {
            "epoch": 3,
            "term": "mse",
            "norm": found.norms["mse"],
            "total_norm": found.total,
            "cosine_total": found.with_total["mse"],
            "cosine[mse]": 1.0,
            "cosine[cc]": between,
        }
    )


def test_measuring_leaves_the_network_as_it_was(network: TwoPixels, batch: Batch) -> None:
    network.train()
    norms_of(balanced("left + right"), network, batch)
    assert network.training
    assert network.pixels.grad is None


# whole runs


class Stopped(Exception):
    pass


def stop_after_first(row: dict) -> None:
    raise Stopped


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def few(blobs: DataSet) -> DataSet:
    return blobs.subset(blobs.keys[:9])


@pytest.fixture(scope="module")
def parts(few: DataSet) -> Split:
    return Split(few.keys[:6], few.keys[6:], (), origin="this test")


@pytest.fixture
def small(plan: TrainingPlan) -> TrainingPlan:
    return msgspec.structs.replace(plan, loss="10*kld - 2*cc - nss", size=(48, 64), map_size=(12, 16), epochs=2, batch=3, mirror=False)


@pytest.mark.parametrize("kind", ["uncertainty", "gradnorm"])
def test_learned_weights_are_logged_and_survive_a_stop_bit_for_bit(
    kind: str, few: DataSet, parts: Split, small: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    asked = msgspec.structs.replace(small, balance=kind, scale="matched")
    train(asked, few, parts, tmp_path / "whole", device="cpu", cache=cache)
    with pytest.raises(Stopped):
        train(asked, few, parts, tmp_path / "stopped", device="cpu", cache=cache, watch=Watcher(epoch=stop_after_first))
    train(asked, few, parts, tmp_path / "stopped", device="cpu", cache=cache)
    states = [load_file(tmp_path / name / "state" / "epoch-0002" / "balance.safetensors") for name in ("whole", "stopped")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    logs = [Columns.load(tmp_path / name / "log.csv") for name in ("whole", "stopped")]
    learned = [name for name in logs[0] if name.startswith("weight_")]
    assert learned == ["weight_kld", "weight_cc", "weight_nss"]
    assert all(logs[0][name] == logs[1][name] for name in logs[0] if name != "seconds")
    assert logs[0].numbers("weight_kld")[0] != logs[0].numbers("weight_kld")[1]


def test_a_ramp_begins_at_its_first_weight_and_the_gradients_table_shows_it(
    few: DataSet, parts: Split, small: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    asked = msgspec.structs.replace(small, loss="kld - ramp(0, 1, epochs=2)*nss")
    train(asked, few, parts, tmp_path / "ramp", device="cpu", cache=cache)
    table = Columns.load(tmp_path / "ramp" / "gradients.csv")
    assert list(table) == ["epoch", "term", "norm", "total_norm", "cosine_total", "cosine[kld]", "cosine[nss]"]
    rows = dict(zip(zip(table["epoch"], table["term"], strict=True), table.numbers("norm"), strict=True))
    assert rows[table["epoch"][0], "nss"] == 0
    assert rows[table["epoch"][-1], "nss"] > 0
    assert len(rows) == 4


def test_a_matched_run_records_what_it_divided_by(few: DataSet, parts: Split, small: TrainingPlan, cache: Path, tmp_path: Path) -> None:
    asked = msgspec.structs.replace(small, scale="matched", balance="norms", epochs=1)
    train(asked, few, parts, tmp_path / "matched", device="cpu", cache=cache)
    divisors = RunFolder(tmp_path / "matched").read().divisors
    assert divisors.keys() == {"kld", "cc", "nss", "all"}
    assert all(value > 0 for value in divisors.values())
    first = Columns.load(tmp_path / "matched" / "gradients.csv")
    assert first.numbers("total_norm")[0] == pytest.approx(1, rel=1e-5)
    norms = dict(zip(first["term"], first.numbers("norm"), strict=True))
    assert norms["kld"] / norms["nss"] == pytest.approx(10, rel=1e-5)
    assert norms["cc"] / norms["nss"] == pytest.approx(2, rel=1e-5)


def test_half_a_loss_is_the_same_run_under_matched_steps(
    few: DataSet, parts: Split, small: TrainingPlan, cache: Path, tmp_path: Path
) -> None:
    # W-BCE at .5 is half of BCE, summed up in another order: as an A/A pair of a table the two differ by what rounding makes of itself
    losses = {"bce": "bce", "half": "0.5*bce", "wbce": "wbce(w=0.5)"}
    records = {}
    for name, loss in losses.items():
        asked = msgspec.structs.replace(small, loss=loss, scale="matched")
        records[name] = train(asked, few, parts, tmp_path / name, device="cpu", cache=cache)
    assert len({record.identity for record in records.values()}) == 3
    assert records["half"].divisors["all"] == records["bce"].divisors["all"] / 2
    assert records["wbce"].divisors["all"] == pytest.approx(records["bce"].divisors["all"] / 2, rel=1e-6)
    bce, half, wbce = (load_file(tmp_path / name / "weights.safetensors") for name in losses)
    assert all(torch.equal(bce[name], half[name]) for name in bce)
    torch.testing.assert_close(wbce, bce, rtol=1e-4, atol=1e-5)
    log = {name: Columns.load(tmp_path / name / "log.csv") for name in losses}
    assert log["half"].numbers("train_loss") == log["bce"].numbers("train_loss")
    np.testing.assert_allclose(log["wbce"].numbers("train_loss"), log["bce"].numbers("train_loss"), rtol=1e-5)
    # validation is logged in the units of the loss as written
    assert [2 * value for value in log["half"].numbers("val_loss")] == log["bce"].numbers("val_loss")


def test_a_loss_of_one_term_has_no_table_of_gradients(few: DataSet, parts: Split, small: TrainingPlan, cache: Path, tmp_path: Path) -> None:
    train(msgspec.structs.replace(small, loss="kld", epochs=1), few, parts, tmp_path / "one", device="cpu", cache=cache)
    assert not (tmp_path / "one" / "gradients.csv").exists()
