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

from salquest.datasets import DataSet, JoinedSets, PictureLabels, Split, join
from salquest.datasets.duplicates import perceptual_hashes
from salquest.encoders import FeatureCache
from salquest.errors import InputError, Refused, TrainingFailed
from salquest.evaluation import DEFAULT_METRICS
from salquest.runs import RunFolder, RunRecord, identity, versions
from salquest.training.epochs import Watcher, run_epochs
from salquest.training.fabric import start
from salquest.training.gaze_task import GazeTask
from salquest.training.label_task import LabelTask
from salquest.training.plan import TrainingPlan
from salquest.training.task import Task, Trained
from salquest.training.teaching import weights_digests

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
    "task",
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
    labels: PictureLabels | None = None,
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
        labels: what the pictures are named, for the task "classification" (`read_labels`); pictures that they do not speak of are left out.
        watch: who looks on.

    Returns:
        The finished run's record. Of several sets each weighs the same in its scores, as in the validation loss. Its status is "collapsed"
        where the map lost its contrast or does not beat the centre bias on the validation pictures, or labels are named no better than by chance;
        that is for people to see, not an error.

    Raises:
        Refused: another run stands in `out`. TrainingFailed: the loss became no number. InputError: the plan cannot be meant, or labels match no
        picture or tell none apart.
    """
    watch = watch or Watcher()
    plan = plan.resolved()
    sets = join(data)
    split = split if isinstance(split, Split) else sets.divide(split)
    if not split.train or not split.val:
        raise InputError(
            f"a run needs training and validation pictures; the division ({split.origin}) has {len(split.train)} and {len(split.val)}"
        )
    task = task_of(plan, labels, split)
    if isinstance(task, LabelTask):
        split = task.split
    sigmas = sets.sigmas(plan.sigma_degrees, plan.sigma_px)
    described = {**sets.described(sigmas), **({"labels": named} if (named := task.described()) else {})}
    record = RunRecord(
        plan=plan.as_record(),
        identity=identity({"plan": _meaning(plan), "data": described, "split": split.as_record()}),
        data={**described, **sets.roots(), **task.places()},
        split=split.as_record(),
        versions=versions("salquest", "torch", "numpy", "lightning-fabric", "pillow", "scipy"),
    )
    folder = RunFolder(Path(out))
    finished = _claim(folder, record, force=force)
    if finished is not None:
        if score_test and split.test and not folder.scores.is_file():
            trained = Trained(folder, sets, split, sigmas, start(device, plan.precision).device, cache, watch.stage)
            finished = task.score(trained, finished, metrics)
            folder.write(finished)
        return finished
    before = folder.read().trained_on if folder.exists() and not force else {}
    fabric = start(device, plan.precision)
    began = time.monotonic()
    train_part = sets.everything.subset(split.train)
    seen = before or {"name": sets.name, "pictures": perceptual_hashes(train_part)}
    with _deterministic():
        network = task.build_network(train_part)
        record = replace(record, device=str(fabric.device), network=task.network_spec(network), trained_on=seen)
        if fabric.is_global_zero:
            folder.write(record)
        try:
            record = run_epochs(task, network, sets, split, folder, record, fabric, cache, watch)
        except TrainingFailed as failure:
            if fabric.is_global_zero:
                folder.write(replace(record, status="failed", reason=str(failure), seconds=time.monotonic() - began))
            raise
    if fabric.is_global_zero:
        trained = Trained(folder, sets, split, sigmas, fabric.device, cache, watch.stage)
        reason = record.reason or task.judge(trained, record)
        record = replace(record, status="collapsed" if reason else "finished", reason=reason)
        if score_test and split.test:
            record = task.score(trained, record, metrics)
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
    encoder = GazeTask(plan).build_network(everything.subset(split.train)).encoder
    features = FeatureCache(cache, encoder, plan.size)
    wanted = [(sample, mirrored) for sample in everything.subset(split.train) for mirrored in (False, True)[: 1 + plan.mirror]]
    wanted += [(sample, False) for sample in everything.subset((*split.val, *split.test))]
    for done, (sample, mirrored) in enumerate(wanted, start=1):
        features.taps(sample.stimulus.digest(), mirrored, partial(sample.stimulus.pixels, plan.size))
        watch.stage("encoding pictures", done, len(wanted))


def task_of(plan: TrainingPlan, labels: PictureLabels | None, split: Split) -> Task:
    """The task of a resolved plan.

    Raises:
        InputError: labels that are missing, that nobody asked for, or that cannot be learned.
    """
    if plan.task == "classification":
        if labels is None:
            raise InputError(
                "a run that learns to name pictures needs their labels: 'attributes' of the data set's regions, or a table key,label"
            )
        return LabelTask(plan, labels, split)
    if labels is not None:
        raise InputError("labels are learned by the task 'classification'; this run learns where people look")
    return GazeTask(plan)


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
