"""`salquest train`: one network, one loss, one run folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from msgspec import structs

from salquest.cli.arguments import data_sets, settings_of
from salquest.cli.watching import announce, announce_labels, run_watcher
from salquest.datasets import JoinedSets, Split, join, read_labels
from salquest.datasets.joined import load_recorded
from salquest.errors import InputError
from salquest.runs import ProgressDisplay, RunFolder, cache_folder
from salquest.training import TrainingPlan
from salquest.training import train as train_network
from salquest.training.plan import LABEL_LOSS, plan_from

Flag = Annotated[bool, Parameter(negative=())]


def train(
    *,
    out: Path,
    data: Annotated[
        list[str], Parameter(negative=(), help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA; again for further sets.")
    ] = [],  # noqa: B006
    loss: Annotated[str | None, Parameter(help="A weighted sum, such as `10*kld - 2*cc - nss`.", allow_leading_hyphen=True)] = None,
    task: Literal["saliency", "classification"] = "saliency",
    labels: str | None = None,
    network: str = "bruckert",
    encoder: str = "mobilenet_v2",
    weights: str = "imagenet",
    unfreeze: str = "none",
    activation: Literal["sigmoid", "relu", "softmax"] = "sigmoid",
    height: int = 240,
    width: int = 320,
    epochs: int = 10,
    batch: int = 8,
    lr: float = 1e-3,
    encoder_lr: float | None = None,
    optimizer: Literal["sgd", "nesterov", "adagrad", "adam", "adamw"] = "adam",
    schedule: Literal["constant", "cosine", "one-cycle"] = "cosine",
    weight_decay: float = 0.0,
    clip: float = 0.0,
    patience: int = 0,
    mirror: bool = True,
    seed: int = 0,
    losses: Path | None = None,
    adversarial: float = 0.0,
    set: Annotated[list[str], Parameter(negative=())] = [],  # noqa: A002, B006
    split: str = "auto",
    device: str = "auto",
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true",
    cache: Path | None = None,
    resume: Flag = False,
    force: Flag = False,
) -> int:
    """Train a network and score it on the test pictures; the same command takes an interrupted run up again.

    Args:
        out: The run folder.
        task: saliency learns where people look; classification what whole pictures are called, on the same encoder with the same pictures,
            order and steps, so that `salquest dissect` can compare what the two made of it.
        labels: Of a classification: "attributes" (those of the data set's regions), or a CSV table with the columns key and label; with
            --resume, where it lies now.
        network: The decoder: a network from `salquest list models`.
        encoder: From `salquest list encoders`, or timm:NAME.
        weights: imagenet, another name of the encoder's weights, none, or the path of a file.
        unfreeze: Stages of the encoder that learn: none, all, or a stage's name for it and all deeper ones.
        activation: What turns the raw map into values.
        height: Pictures are squashed to this many rows.
        width: Pictures are squashed to this many columns.
        epochs: Passes over the training pictures.
        batch: Pictures per step.
        lr: Peak learning rate of new layers.
        encoder_lr: Peak rate of the encoder's stages that learn; a tenth of lr where it is not given.
        optimizer: How weights move.
        schedule: How the rate changes over the run.
        weight_decay: Of the optimiser.
        clip: Greatest norm of the gradient; 0 leaves it.
        patience: Stop after this many epochs without a lower validation loss; 0 never.
        mirror: Show pictures mirrored left to right half of the time.
        seed: Of new layers, order, mirroring and dropout.
        losses: A Python file with losses of your own, which --loss may name beside the packaged ones; with --resume, where it lies now.
        adversarial: Weight of an adversary's term (SalGAN) that joins the loss; 0 for none. How it plays: --set adversary.NAME=VALUE.
        set: Any other setting of a plan as NAME=VALUE, such as map_size=60,80, decoder.last_bias=-2 or augment.zoom=0.7,1.
        split: auto, distributed, seed, final (all but the test part and a tenth of the validation part is learned from), of each set; or a
            CSV file image,split, of several sets with images called NAME/IMAGE.
        device: auto, cpu, cuda, cuda:1, mps.
        precision: Of the arithmetic.
        cache: Folder for the features of a frozen encoder.
        resume: Take the run in --out up again with its own settings.
        force: Begin anew where another run stands in --out.
    """
    if resume:
        plan, chosen, parts, source = _stored(out, data)
        labels = labels or source
        if losses is not None:  # the same file in another place; its content is part of the run's identity
            plan = structs.replace(plan, own_losses=str(losses))
    else:
        if loss is None and task == "classification":
            loss = LABEL_LOSS
        if loss is None or not data:
            raise InputError("a run needs --loss and --data (or --resume with the folder of a run that was begun)")
        settings: dict[str, Any] = {
            "loss": loss,
            "network": network,
            "encoder": encoder,
            "weights": weights,
            "unfreeze": unfreeze,
            "activation": activation,
            "size": (height, width),
            "epochs": epochs,
            "batch": batch,
            "lr": lr,
            "encoder_lr": encoder_lr,
            "optimizer": optimizer,
            "schedule": schedule,
            "weight_decay": weight_decay,
            "clip": clip,
            "patience": patience,
            "mirror": mirror,
            "seed": seed,
            "precision": precision,
            "adversarial": adversarial,
            "task": task,
            **({"own_losses": str(losses)} if losses is not None else {}),
        }
        plan = plan_from({**settings, **settings_of(set)}, where="command line").resolved()
        chosen = join(data_sets(data))
        parts = chosen.divide(split)
    leads = os.environ.get("RANK", "0") == "0"  # of several processes that torchrun started one speaks
    with ProgressDisplay(quiet=not leads) as display:
        announce(display, plan, out)
        named = None if labels is None else read_labels(labels, chosen.everything)
        if named is not None and plan.task == "classification":
            announce_labels(display, named, parts)
        record = train_network(
            plan,
            chosen,
            parts,
            out,
            device=device,
            cache=cache or cache_folder() / "features",
            force=force,
            labels=named,
            watch=run_watcher(display, str(out)),
        )
    if not leads:
        return 0
    print(f"{out}: {record.status}{f' ({record.reason})' if record.reason else ''}, best epoch {record.best_epoch} of {record.epochs_done}")
    if record.scores:
        for name, scores in (record.scores_by_set or {"": record.scores}).items():
            print(f"test{name and f' of {name}'}: " + ", ".join(f"{metric} {value:.3f}" for metric, value in scores.items()))
    return 0


def _stored(out: Path, data: list[str]) -> tuple[TrainingPlan, JoinedSets, Split, str | None]:
    """Plan, pictures, division and the source of the labels of a run that was begun."""
    record = RunFolder(out).read()
    chosen = join(data_sets(data)) if data else load_recorded(record.data)
    if chosen.edition != record.data["edition"]:
        raise InputError(
            f"the run in {out} was begun on edition {record.data['edition']} of {record.data['name']}; this is edition {chosen.edition}"
        )
    parts = {part: tuple(record.split[part]) for part in ("train", "val", "test")}
    split = Split(**parts, origin=record.split["origin"])
    return plan_from(dict(record.plan), where=str(out)), chosen, split, record.data.get("labels_source")
