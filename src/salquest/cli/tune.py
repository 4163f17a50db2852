"""`salquest tune`: the weights of a loss, searched on the validation pictures."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from salquest.cli.arguments import data_set, names, settings_of
from salquest.cli.output import show
from salquest.cli.watching import announce, run_watcher
from salquest.quest import Tuning, TuningRequest, TuningWatcher
from salquest.quest import tune as tune_weights
from salquest.quest.study import Sampler
from salquest.quest.tuning_report import TunedTrial, gains, trial_folder, tried, tuning_table
from salquest.runs import ProgressDisplay, cache_folder
from salquest.training import TrainingPlan, Watcher
from salquest.training.plan import plan_from


def tune(
    loss: Annotated[
        str, Parameter(help="The weighted sum from which the search sets out, such as `10*kld - 2*cc - nss`.", allow_leading_hyphen=True)
    ],
    *,
    data: Annotated[str, Parameter(help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA.")],
    out: Path,
    trials: int = 30,
    metrics: str = "cc",
    span: float = 10.0,
    lr_span: float = 1.0,
    fixed: Annotated[list[str], Parameter(negative=())] = [],  # noqa: B006
    sampler: Sampler = "tpe",
    seed: int = 0,
    epochs: int = 10,
    height: int = 240,
    width: int = 320,
    set: Annotated[list[str], Parameter(negative=())] = [],  # noqa: A002, B006
    split: str = "auto",
    device: str = "auto",
    cache: Path | None = None,
) -> int:
    """Search the weights of a loss on the validation pictures; the same command goes on, and several may search in one folder at once.

    The first trial is the loss as given. No test picture is opened: the last line that is printed
    trains the best one and scores it on them.

    Args:
        out: The search's folder.
        trials: How many trials there shall be in the folder, whoever began them.
        metrics: Comma-separated names from `salquest list metrics`: the best of one, or the front of several.
        span: Weights are searched from 1/span to span times what is given, on a logarithmic scale.
        lr_span: The same for the learning rate; 1 leaves it.
        fixed: A term that keeps its weight, may be given several times; none keeps none. The first term where it is not given, since Adam
            learns the same from a loss and its double.
        sampler: Who draws what is tried.
        seed: Of the draws; the training's own seed is --set seed=1, the same for all trials.
        epochs: Passes over the training pictures in each trial.
        height: Pictures are squashed to this many rows.
        width: Pictures are squashed to this many columns.
        set: Any other setting of a plan as NAME=VALUE, such as lr=0.01, encoder=vgg16 or decoder.last_bias=-2.
        split: auto, distributed, seed, or a CSV file image,split.
        device: auto, cpu, cuda, cuda:1, mps.
        cache: Folder for the features of a frozen encoder.
    """
    settings: dict[str, Any] = {"epochs": epochs, "size": (height, width), **settings_of(set), "loss": loss}
    request = TuningRequest(
        plan=plan_from(settings, where="command line"),
        metrics=names(metrics),
        fixed=None if not fixed else () if fixed == ["none"] else tuple(fixed),
        span=span,
        lr_span=lr_span,
        sampler=sampler,
        seed=seed,
    )
    chosen = data_set(data)
    with ProgressDisplay() as display:

        def begin(number: int, plan: TrainingPlan) -> Watcher:
            announce(display, plan, trial_folder(out, number))
            return run_watcher(display, f"trial {number}")

        def end(trial: TunedTrial) -> None:
            scores = ", ".join(f"{name} {value:.4f}" for name, value in trial.scores.items())
            display.say(f"  trial {trial.number}: {', '.join(filter(None, (trial.status, scores, trial.reason)))}")

        found = tune_weights(
            request,
            chosen,
            split,
            out,
            trials=trials,
            device=device,
            cache=cache or cache_folder() / "features",
            watch=TuningWatcher(begin=begin, end=end, progress=lambda done, total: display.update("trials", done, total)),
        )
    show(tuning_table(found).to_terminal())
    print(f"{tried(found)} Report: {out / 'report.html'}; every trial: {out / 'trials.csv'}; figure: {out / 'tuning.png'}")
    for sentence in gains(found):
        print(sentence)
    if not found.best:
        print("No trial finished: nothing can be recommended. More epochs, another learning rate or a smaller --span may help.")
        return 1
    print("Chosen on the validation pictures, so it looks better there than on new ones. To train it and score it on the test pictures:")
    shared = _shared_words(data, epochs=epochs, height=height, width=width, split=split, words=set)
    for trial in found.best:
        print(
            shlex.join(
                ["salquest", "train", "--loss", trial.loss, *shared, *_rate(found, trial), "--out", str(out / f"best-{trial.number}")]
            )
        )
    return 0


def _shared_words(data: str, *, epochs: int, height: int, width: int, split: str, words: Sequence[str]) -> list[str]:
    """What all trials share, in the words of `salquest train`."""
    told = ["--data", data, "--epochs", str(epochs), "--height", str(height), "--width", str(width)]
    for word in words:
        told += ["--set", word]
    return told if split == "auto" else [*told, "--split", split]


def _rate(found: Tuning, trial: TunedTrial) -> list[str]:
    return ["--set", f"lr={trial.lr!r}"] if "lr" in found.request.ranges else []
