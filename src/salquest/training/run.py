"""One run from its plan to its folder: put together, trained or taken up again, scored, recorded."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from salquest.datasets import DataSet, JoinedSets, Split, join
from salquest.datasets.duplicates import perceptual_hashes
from salquest.encoders import FeatureCache
from salquest.errors import InputError, Refused, TrainingFailed
from salquest.evaluation import DEFAULT_METRICS, evaluate
from salquest.models.baselines import centre_biases
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.models.deep.trained import TrainedNetwork
from salquest.runs import Columns, RunFolder, RunRecord, identity, versions
from salquest.training.batches import Examples
from salquest.training.epochs import Watcher, run_epochs
from salquest.training.fabric import start
from salquest.training.plan import TrainingPlan
from salquest.training.teaching import weights_digests

# pictures from which the taps' levels are measured where a decoder wants them
RMS_PICTURES = 16
# settings that plans did not always have: at their defaults they are no part of an identity, so that older runs keep theirs
LATER = (
    "scale",
    "balance",
    "fit",
    "mix",
    "augment",
    "scales",
    "ema",
    "decay",
    "channels_last",
    "teachers",
    "keep",
    "adversarial",
    "adversary",
)


def train(
    plan: TrainingPlan,
    data: DataSet | Mapping[str, DataSet] | JoinedSets,
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
        data: the set, or several by name (`join`), whose keys then begin with the name ("osie/1001.jpg").
        split: training, validation and test pictures by key, or how to `divide` each set. Without test pictures nothing is scored.
        out: the run folder.
        device: "auto", "cpu", "cuda", "cuda:N", "mps"; under torchrun every process takes its share of each batch.
        cache: folder for the features of a frozen encoder; None keeps no file and runs the encoder on each picture as it comes.
        force: begin anew where another run stands in `out`.
        metrics: names of the scores.
        score_test: False leaves the test pictures alone (a candidate of a search); asked again with True, a finished run is scored.
        watch: who looks on.

    Returns:
        The finished run's record. Of several sets each weighs the same in its scores, as in the validation loss. Its status is "collapsed"
        where the map lost its contrast or does not beat the centre bias on the validation pictures; that is for people to see, not an error.

    Raises:
        Refused: another run stands in `out`. TrainingFailed: the loss became no number. InputError: the plan cannot be meant.
    """
    watch = watch or Watcher()
    plan = plan.resolved()
    sets = join(data)
    split = split if isinstance(split, Split) else sets.divide(split)
    if not split.train or not split.val:
        raise InputError(
            f"a run needs training and validation pictures; the division ({split.origin}) has {len(split.train)} and {len(split.val)}"
        )
    sigmas = sets.sigmas(plan.sigma_degrees, plan.sigma_px)
    described = sets.described(sigmas)
    record = RunRecord(
        plan=plan.as_record(),
        identity=identity({"plan": _meaning(plan), "data": described, "split": split.as_record()}),
        data={**described, **sets.roots()},
        split=split.as_record(),
        versions=versions("salquest", "torch", "numpy", "lightning-fabric", "pillow", "scipy"),
    )
    folder = RunFolder(Path(out))
    finished = _claim(folder, record, force=force)
    if finished is not None:
        if score_test and split.test and not folder.scores.is_file():
            where = start(device, plan.precision).device
            finished = _score_test(folder, finished, sets, split, sigmas, metrics, where, cache, watch)
            folder.write(finished)
        return finished
    before = folder.read().trained_on if folder.exists() and not force else {}
    fabric = start(device, plan.precision)
    began = time.monotonic()
    train_part = sets.everything.subset(split.train)
    seen = before or {"name": sets.name, "pictures": perceptual_hashes(train_part)}
    with _deterministic():
        network = _network(plan, train_part)
        record = replace(record, device=str(fabric.device), network=network_spec(plan.network, network, plan.decoder), trained_on=seen)
        if fabric.is_global_zero:
            folder.write(record)
        try:
            record = run_epochs(plan, network, sets, split, folder, record, fabric, cache, watch)
        except TrainingFailed as failure:
            if fabric.is_global_zero:
                folder.write(replace(record, status="failed", reason=str(failure), seconds=time.monotonic() - began))
            raise
    if fabric.is_global_zero:
        record = _judge(folder, record, sets, split, sigmas, fabric.device, cache)
        if score_test and split.test:
            record = _score_test(folder, record, sets, split, sigmas, metrics, fabric.device, cache, watch)
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
        for path in (folder.weights, folder.log, folder.validation, folder.gradients, folder.scores):
            path.unlink(missing_ok=True)
    return None


