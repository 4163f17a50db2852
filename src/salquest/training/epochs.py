"""The epochs of one run: train, validate, keep the best, write the state, stop when it is over; taken up again after any of them."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from salquest.datasets import JoinedSets, Split
from salquest.encoders import FeatureCache
from salquest.errors import InputError, TrainingFailed
from salquest.runs import Columns, RunFolder, RunRecord
from salquest.training.adversary import ADVERSARY, GENERATOR
from salquest.training.averaging import Average
from salquest.training.balance import Balance
from salquest.training.batches import Batch, Examples, epoch_batches, first_batch
from salquest.training.checkpoint import learned_names, load_state, save_state, save_weights
from salquest.training.fabric import Fabric
from salquest.training.gradients import measure_gradients
from salquest.training.loop import StepReport, over_pictures, take_turns
from salquest.training.order import epoch_order
from salquest.training.plan import Keep, TrainingPlan
from salquest.training.stages import Stages
from salquest.training.task import Learner, Task
from salquest.training.teaching import Teachers

# a map whose deviation is below this share of its mean shows nothing; so many flat epochs on end are a collapse
FLAT, FLAT_EPOCHS = 1e-3, 3


@dataclass(frozen=True)
class Watcher:
    """Who looks on while a run is under way; every function may be left out.

    Attributes:
        stage: (what is done, how many are done, of how many).
        step: (epoch, epochs, step of the epoch, steps of an epoch, the last loss of each player by its name).
        epoch: the new row of log.csv.
    """

    stage: Callable[[str, int, int], None] = lambda what, done, total: None
    step: Callable[[int, int, int, int, Mapping[str, float]], None] = lambda epoch, epochs, step, steps, losses: None
    epoch: Callable[[Mapping[str, Any]], None] = lambda row: None


def run_epochs(
    task: Task,
    network: Learner,
    data: JoinedSets,
    split: Split,
    folder: RunFolder,
    record: RunRecord,
    fabric: Fabric,
    cache: Path | None,
    watch: Watcher,
) -> RunRecord:
    """Train a network from its last whole epoch to its last, and leave the best epoch's weights.

    Args:
        task: what is learned, with its plan.
        network: as it starts; what was learned before is loaded from the folder's state.
        data, split: where the pictures are.
        folder, record: where to write, and what to write beside the progress.
        fabric: device and processes.
        cache: folder for the features of a frozen encoder.
        watch: who looks on.

    Returns:
        The record with epochs, best epoch and time; its status is "collapsed" where the map lost its contrast.

    Raises:
        TrainingFailed: a loss, in training or on the validation pictures, is no finite number.
    """
    plan = task.plan
    balance = Balance(plan.objective(), plan.balance, plan.scale)
    if plan.balance in ("uncertainty", "gradnorm") and fabric.world_size > 1:
        raise InputError(f"balance {plan.balance!r} learns its weights from whole batches; train it in one process, or weigh by 'norms'")
    network.to(fabric.device)
    if plan.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    examples = _examples(task, network, data, split, cache, watch, fabric.device)
    train_part = examples.pop("train")
    # the same pictures for every loss and every epoch
    fixed = first_batch(train_part, plan.batch).to(fabric.device)
    balance.to(fabric.device)
    record = replace(record, divisors=balance.start(network, fixed))
    stages = Stages(plan, network, balance, fabric)
    average = Average(network, learned_names(network), plan.ema) if plan.ema else None
    progress = load_state(folder.state, network, balance, stages.optimizers, average, stages.judge)
    pulls: list[dict[str, Any]] = list(progress["gradients"]) if progress else []
    log: list[dict[str, Any]] = list(progress["log"]) if progress else []
    pictures: list[dict[str, float]] = list(progress.get("pictures", [])) if progress else []
    best: dict[str, Any] = dict(progress["best"]) if progress else {"epoch": 0, "loss": float("inf")}
    stages.begin()
    seeing: dict[str, Any] = {"batch": plan.batch, "seed": plan.seed, "mirror": plan.mirror, "mix": plan.mix, "scales": plan.scales}
    steps = [len(epoch_order(train_part.ratios, train_part.groups, epoch=epoch, **seeing)) for epoch in range(1, plan.epochs + 1)]
    if stages.judge is not None and min(steps) < 2:
        raise InputError(
            f"network and discriminator take turns batch by batch, and an epoch has {min(steps)} batch of up to {plan.batch} pictures; "
            "a smaller batch gives it more"
        )
    before = sum(row["seconds"] for row in log)
    board = _tensorboard(folder, len(log)) if fabric.is_global_zero else None
    for epoch in range(len(log) + 1, plan.epochs + 1):
        if _is_over(log, best, plan):
            break
        began = time.monotonic()
        if len(balance.labels) > 1:
            pulls += measure_gradients(network, partial(_weighed, balance, fixed, epoch - 1), fixed).rows(epoch)
        stage = stages.at(epoch)
        if epoch == stage.first_epoch > 1:
            best = {**best, "loss": float("inf")}  # weights of the stage before are no result of the run
        reports: list[StepReport] = []
        latest: dict[str, float] = {}

        def report(done: StepReport, epoch: int = epoch, reports: list[StepReport] = reports, latest: dict[str, float] = latest) -> None:
            if average is not None and done.player == GENERATOR:
                average.follow()
            reports.append(done)
            latest[done.player] = done.loss
            watch.step(epoch, plan.epochs, len(reports), steps[epoch - 1], latest)

        torch.manual_seed((plan.seed << 20) + epoch)  # dropout: drawn from seed and epoch alone, as the order is
        batches = epoch_batches(train_part, epoch=epoch, augment=plan.augment, rank=fabric.global_rank, world=fabric.world_size, **seeing)
        take_turns(
            stage.players,
            stage.turns,
            (batch.to(fabric.device) for batch in batches),
            fabric=fabric,
            first_step=sum(steps[: epoch - 1]),
            all_steps=sum(steps),
            first_turn=sum(steps[: stage.first_epoch - 1]),
            epochs=plan.epochs,
            log=report,
        )
        losses = [(done.loss - done.parts.get(ADVERSARY, 0.0), done.pictures) for done in reports if done.player == GENERATOR]
        train_loss = over_pictures(losses)
        if fabric.world_size > 1:  # each process has its share of every batch's mean
            train_loss = float(fabric.all_reduce(torch.tensor(train_loss, device=fabric.device), reduce_op="sum"))  # type: ignore[arg-type]
        with average.in_place() if average is not None else contextlib.nullcontext():
            found, each = task.validate(network, examples, fabric.device)
            row: dict[str, Any] = {"epoch": epoch, "train_loss": train_loss, **found}
            if not math.isfinite(row["val_loss"]):
                raise TrainingFailed(f"epoch {epoch}: the loss on the validation pictures is no finite number ({row['val_loss']})")
            if fabric.is_global_zero and _to_lower(row, plan.keep) < best["loss"]:
                best = {"epoch": epoch, "loss": _to_lower(row, plan.keep)}
                save_weights(folder.weights, network)
        row |= {f"weight_{label}": weight for label, weight in balance.current().items()} | stages.measured(reports)
        row |= stages.signs([*log, row])
        row["seconds"] = round(time.monotonic() - began, 3)
        log.append(row)
        pictures.append({"epoch": epoch, **each})
        if fabric.is_global_zero:
            state = {"log": log, "best": best, "gradients": pulls, "pictures": pictures}
            save_state(folder.state, epoch, network, balance, stage.optimizers, state, average, stages.judge)
            Columns.of_rows(log).save(folder.log)
            Columns.of_rows(pictures).save(folder.validation)
            if pulls:
                Columns.of_rows(pulls).save(folder.gradients)
            folder.write(replace(record, epochs_done=epoch, best_epoch=best["epoch"]))
            if board is not None:
                _write_board(board, row)
            watch.epoch(row)
        best = fabric.broadcast(best)
    if board is not None:
        board.close()
    flat = _flat_epochs(log)
    reason = f"the map had no contrast in the last {flat} epochs" if flat >= FLAT_EPOCHS else ""
    return replace(
        record,
        epochs_done=len(log),
        best_epoch=best["epoch"] or None,
        status="collapsed" if reason else "running",
        reason=reason,
        seconds=before,
    )


def _examples(
    task: Task, network: Learner, data: JoinedSets, split: Split, cache: Path | None, watch: Watcher, device: torch.device
) -> dict[str, Examples]:
    """The examples to learn from ("train") and to validate with: "val", and "val" at the greatest scale by its name in the log."""
    plan = task.plan
    assert plan.map_size is not None
    # with a size of its own for every ratio there is no one size to keep features at
    features = FeatureCache(cache, network.encoder, plan.size) if network.encoder.is_frozen and plan.fit == "squash" else None
    sigmas = data.sigmas(plan.sigma_degrees, plan.sigma_px)
    parts = {"train": (split.train, 1.0), "val": (split.val, 1.0)}
    if max(plan.scales) != 1:
        parts[f"val at {max(plan.scales):g}"] = (split.val, max(plan.scales))
    teachers = Teachers(plan.teachers, cache, device=str(device)) if plan.teachers else None
    examples: dict[str, Examples] = {}
    for part, (keys, scale) in parts.items():
        chosen = data.everything.subset(keys)
        groups = [data.set_of(key) for key in chosen.keys]
        examples[part] = Examples(
            chosen,
            size=plan.size,
            map_size=plan.map_size,
            sigma_px=[sigmas[group] for group in groups],
            fit=plan.fit,
            scale=scale,
            viewed=part == "train" and plan.shows_anew,
            groups=groups,
            cache=features,
            teachers=teachers if part == "train" else None,
            mirrored_too=part == "train" and plan.mirror,
            population=examples["train"].population if examples else None,
            labels=task.labels(),
            with_pictures=part == "train" and plan.adversary is not None,
            progress=partial(watch.stage, f"preparing {part}"),
        )
    return examples


def _weighed(balance: Balance, batch: Batch, epoch: float, raw: torch.Tensor) -> Mapping[str, torch.Tensor]:
    return balance(raw, batch.targets, epoch)


def _to_lower(row: Mapping[str, Any], keep: Keep) -> float:
    """What the epoch that is kept has the least of; the last one's is below all before it."""
    if keep == "loss":
        return float(row["val_loss"])
    return -float(row[{"cc": "val_cc_score", "nss": "val_nss_score", "map": "val_map", "last": "epoch"}[keep]])


def _is_over(log: Sequence[Mapping[str, Any]], best: Mapping[str, Any], plan: TrainingPlan) -> bool:
    waited = len(log) - best["epoch"]
    return (plan.patience > 0 and waited >= plan.patience) or _flat_epochs(log) >= FLAT_EPOCHS


def _flat_epochs(log: Sequence[Mapping[str, Any]]) -> int:
    flat = 0
    for row in reversed(log):
        if row.get("contrast", FLAT) >= FLAT:  # what is no map has no contrast to lose
            break
        flat += 1
    return flat


def _tensorboard(folder: RunFolder, epochs_done: int) -> Any:
    """A writer for TensorBoard where it is installed; epochs that are done again replace their old points."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder.root / "tensorboard"), purge_step=epochs_done + 1)


def _write_board(board: Any, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if name != "epoch" and not isinstance(value, str):
            board.add_scalar(name, value, row["epoch"])
    board.flush()
