"""What the loss paper's formulas teach, to the letter and as meant: `python tools/make_loss_figures.py [WORK]`.

Small runs on the embedded pictures from one start, on the same batches; writes docs/images/losses-as-printed.png and
docs/results/losses-as-printed.md. One thread, so that the numbers are the same again; runs that are finished in WORK are not done again.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from PIL import Image
from safetensors.torch import load_file

from salquest.datasets import DataSet, Sample, load_dataset
from salquest.errors import TrainingFailed
from salquest.evaluation import evaluate
from salquest.losses import PRESETS
from salquest.models import CentreBias
from salquest.models.deep.trained import TrainedNetwork
from salquest.report.figures import COLOURS, figure_of, heat, png_bytes, tidy
from salquest.runs import Columns, RunFolder, versions
from salquest.training import TrainingPlan, train

DOCS = Path(__file__).parents[1] / "docs"
FIGURE, TABLE = DOCS / "images" / "losses-as-printed.png", DOCS / "results" / "losses-as-printed.md"
SHOWN = 9  # of the validation pictures


@dataclass(frozen=True)
class Pair:
    """An equation of the loss paper: the sum that is meant, and the one that is printed."""

    equation: str
    difference: str
    meant: str
    printed: str


LC1R = PRESETS["lc1r"].expression
PAIRS = (
    Pair("4", "the map divided by its maximum\n(ML-Net's code; not printed)", "mlnet", "mlnet(maxnorm=true)"),
    Pair("5", "arguments swapped", "kld", "kld(order='printed')"),
    Pair("5", "arguments swapped,\nmaps not scaled", "kld", "kld(norm=false, order='printed')"),
    Pair("6", "a similarity, lowered", "bhat", "bhat(form='printed')"),
    Pair("7", "summed over pixels", "bce", "bce(reduce='sum')"),
    Pair("9", "1 - p² for (1 - p)²", "focal", "focal(form='printed')"),
    Pair("10", "map not scaled", "nll", "nll(norm=false)"),
    Pair("11", "divided by pixels", "-nss", "-nss(divisor='pixels')"),
    Pair("16", "R summed over pixels", LC1R, LC1R.replace("+ r", "+ r(reduce='sum')")),
)

# sgd, because adam's steps do not depend on the gradient's size and would hide half of what goes wrong
COMMON = TrainingPlan(
    loss="kld",
    size=(240, 320),
    map_size=(60, 80),
    decoder={"grid": 1},
    epochs=6,
    batch=8,
    optimizer="sgd",
    momentum=0.9,
    lr=0.01,
    schedule="constant",
)
WAYS = {
    "one rate": COMMON,
    "matched": msgspec.structs.replace(COMMON, scale="matched", lr=0.02),
}


@dataclass(frozen=True)
class Outcome:
    """One run, as it ended.

    Attributes:
        cc: on the validation pictures, after each epoch that was finished.
        end: "" for a run that went through, else what happened.
        values: of the map of the picture that is shown, after the last epoch, (H, W); None where there was none.
        divisor: norm of the gradient at the start, where it was measured.
        seconds: of training.
    """

    cc: tuple[float, ...]
    end: str
    values: np.ndarray | None
    divisor: float | None
    seconds: float

    @property
    def told(self) -> str:
        """The score after the last epoch, or what happened instead."""
        return self.end if not self.cc or self.end.startswith("not") else f"{self.cc[-1]:.3f}{f' ({self.end})' if self.end else ''}"


def carried_out(plan: TrainingPlan, data: DataSet, out: Path, features: Path) -> Outcome:
    """Train one run, or read it where it is finished."""
    folder, end = RunFolder(out), ""
    try:
        record = train(plan, data, "auto", out, device="cpu", cache=features, score_test=False)
        end = "flat" if "no contrast" in record.reason else ""
    except TrainingFailed:
        end = "not a number"
    cc = tuple(Columns.load(folder.log).numbers("val_cc_score")) if folder.log.is_file() else ()
    values = None
    if cc and not end.startswith("not"):
        network = TrainedNetwork.load(out, features=features).network
        (latest,) = folder.state.glob("epoch-*")
        network.load_state_dict(load_file(latest / "network.safetensors"), strict=False)  # the last epoch, not the best
        picture = torch.from_numpy(np.array(shown(data).stimulus.pixels(plan.size))).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            values = network(picture).sigmoid()[0].numpy()
    return Outcome(cc, end, values, folder.read().divisors.get("all"), folder.read().seconds)


def shown(data: DataSet) -> Sample:
    """The sample whose maps are drawn."""
    return data[data.parts["val"][SHOWN]]


def draw(found: Mapping[tuple[str, str], Outcome], data: DataSet, floor: float) -> bytes:
    """One row per pair: CC per epoch both ways, and the maps after the last epoch."""
    figure: Figure = figure_of(11.0, 1.22 * (len(PAIRS) + 1))
    grid = figure.add_gridspec(len(PAIRS) + 1, 7, width_ratios=[1.4, 1.5, 1.5, 1, 1, 1, 1])
    sample = shown(data)
    legend = figure.add_subplot(grid[0, 1])
    for number, name in enumerate(("as meant", "as printed")):
        legend.plot([], [], color=COLOURS[number], marker="o", markersize=3, label=name)
    legend.plot([], [], color="#888888", linestyle=":", label="centre bias")
    legend.legend(loc="center", fontsize=9, frameon=False)
    legend.set_axis_off()
    for column, (title, pixels) in enumerate(
        {"picture": sample.stimulus.pixels(), "where people looked": heat(sample.density(data.sigma_px))}.items(), start=3
    ):
        image(figure, grid[0, column], pixels, above=title)
    for row, pair in enumerate(PAIRS, start=1):
        words = figure.add_subplot(grid[row, 0])
        words.text(0, 0.5, f"eq. {pair.equation}\n{pair.difference}", fontsize=8.5, va="center", linespacing=1.35)
        words.set_axis_off()
        for column, way in enumerate(WAYS, start=1):
            axis = figure.add_subplot(grid[row, column])
            axis.axhline(floor, color="#888888", linestyle=":", linewidth=1)
            for number, loss in enumerate((pair.meant, pair.printed)):
                outcome = found[way, loss]
                epochs = range(1, len(outcome.cc) + 1)
                axis.plot(epochs, outcome.cc, color=COLOURS[number], marker="o", markersize=2.5, linewidth=1.3, alpha=0.85)
                if outcome.end:
                    place = (epochs[-1], outcome.cc[-1]) if outcome.cc else (1, 0.0)
                    axis.annotate(outcome.end, place, xytext=(4, 2), textcoords="offset points", fontsize=7, color=COLOURS[number])
            axis.set_xlim(0.7, COMMON.epochs + 0.3)
            axis.set_ylim(-0.35, 0.85)
            tidy(axis)
            if row == 1:
                axis.set_title({"one rate": f"CC, one rate ({COMMON.lr:g})", "matched": "CC, first steps matched"}[way], fontsize=9)
            if row < len(PAIRS):
                axis.set_xticklabels([])
            if row == len(PAIRS):
                axis.set_xlabel("epoch", fontsize=8)
        for number, way in enumerate(WAYS):
            for printed, loss in enumerate((pair.meant, pair.printed)):
                outcome = found[way, loss]
                above = f"{way}: {'printed' if printed else 'meant'}" if row == 1 else ""
                image(figure, grid[row, 3 + 2 * number + printed], *pictured(outcome), above=above)
    return png_bytes(figure)


def pictured(outcome: Outcome) -> tuple[np.ndarray, str]:
    """A map from its least to its greatest value in colour, which are told below it; a flat one by its level, 0 dark and 1 light."""
    if outcome.values is None:
        return np.full((*COMMON.size, 3), 235, dtype=np.uint8), outcome.end
    low, high = float(outcome.values.min()), float(outcome.values.max())
    if outcome.end:
        level = np.array([[low, 0.0, 1.0]])  # 0 and 1 for the scale
        return np.broadcast_to(heat(level)[:, :1], (*COMMON.size, 3)), f"{low:.1g} everywhere"
    return heat(outcome.values), f"p {low:.1g} to {high:.1g}"


def image(figure: Figure, place: SubplotSpec, pixels: np.ndarray, below: str = "", *, above: str = "") -> None:
    """A picture with a line above and one below it."""
    axis = figure.add_subplot(place)
    axis.imshow(np.asarray(Image.fromarray(np.asarray(pixels)).resize((160, 120))), interpolation="none")
    axis.set_title(above, fontsize=8.5)
    axis.set_xlabel(below, fontsize=7, labelpad=2)
    axis.set_xticks([])
    axis.set_yticks([])


def table(found: Mapping[tuple[str, str], Outcome], floor: float) -> str:
    """The runs' numbers as Markdown."""
    lines = [
        "# Losses to the letter",
        "",
        "Made by `python tools/make_loss_figures.py`; drawn in [losses-as-printed.png](../images/losses-as-printed.png), told in "
        "[losses.md](../losses.md#as-printed-and-as-meant).",
        "",
        f"osie-mini, 80 training and 20 validation pictures of 240 x 320; frozen MobileNetV2, the paper's decoder on a grid of 15 x 20, maps "
        f"of 60 x 80; one start, the same batches; SGD, momentum {COMMON.momentum:g}, {COMMON.epochs} epochs of 10 steps. CC is the mean over "
        f"the validation pictures after the last epoch; the centre bias has {floor:.3f}.",
        f"`one rate`: {COMMON.lr:g} for every loss. `matched`: the same after each loss was divided by the norm of its gradient at the start, "
        "which the column before it shows.",
        "",
        "| eq. | loss | CC, one rate | gradient at the start | CC, matched |",
        "|---|---|---|---|---|",
    ]
    done = set()
    for pair in PAIRS:
        for loss in (pair.meant, pair.printed):
            if loss not in done:
                fixed, matched = (found[way, loss] for way in WAYS)
                lines.append(f"| {pair.equation} | `{loss}` | {fixed.told} | {matched.divisor or float('nan'):.3g} | {matched.told} |")
            done.add(loss)
    told = ", ".join(f"{name} {version}" for name, version in versions("salquest", "torch", "numpy").items())
    seconds = sum(outcome.seconds for outcome in found.values())
    return "\n".join([*lines, "", f"{len(found)} runs in {seconds / 60:.0f} minutes on one thread of a busy machine; {told}."]) + "\n"


def main(work: Path) -> None:
    """Train, draw, write."""
    torch.set_num_threads(1)
    data = load_dataset("osie-mini")
    began = time.process_time()
    found: dict[tuple[str, str], Outcome] = {}
    for way, common in WAYS.items():
        for number, loss in enumerate(dict.fromkeys(loss for pair in PAIRS for loss in (pair.meant, pair.printed))):
            plan = msgspec.structs.replace(common, loss=loss)
            found[way, loss] = carried_out(plan, data, work / way.replace(" ", "-") / f"{number:02d}", work / "features")
            print(f"{way:9} {loss:55} {found[way, loss].told}  ({time.process_time() - began:.0f} s)", flush=True)
    floor = CentreBias.of(data.subset(data.parts["train"]), sigma_px=data.sigma_px)
    level = evaluate(floor, data.subset(data.parts["val"]), metrics=("cc",), sigma_px=data.sigma_px).mean("cc")
    picture = Image.open(BytesIO(draw(found, data, level))).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(FIGURE, optimize=True)
    TABLE.write_text(table(found, level), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