def prepare_features(
    plan: TrainingPlan, data: DataSet | Mapping[str, DataSet] | JoinedSets, split: Split, cache: Path, watch: Watcher | None = None
) -> None:
    """Fill the cache with what a frozen encoder sees in all pictures of a division, so that several runs at once find it there.

    Args:
        plan: whose encoder, size and mirroring count; nothing is done where no features are kept: its encoder learns, or sizes differ.
        data, split: as in `train`.
        cache: folder of the features.
        watch: told of every picture.
    """
    watch, plan = watch or Watcher(), plan.resolved()
    if plan.unfreeze != "none" or plan.fit != "squash":
        return
    everything = join(data).everything
    encoder = _network(plan, everything.subset(split.train)).encoder
    features = FeatureCache(cache, encoder, plan.size)
    wanted = [(sample, mirrored) for sample in everything.subset(split.train) for mirrored in (False, True)[: 1 + plan.mirror]]
    wanted += [(sample, False) for sample in everything.subset((*split.val, *split.test))]
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
        fit=plan.fit,
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
    folder: RunFolder,
    record: RunRecord,
    sets: JoinedSets,
    split: Split,
    sigmas: Mapping[str, float],
    device: torch.device,
    cache: Path | None,
) -> RunRecord:
    """Whether the run learned anything: collapsed, or no better on the validation pictures than the centre bias, is said so."""
    reason = record.reason
    if not reason:
        model = TrainedNetwork.load(folder.root, device=str(device), features=cache)
        found: list[tuple[float, float]] = []
        floors = centre_biases(sets, split.train, sigmas)
        for name, unseen in sets.subset(split.val).sets.items():
            ours, theirs = (evaluate(m, unseen, metrics=("cc",), sigma_px=sigmas[name]).mean("cc") for m in (model, floors[name]))
            found.append((ours, theirs))
        ours, theirs = (sum(values) / len(found) for values in zip(*found, strict=True))
        if not ours > theirs:
            reason = f"its CC on the validation pictures ({ours:.3f}) does not beat the centre bias ({theirs:.3f})"
    return replace(record, status="collapsed" if reason else "finished", reason=reason)


def _score_test(
    folder: RunFolder,
    record: RunRecord,
    sets: JoinedSets,
    split: Split,
    sigmas: Mapping[str, float],
    metrics: Sequence[str],
    device: torch.device,
    cache: Path | None,
    watch: Watcher,
) -> RunRecord:
    """Score the test part, each set over its own centre bias; scores.csv of several sets has a column "data"."""
    model = TrainedNetwork.load(folder.root, device=str(device), features=cache)
    floors = centre_biases(sets, split.train, sigmas)
    tables = {
        name: evaluate(
            model,
            unseen,
            metrics=metrics,
            sigma_px=sigmas[name],
            baseline=floors[name],
            progress=partial(watch.stage, "scoring test" if len(sets.sets) == 1 else f"scoring test of {name}"),
        )
        for name, unseen in sets.subset(split.test).sets.items()
    }
    means = {name: {metric: table.mean(metric) for metric in metrics} for name, table in tables.items()}
    if len(sets.sets) == 1:
        next(iter(tables.values())).columns.save(folder.scores)
        return replace(record, scores=means[next(iter(means))])
    rows = [{"data": name, **row} for name, table in tables.items() for row in table.columns.rows()]
    Columns.of_rows(rows).save(folder.scores)
    joint = {metric: sum(scores[metric] for scores in means.values()) / len(means) for metric in metrics}
    return replace(record, scores=joint, scores_by_set=means)


def _meaning(plan: TrainingPlan) -> dict[str, object]:
    """The plan as its identity sees it: files of losses and teachers by what is in them, not by where they lie; settings of older plans left out."""
    known = plan.as_record()
    path = known.pop("own_losses")
    known = {name: value for name, value in known.items() if name not in LATER} | plan.differing(LATER)
    if plan.teachers:
        known["teachers"] = weights_digests(plan.teachers)
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
