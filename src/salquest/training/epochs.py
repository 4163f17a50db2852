"""The epochs of one run: train, validate, keep the best, write the state, stop when it is over; taken up again after any of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from salquest.datasets import DataSet, Split
from salquest.encoders import FeatureCache
from salquest.errors import InputError, TrainingFailed
from salquest.evaluation import compare_maps
from salquest.losses import Objective, Prediction
from salquest.models.deep.network import SaliencyNetwork
from salquest.runs import Columns, RunFolder, RunRecord
from salquest.training.balance import Balance
from salquest.training.batches import Batch, Examples, epoch_batches, first_batch, plain_batches
from salquest.training.checkpoint import load_state, save_state, save_weights
from salquest.training.fabric import Fabric
from salquest.training.gradients import measure_gradients, shared_weight
from salquest.training.loop import Player, StepReport, supervised, take_turns
from salquest.training.optimisation import build_optimizer, rate_of
from salquest.training.plan import TrainingPlan

# a map whose deviation is below this share of its mean shows nothing; so many flat epochs on end are a collapse
FLAT, FLAT_EPOCHS = 1e-3, 3


@dataclass(frozen=True)
class Watcher:
    """Who looks on while a run is under way; every function may be left out.

    Attributes:
        stage: (what is done, how many are done, of how many).
        step: (epoch, epochs, step of the epoch, steps of an epoch, loss of this step).
        epoch: the new row of log.csv.
    """

    stage: Callable[[str, int, int], None] = lambda what, done, total: None
    step: Callable[[int, int, int, int, float], None] = lambda epoch, epochs, step, steps, loss: None
    epoch: Callable[[Mapping[str, Any]], None] = lambda row: None


def run_epochs(
    plan: TrainingPlan,
    network: SaliencyNetwork,
    data: DataSet,
    split: Split,
    sigma: float,
    folder: RunFolder,
    record: RunRecord,
    fabric: Fabric,
    cache: Path | None,
    watch: Watcher,
) -> RunRecord:
    """Train a network from its last whole epoch to its last, and leave the best epoch's weights.

    Args:
        plan: resolved.
        network: as it starts; what was learned before is loaded from the folder's state.
        data, split, sigma: where the pictures are, and the width of their densities in pixels.
        folder, record: where to write, and what to write beside the progress.
        fabric: device and processes.
        cache: folder for the features of a frozen encoder.
        watch: who looks on.

    Returns:
        The record with epochs, best epoch and time; its status is "collapsed" where the map lost its contrast.

    Raises:
        TrainingFailed: a loss, in training or on the validation pictures, is no finite number.
    """
    objective = plan.objective()
    balance = Balance(objective, plan.balance, plan.scale)
    if plan.balance in ("uncertainty", "gradnorm") and fabric.world_size > 1:
        raise InputError(f"balance {plan.balance!r} learns its weights from whole batches; train it in one process, or weigh by 'norms'")
    assert plan.map_size is not None
    network.to(fabric.device)
    features = FeatureCache(cache, network.encoder, plan.size) if network.encoder.is_frozen else None
    parts: dict[str, Examples] = {}
    for part, keys in (("train", split.train), ("val", split.val)):
        parts[part] = Examples(
            data.subset(keys),
            size=plan.size,
            map_size=plan.map_size,
            sigma_px=sigma,
            cache=features,
            mirrored_too=part == "train" and plan.mirror,
            population=parts["train"].population if parts else None,
            progress=partial(watch.stage, f"preparing {part}"),
        )
    # the same pictures for every loss and every epoch
    fixed = first_batch(parts["train"], plan.batch).to(fabric.device)
    balance.to(fabric.device)
    record = replace(record, divisors=balance.start(network, fixed))
    optimizer = build_optimizer(plan, network, balance)
    progress = load_state(folder.state, network, balance, {"network": optimizer})
    pulls: list[dict[str, Any]] = list(progress["gradients"]) if progress else []
    log: list[dict[str, Any]] = list(progress["log"]) if progress else []
    best: dict[str, Any] = dict(progress["best"]) if progress else {"epoch": 0, "loss": float("inf")}
    wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
    player = Player(wrapped, wrapped_optimizer, supervised(wrapped, balance, shared_weight(network)), rate_of(plan), plan.clip)
    steps = -(-len(parts["train"]) // plan.batch)
    before = sum(row["seconds"] for row in log)
    board = _tensorboard(folder, len(log)) if fabric.is_global_zero else None
    for epoch in range(len(log) + 1, plan.epochs + 1):
        if _is_over(log, best, plan):
            break
        began = time.monotonic()
        if len(balance.labels) > 1:
            pulls += measure_gradients(network, partial(_weighed, balance, fixed, epoch - 1), fixed).rows(epoch)
        losses: list[tuple[float, int]] = []

        def report(done: StepReport, epoch: int = epoch, losses: list[tuple[float, int]] = losses) -> None:
            losses.append((done.loss, done.pictures))
            watch.step(epoch, plan.epochs, len(losses), steps, done.loss)

        torch.manual_seed((plan.seed << 20) + epoch)  # dropout: drawn from seed and epoch alone, as the order is
        batches = epoch_batches(
            parts["train"],
            batch=plan.batch,
            seed=plan.seed,
            epoch=epoch,
            mirror=plan.mirror,
            rank=fabric.global_rank,
            world=fabric.world_size,
        )
        take_turns(
            {"network": player},
            ("network",),
            (batch.to(fabric.device) for batch in batches),
            fabric=fabric,
            first_step=(epoch - 1) * steps,
            all_steps=plan.epochs * steps,
            epochs=plan.epochs,
            log=report,
        )
        train_loss = float(np.average([loss for loss, _ in losses], weights=[number for _, number in losses]))
        if fabric.world_size > 1:  # each process has its share of every batch's mean
            train_loss = float(fabric.all_reduce(torch.tensor(train_loss, device=fabric.device), reduce_op="sum"))  # type: ignore[arg-type]
        row = {"epoch": epoch, "train_loss": train_loss, **_validate(network, objective, parts["val"], plan, fabric.device)}
        if not math.isfinite(row["val_loss"]):
            raise TrainingFailed(f"epoch {epoch}: the loss on the validation pictures is no finite number ({row['val_loss']})")
        row |= {f"weight_{label}": weight for label, weight in balance.current().items()}
        row["seconds"] = round(time.monotonic() - began, 3)
        log.append(row)
        if fabric.is_global_zero:
            if row["val_loss"] < best["loss"]:
                best = {"epoch": epoch, "loss": row["val_loss"]}
                save_weights(folder.weights, network)
            save_state(folder.state, epoch, network, balance, {"network": optimizer}, {"log": log, "best": best, "gradients": pulls})
            Columns.of_rows(log).save(folder.log)
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


def _weighed(balance: Balance, batch: Batch, epoch: float, raw: torch.Tensor) -> Mapping[str, torch.Tensor]:
    return balance(raw, batch.targets, epoch)


def _is_over(log: Sequence[Mapping[str, Any]], best: Mapping[str, Any], plan: TrainingPlan) -> bool:
    waited = len(log) - best["epoch"]
    return (plan.patience > 0 and waited >= plan.patience) or _flat_epochs(log) >= FLAT_EPOCHS


def _flat_epochs(log: Sequence[Mapping[str, Any]]) -> int:
    flat = 0
    for row in reversed(log):
        if row["contrast"] >= FLAT:
            break
        flat += 1
    return flat


@torch.no_grad()
def _validate(
    network: SaliencyNetwork, objective: Objective, examples: Examples, plan: TrainingPlan, device: torch.device
) -> dict[str, float]:
    """Loss and its parts, CC and NSS at the map's size, and the map's contrast (deviation over mean), over the validation pictures."""
    network.eval()
    sums: dict[str, float] = {}
    maps, densities, counts, contrasts = [], [], [], []
    for batch in plain_batches(examples, batch=plan.batch):
        moved = batch.to(device)
        raw = network(moved.inputs)
        for label, values in objective(raw, moved.targets).items():
            sums[label] = sums.get(label, 0.0) + float(values.double().sum())
        values = Prediction(raw.float(), objective.activation).values.double().cpu()
        contrasts += (values.std(dim=(-2, -1)) / values.mean(dim=(-2, -1)).clamp_min(1e-12)).tolist()
        maps.append(values.numpy())
        densities.append(batch.targets.density.double().numpy())
        counts.append(batch.targets.counts.double().numpy())
    number = max(1, len(examples))
    parts = {f"val_{label}": value / number for label, value in sums.items()}
    scores = compare_maps(np.concatenate(maps), np.concatenate(densities), np.concatenate(counts))
    return {
        "val_loss": sum(parts.values()),
        **(parts if len(parts) > 1 else {}),
        "val_cc_score": scores["cc"],
        "val_nss_score": scores["nss"],
        "contrast": float(np.mean(contrasts)),
    }


def _tensorboard(folder: RunFolder, epochs_done: int) -> Any:
    """A writer for TensorBoard where it is installed; epochs that are done again replace their old points."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder.root / "tensorboard"), purge_step=epochs_done + 1)


def _write_board(board: Any, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if name != "epoch":
            board.add_scalar(name, value, row["epoch"])
    board.flush()
