"""One run from its plan to its folder: put together, trained or taken up again, scored, recorded."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from salquest.datasets import DataSet, Split, divide
from salquest.datasets.duplicates import perceptual_hashes
from salquest.errors import InputError, Refused, TrainingFailed
from salquest.evaluation import DEFAULT_METRICS, evaluate
from salquest.models import CentreBias
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import RunFolder, RunRecord, identity, versions
from salquest.training.batches import Examples
from salquest.training.epochs import Watcher, run_epochs
from salquest.training.fabric import start
from salquest.training.plan import TrainingPlan

# pictures from which the taps' levels are measured where a decoder wants them
RMS_PICTURES = 16


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
    if not split.train or not split.val:
        raise InputError(
            f"a run needs training and validation pictures; the division ({split.origin}) has {len(split.train)} and {len(split.val)}"
        )
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
            record = run_epochs(plan, network, data, split, sigma, folder, record, fabric, cache, watch)
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
        for begun in (folder.state, folder.root / "tensorboard"):
            shutil.rmtree(begun, ignore_errors=True)
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
