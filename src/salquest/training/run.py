"""One run from its plan to its folder: put together, trained or taken up again, scored, recorded."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from salquest.datasets import DataSet, Split, divide
from salquest.datasets.duplicates import perceptual_hashes
from salquest.encoders import FeatureCache
from salquest.errors import Refused, TrainingFailed
from salquest.evaluation import DEFAULT_METRICS, compare_maps, evaluate
from salquest.losses import Objective, Prediction, parse
from salquest.models import CentreBias
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import Columns, RunFolder, RunRecord, identity, versions
from salquest.training.batches import Examples, epoch_batches, plain_batches
from salquest.training.checkpoint import load_state, save_state, save_weights
from salquest.training.fabric import Fabric, start
from salquest.training.loop import Player, StepReport, supervised, take_turns
from salquest.training.optimisation import build_optimizer, rate_of
from salquest.training.plan import TrainingPlan

# a map whose deviation is below this share of its mean shows nothing; so many flat epochs on end are a collapse
FLAT, FLAT_EPOCHS = 1e-3, 3
# pictures from which the taps' levels are measured where a decoder wants them
RMS_PICTURES = 16


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


def train(
    plan: TrainingPlan,
    data: DataSet,
    split: Split | str,
    out: str | Path,
    *,
    device: str = "auto",
    cache: Path | None = None,
    force: bool = False,
    metrics: Sequence[str] = DEFAULT_METRICS,
    watch: Watcher | None = None,
) -> RunRecord:
    """Train a network, score it on the test part, and leave a run folder.

    The same request finds its own folder again: a finished run is not repeated, an interrupted one goes on after its last whole epoch and ends,
    on a CPU bit for bit, where it would have ended uninterrupted.

    Args:
        plan: what shall be trained.
        data: the set; `split` names its parts by key.
        split: training, validation and test pictures, or how to `divide` the set. Without test pictures nothing is scored.
        out: the run folder.
        device: "auto", "cpu", "cuda", "cuda:N", "mps"; under torchrun every process takes its share of each batch.
        cache: folder for the features of a frozen encoder; None keeps no file and runs the encoder on each picture as it comes.
        force: begin anew where another run stands in `out`.
        metrics: names of the scores.
        watch: who looks on.

    Returns:
        The finished run's record. Its status is "collapsed" where the map lost its contrast or does not beat the centre bias on the
        validation pictures; that is for people to see, not an error.

    Raises:
        Refused: another run stands in `out`. TrainingFailed: the loss became no number. InputError: the plan cannot be meant.
    """
    watch = watch or Watcher()
    plan = plan.resolved()
    split = split if isinstance(split, Split) else divide(data, split)
    sigma = plan.sigma_px or plan.sigma_degrees * data.sigma_px
    described = {"name": data.name, "edition": data.edition(), "sigma_px": sigma, "first_fixation": data.first_fixation}
    record = RunRecord(
        plan=plan.as_record(),
        identity=identity({"plan": plan.as_record(), "data": described, "split": split.as_record()}),
        data={**described, "root": str(data.root or "")},
        split=split.as_record(),
        versions=versions("salquest", "torch", "numpy", "lightning-fabric", "pillow", "scipy"),
    )
    folder = RunFolder(Path(out))
    finished = _claim(folder, record, force=force)
    if finished is not None:
        return finished
    before = folder.read().trained_on if folder.exists() and not force else {}
    fabric = start(device, plan.precision)
    began = time.monotonic()
    seen = before or {"name": data.name, "pictures": perceptual_hashes(data.subset(split.train))}
    with _deterministic():
        network = _network(plan, data.subset(split.train))
        record = replace(record, device=str(fabric.device), network=network_spec(plan.network, network, plan.decoder), trained_on=seen)
        if fabric.is_global_zero:
            folder.write(record)
        try:
            record = _learn(plan, network, data, split, sigma, folder, record, fabric, cache, watch)
        except TrainingFailed as failure:
            if fabric.is_global_zero:
                folder.write(replace(record, status="failed", reason=str(failure), seconds=time.monotonic() - began))
            raise
    if fabric.is_global_zero:
        record = _score(folder, record, data, split, sigma, metrics, str(fabric.device), watch)
        record = replace(record, seconds=round(record.seconds + time.monotonic() - began, 3))
        folder.write(record)
    fabric.barrier()
    return record


def _claim(folder: RunFolder, record: RunRecord, *, force: bool) -> RunRecord | None:
    """Make sure that the folder is ours to write; the record of a run that is already finished."""
    if folder.exists():
        there = folder.read()
        if there.identity == record.identity and not force:
            return there if there.status in ("finished", "collapsed") else None
        if not force:
            raise Refused(
                f"{folder.root} holds another run ({there.plan.get('loss')}, identity {there.identity}, {there.status}); "
                "choose another folder, or begin anew with --force"
            )
    elif folder.root.is_dir() and any(folder.root.iterdir()) and not force:
        raise Refused(f"{folder.root} holds files that are no run; choose another folder, or write into it with --force")
    if force:
        shutil.rmtree(folder.state, ignore_errors=True)
        for path in (folder.weights, folder.log, folder.scores):
            path.unlink(missing_ok=True)
    return None


def _network(plan: TrainingPlan, train_part: DataSet) -> SaliencyNetwork:
    network = build_network(
        plan.network,
        encoder=plan.encoder,
        weights=plan.weights,
        taps=plan.taps,
        activation=plan.activation,
        size=plan.size,
        map_size=plan.map_size,
        seed=plan.seed,
        batch_norm=plan.batch_norm,
        decoder_options=plan.decoder,
    )
    network.encoder.freeze()
    if plan.unfreeze != "none":
        network.encoder.unfreeze(None if plan.unfreeze == "all" else plan.unfreeze)
    measure = getattr(network.decoder, "measure_tap_rms", None)
    if plan.decoder.get("tap_norm") == "rms" and measure is not None:
        few = train_part.subset(train_part.keys[:RMS_PICTURES])
        examples = Examples(few, size=plan.size, map_size=(4, 4), sigma_px=1.0)
        with torch.no_grad():
            batch = examples.batch(range(len(few)), [False] * len(few), [1.0] * len(few))
            measure(network.encoder(batch.inputs))
    return network


def _learn(
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
    objective = Objective(parse(plan.loss), plan.activation)
    assert plan.map_size is not None
    network.to(fabric.device)
    features = FeatureCache(cache, network.encoder, plan.size) if network.encoder.is_frozen else None
    parts = {
        part: Examples(
            data.subset(keys),
            size=plan.size,
            map_size=plan.map_size,
            sigma_px=sigma,
            cache=features,
            mirrored_too=part == "train" and plan.mirror,
            progress=partial(watch.stage, f"preparing {part}"),
        )
        for part, keys in (("train", split.train), ("val", split.val))
    }
    optimizer = build_optimizer(plan, network)
    progress = load_state(folder.state, network, {"network": optimizer})
    log: list[dict[str, Any]] = list(progress["log"]) if progress else []
    best: dict[str, Any] = dict(progress["best"]) if progress else {"epoch": 0, "loss": float("inf")}
    wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
    player = Player(wrapped, wrapped_optimizer, supervised(wrapped, objective), rate_of(plan), plan.clip)
    steps = -(-len(parts["train"]) // plan.batch)
    before = sum(row["seconds"] for row in log)
    board = _tensorboard(folder, len(log)) if fabric.is_global_zero else None
    for epoch in range(len(log) + 1, plan.epochs + 1):
        if _is_over(log, best, plan):
            break
        began = time.monotonic()
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
            log=report,
        )
        train_loss = float(np.average([loss for loss, _ in losses], weights=[number for _, number in losses]))
        if fabric.world_size > 1:
            train_loss = float(fabric.all_reduce(torch.tensor(train_loss, device=fabric.device), reduce_op="sum"))  # type: ignore[arg-type]
        row = {"epoch": epoch, "train_loss": train_loss, **_validate(network, objective, parts["val"], plan, fabric.device)}
        row["seconds"] = round(time.monotonic() - began, 3)
        log.append(row)
        if fabric.is_global_zero:
            if row["val_loss"] < best["loss"]:
                best = {"epoch": epoch, "loss": row["val_loss"]}
                save_weights(folder.weights, network)
            save_state(folder.state, epoch, network, {"network": optimizer}, {"log": log, "best": best})
            Columns.of_rows(log).save(folder.log)
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


def _score(
    folder: RunFolder,
    record: RunRecord,
    data: DataSet,
    split: Split,
    sigma: float,
    metrics: Sequence[str],
    device: str,
    watch: Watcher,
) -> RunRecord:
    model = TrainedNetwork.load(folder.root, device=device)
    floor = CentreBias.of(data.subset(split.train), sigma_px=sigma)
    reason, status = record.reason, record.status
    if split.val and not reason:
        unseen = data.subset(split.val)
        ours, theirs = (evaluate(m, unseen, metrics=("cc",), sigma_px=sigma).mean("cc") for m in (model, floor))
        if not ours > theirs:
            reason = f"its CC on the validation pictures ({ours:.3f}) does not beat the centre bias ({theirs:.3f})"
    status = "collapsed" if reason else "finished"
    scores: Mapping[str, float] = {}
    if split.test:
        table = evaluate(
            model,
            data.subset(split.test),
            metrics=metrics,
            sigma_px=sigma,
            baseline=floor,
            progress=lambda done, total: watch.stage("scoring test", done, total),
        )
        table.columns.save(folder.scores)
        scores = {name: table.mean(name) for name in metrics}
    return replace(record, status=status, reason=reason, scores=scores)


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    """Torch's deterministic algorithms while training, as before afterwards; where a device has none it says so and goes on."""
    before, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn)


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
