"""`salquest adapt`: a trained network brought to a data set by a few numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from salquest.cli.arguments import data_set
from salquest.cli.output import show
from salquest.cli.scoring import pair_table, score_table, tell
from salquest.datasets import DataSet, divide
from salquest.errors import InputError
from salquest.evaluation import compare, evaluate_all
from salquest.models import load_model
from salquest.models.catalogue import DEFAULT
from salquest.runs import ProgressDisplay
from salquest.training import AdaptationFit
from salquest.training import adapt as adapt_network
from salquest.training.adapting import PICTURES

METRICS = {"fixations": ("cc", "nss", "ig", "kl"), "maps": ("cc", "sim", "kl")}


def adapt(
    *,
    data: Annotated[str, Parameter(help="NAME=PATH, or NAME where it is embedded or below SALQUEST_DATA.")],
    model: Annotated[str, Parameter(help="A run folder, the folder of a checkpoint, or the name of a network that ships.")] = DEFAULT,
    out: Path = Path("adapted"),
    images: int = PICTURES,
    seed: int = 0,
    split: str = "auto",
    device: str = "cpu",
    force: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Fit fewer than 20 numbers of a trained network to a data set: scales, priority, centre, spread, lapses.

    The network itself stays as it is. The numbers are fitted to training pictures, kept if they help on validation pictures, and scored
    on test pictures beside the network as it was. The folder is a model for every command: --model OUT.

    Args:
        out: The folder that becomes the model; it names the network, which has to stay where it is.
        images: How many training pictures are fitted to; at most so many validation pictures are checked on.
        seed: Which pictures they are.
        split: auto, distributed, seed, or a CSV file image,split.
        device: Where the network runs.
        force: Write over an adapted network.
    """
    chosen = data_set(data)
    parts = divide(chosen, split)
    if not parts.test:
        raise InputError(f"{chosen.name} has no test pictures in the division {parts.origin}, so that nothing would show what was gained")
    with ProgressDisplay() as display:
        fit = adapt_network(
            model,
            chosen,
            parts,
            out,
            images=images,
            seed=seed,
            device=device,
            force=force,
            progress=display.update,
        )
        _tell_fit(fit, chosen, out)
        if not fit.helped:
            return 0
        before, after = load_model(model, device=device), load_model(out, device=device)
        before.name, after.name = "as it was", "adapted"
        results = evaluate_all(
            [after, before],
            chosen.subset(parts.test),
            metrics=METRICS["fixations" if chosen.has_fixations else "maps"],
            progress=lambda name, done, total: display.update(f"scoring the network {name}", done, total),
        )
    show(score_table(results, "test").to_terminal())
    show(pair_table(compare(results, seed=seed)).to_terminal())
    tell(results[0])
    return 1 if results[0].missing else 0


def _tell_fit(fit: AdaptationFit, data: DataSet, out: Path) -> None:
    gain = fit.gain
    print(
        f"{fit.fitted.num_parameters} numbers fitted to {len(fit.fitted_to)} pictures: "
        f"{fit.before:.3f} bit per fixation over uniform became {fit.after:.3f}"
    )
    print(f"{len(fit.checked_on)} validation pictures: {gain.mean:+.3f} bit per fixation (95 % interval {gain.low:+.3f}..{gain.high:+.3f})")
    if fit.seen:
        print(
            f"salquest: {len(fit.seen)} of the {len(fit.fitted_to)} pictures, or copies of them, stand in the network's own training data; "
            "it knows them too well, and the numbers will trust it too much",
            file=sys.stderr,
        )
    if fit.helped:
        sides = [max(sample.stimulus.size) for sample in data]
        for sentence in fit.adaptation.sentences(longer_side=max(sides), pixels_per_degree=data.pixels_per_degree):
            print(sentence)
        print(f"{out}: use it as --model {out}")
    else:
        print("On pictures that they were not fitted to the numbers do not help; they are left out, and the network predicts as it was.")
        print(f"{out}: the same network under another name; more pictures may help (--images), or training (salquest train)")
