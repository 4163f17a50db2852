"""One run from its plan to its folder: put together, trained or taken up again, scored, recorded."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from salquest.datasets import DataSet, Split, divide
from salquest.datasets.duplicates import perceptual_hashes
from salquest.encoders import FeatureCache
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
    score_test: bool = True,
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
        score_test: False leaves the test pictures alone (a candidate of a search); asked again with True, a finished run is scored.
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
        identity=identity({"plan": _meaning(plan), "data": described, "split": split.as_record()}),
        data={**described, "root": str(data.root or "")},
        split=split.as_record(),
        versions=versions("salquest", "torch", "numpy", "lightning-fabric", "pillow", "scipy"),
    )
    folder = RunFolder(Path(out))
    finished = _claim(folder, record, force=force)
    if finished is not None:
        if score_test and split.test and not folder.scores.is_file():
            finished = _score_test(folder, finished, data, split, sigma, metrics, start(device, plan.precision).device, cache, watch)
            folder.write(finished)
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
        record = _judge(folder, record, data, split, sigma, fabric.device, cache)
        if score_test and split.test:
            record = _score_test(folder, record, data, split, sigma, metrics, fabric.device, cache, watch)
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
        for path in (folder.weights, folder.log, folder.gradients, folder.scores):
            path.unlink(missing_ok=True)
    return None


def prepare_features(plan: TrainingPlan, data: DataSet, split: Split, cache: Path, watch: Watcher | None = None) -> None:
    """Fill the cache with what a frozen encoder sees in all pictures of a division, so that several runs at once find it there.

    Args:
        plan: whose encoder, size and mirroring count; nothing is done where its encoder learns.
        data, split: as in `train`.
        cache: folder of the features.
        watch: told of every picture.
    """
    watch, plan = watch or Watcher(), plan.resolved()
    if plan.unfreeze != "none":
        return
    encoder = _network(plan, data.subset(split.train)).encoder
    features = FeatureCache(cache, encoder, plan.size)
    wanted = [(sample, mirrored) for key in split.train for sample in (data[key],) for mirrored in (False, True)[: 1 + plan.mirror]]
    wanted += [(data[key], False) for key in (*split.val, *split.test)]
    for done, (sample, mirrored) in enumerate(wanted, start=1):
        features.taps(sample.stimulus.digest(), mirrored, partial(sample.stimulus.pixels, plan.size))
        watch.stage("encoding pictures", done, len(wanted))


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


def _judge(
    folder: RunFolder, record: RunRecord, data: DataSet, split: Split, sigma: float, device: torch.device, cache: Path | None
) -> RunRecord:
    """Whether the run learned anything: collapsed, or no better on the validation pictures than the centre bias, is said so."""
    reason = record.reason
    if not reason:
        model, unseen = TrainedNetwork.load(folder.root, device=str(device), features=cache), data.subset(split.val)
        floor = CentreBias.of(data.subset(split.train), sigma_px=sigma)
        ours, theirs = (evaluate(m, unseen, metrics=("cc",), sigma_px=sigma).mean("cc") for m in (model, floor))
        if not ours > theirs:
            reason = f"its CC on the validation pictures ({ours:.3f}) does not beat the centre bias ({theirs:.3f})"
    return replace(record, status="collapsed" if reason else "finished", reason=reason)


def _score_test(
    folder: RunFolder,
    record: RunRecord,
    data: DataSet,
    split: Split,
    sigma: float,
    metrics: Sequence[str],
    device: torch.device,
    cache: Path | None,
    watch: Watcher,
) -> RunRecord:
    table = evaluate(
        TrainedNetwork.load(folder.root, device=str(device), features=cache),
        data.subset(split.test),
        metrics=metrics,
        sigma_px=sigma,
        baseline=CentreBias.of(data.subset(split.train), sigma_px=sigma),
        progress=lambda done, total: watch.stage("scoring test", done, total),
    )
    table.columns.save(folder.scores)
    return replace(record, scores={name: table.mean(name) for name in metrics})


def _meaning(plan: TrainingPlan) -> dict[str, object]:
    """The plan as its identity sees it: a file of losses by what stands in it, not by where it lies; settings of older plans left out."""
    known = plan.as_record()
    path = known.pop("own_losses")
    later = {"scale": "given", "balance": "given"}
    for name, default in later.items():
        if known[name] == default:
            del known[name]
    return known | ({"own_losses": hashlib.sha256(Path(path).read_bytes()).hexdigest()} if path else {})


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    """Torch's deterministic algorithms while training, as before afterwards; where a device has none it says so and goes on."""
    before, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn)
