"""What the study of dissection finds: each statement of He 2019 with its numbers, their intervals, and a word that follows from them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from salquest.displays import claim
from salquest.dissection import SCORES, Dissection, change_split, over_layers
from salquest.dissection.change import DRAWN
from salquest.dissection.summary import LayerSummary, interval_of
from salquest.errors import InputError
from salquest.models import MODELS
from salquest.runs import Columns

Floats = NDArray[np.float64]
Word = Literal["supported", "not supported", "not decided"]

# categories with fewer regions are shown and not judged: the best of hundreds of units on so few is chance
LEAST_REGIONS = 30
# what is judged: the score that takes away what every region has, and the overlap with the region
JUDGED = ("relative_nss", "iou")
SIMILARITIES = ("pictures_cka", "rsa")
DRAWS = 2000


@dataclass(frozen=True)
class Difference:
    """A number that a statement says is above 0, with the interval in which 95 % of the resampled pictures have it."""

    what: str
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, what: str, value: float, draws: Floats) -> Difference:
        """From draws."""
        return cls(what, value, *interval_of(draws))

    def text(self) -> str:
        """As the page prints it."""
        return f"{self.what} {self.value:+.3f} ({bounds(self.low, self.high)})"


def bounds(low: float, high: float) -> str:
    """An interval for people; from too few pictures there is none."""
    return "no interval" if math.isnan(low) else f"{low:+.3f} … {high:+.3f}"


@dataclass(frozen=True)
class Finding:
    """A statement and what became of it.

    Attributes:
        statement: what the paper says.
        differences: all of which have to lie above 0.
    """

    statement: str
    differences: tuple[Difference, ...]

    @property
    def word(self) -> Word:
        """Supported where every interval lies above 0, not supported where every one lies below, else not decided."""
        if self.differences and all(difference.low > 0 for difference in self.differences):
            return "supported"
        if self.differences and all(difference.high < 0 for difference in self.differences):
            return "not supported"
        return "not decided"

    def sentence(self) -> str:
        """The statement, the word and the numbers."""
        numbers = "; ".join(difference.text() for difference in self.differences) or "nothing was measured"
        return f"{self.statement} **{self.word}**: {numbers}."


def summary_of(found: Dissection, model: str, category: str, score: str, *, control: bool = False) -> tuple[str, LayerSummary]:
    """The layer of a network that codes a category best (by its held-out mean), and its summary; of the random twin where that is asked for."""
    number = found.probe.table.categories.index(category)
    layers = [layer for layer in found.layers if layer.model == model]
    if control:
        layers = [found.layer(layer.control, layer.layer) for layer in layers if layer.control]
    own = [(layer.layer, layer.summaries[score, number, "own"]) for layer in layers]
    if not own:
        raise InputError(f"{model} was looked into without its control")
    return max(own, key=lambda one: -np.inf if np.isnan(one[1].held_out) else one[1].held_out)


def judged_categories(found: Dissection) -> tuple[str, ...]:
    """Those with LEAST_REGIONS regions that somebody looked at."""
    looked = found.probe.table.fixations > 0
    return tuple(
        name
        for number, name in enumerate(found.probe.table.categories)
        if (found.probe.table.holds[:, number] & looked).sum() >= LEAST_REGIONS
    )


def over_random(found: Dissection, model: str, score: str, categories: Sequence[str]) -> Difference:
    """Mean over categories of the best layer's ten best units, less those of the best layer of the network with random weights."""
    pairs = [(summary_of(found, model, name, score)[1], summary_of(found, model, name, score, control=True)[1]) for name in categories]
    value = float(np.mean([own.top - other.top for own, other in pairs]))
    return Difference.of(
        f"{SCORES[score].title} over random weights", value, np.mean([own.draws - other.draws for own, other in pairs], axis=0)
    )


def category_over_random(found: Dissection, model: str, score: str, category: str) -> tuple[Difference, int]:
    """One category's best layer less the best layer of the network with random weights; and in how many layers, each beside the same layer with
    random weights, the interval of that lies above 0.
    """
    number = found.probe.table.categories.index(category)
    layers = [layer for layer in found.layers if layer.model == model]
    above = 0
    for layer in layers:
        own, other = (one.summaries[score, number, "own"] for one in (layer, found.layer(layer.control, layer.layer)))
        above += interval_of(own.draws - other.draws)[0] > 0
    return over_random(found, model, score, [category]), above


def coded_before(found: Dissection, before: str) -> Finding:
    """Finding 1, judged against the network with random weights, best layer against best layer."""
    categories = judged_categories(found)
    differences = tuple(over_random(found, before, score, categories) for score in JUDGED) if categories else ()
    return Finding(f"Regions are coded before training (mean of {len(categories)} categories):", differences)


def favours(found: Dissection, before: str, after: Sequence[str], first: str = "face", second: str = "text") -> Finding:
    """Finding 2: what training adds to one category's best layer, less what it adds to another's, the mean over runs."""
    there = found.probe.table.categories
    differences = []
    for score in JUDGED if first in there and second in there else ():
        draws, values = [], []
        for run in after:
            gains = []
            for category in (first, second):
                own, start = (summary_of(found, name, category, score)[1] for name in (run, before))
                gains.append((own.top - start.top, own.draws - start.draws))
            values.append(gains[0][0] - gains[1][0])
            draws.append(gains[0][1] - gains[1][1])
        differences.append(
            Difference.of(f"gain in {SCORES[score].title} of {first} less that of {second}", float(np.mean(values)), np.mean(draws, axis=0))
        )
    return Finding(f"Training favours {first} over {second}:", tuple(differences))


def mean_change(
    found: Dissection, kinds: Mapping[str, Sequence[tuple[str, str]]], kind: str, minus: str, layers: Sequence[str]
) -> tuple[Difference, ...]:
    """1 - similarity of a kind, less another's, the mean over layers, by each similarity of pictures' means."""
    changes = change_split(found.drift, kinds, measures=SIMILARITIES)
    answers = []
    for measure in SIMILARITIES:
        whole = over_layers([c for c in changes if (c.measure, c.kind, c.minus) == (measure, kind, minus) and c.layer in layers])
        what = f"{kind} less {minus}" if minus else kind
        answers.append(Difference.of(f"{what} ({_short(measure)})", whole.value, whole.draws))
    return tuple(answers)


def task_over_domain(
    found: Dissection, kinds: Mapping[str, Sequence[tuple[str, str]]], runs: Mapping[str, Sequence[str]], layers: Sequence[str]
) -> Finding:
    """Finding 4: the change with the task, less that with the domain, over pictures and runs; and less that with the seed alone.

    Args:
        found: with the drift of every run of saliency beside every run of the two others.
        kinds: what networks differ in.
        runs: the runs of "saliency", of the other "task", and of the other "domain".
        layers: over which changes are meaned.
    """
    differences = [
        Difference.of(f"task less domain ({_short(measure)}), over pictures and runs", *_over_runs(found, runs, layers, measure))
        for measure in SIMILARITIES
    ]
    return Finding(
        "Change is due to the task more than to the domain (mean over the layers that learn):",
        (*differences, *mean_change(found, kinds, "task", "seed", layers)),
    )


def single_runs(found: Dissection, runs: Mapping[str, Sequence[str]], layers: Sequence[str]) -> str:
    """What one run of each would have said, in words."""
    task, domain = (_changes(found, runs["saliency"], runs[kind], layers, SIMILARITIES[0])[0] for kind in ("task", "domain"))
    ways = (task[:, :, None] - domain[:, None, :]).reshape(-1)
    return (
        f"Of the {len(ways)} ways to take one run of each, {int((ways > 0).sum())} put the task ahead and {int((ways < 0).sum())} the domain "
        f"({ways.min():+.3f} to {ways.max():+.3f} in CKA)."
    )


def _over_runs(found: Dissection, runs: Mapping[str, Sequence[str]], layers: Sequence[str], measure: str) -> tuple[float, Floats]:
    """Change with the task less change with the domain, and draws in which pictures and runs of all three kinds vary."""
    saliency = runs["saliency"]
    task, task_draws = _changes(found, saliency, runs["task"], layers, measure)
    domain, domain_draws = _changes(found, saliency, runs["domain"], layers, measure)
    value = float(task.mean() - domain.mean())
    of_pictures = task_draws.mean(axis=(0, 1)) - domain_draws.mean(axis=(0, 1)) - value
    draw, spread = np.random.Generator(np.random.PCG64(0)), []
    for _ in range(DRAWS):
        own, first, second = (draw.integers(0, len(names), len(names)) for names in (saliency, runs["task"], runs["domain"]))
        spread.append(task[np.ix_(own, first)].mean() - domain[np.ix_(own, second)].mean() - value)
    # means of n runs drawn with replacement from n spread too little by the root of (n - 1) / n
    of_runs = np.array(spread) * math.sqrt(len(saliency) / (len(saliency) - 1))
    return value, value + of_runs + draw.choice(of_pictures, DRAWS)


def _changes(
    found: Dissection, firsts: Sequence[str], seconds: Sequence[str], layers: Sequence[str], measure: str
) -> tuple[Floats, Floats]:
    """1 - similarity, the mean over layers, of all pairs (I, J), and its draws over pictures (I, J, B)."""

    def mean(first: str, second: str, name: str) -> Any:
        return np.mean([1 - getattr(found.drift[first, second][layer], name) for layer in layers], axis=0)

    values, draws = (
        np.array([[mean(first, second, name) for second in seconds] for first in firsts]) for name in (measure, DRAWN[measure])
    )
    return values, draws


def _short(measure: str) -> str:
    return "CKA" if measure == "pictures_cka" else "RSA"


def models_apart(found: Dissection, one: str, other: str, category: str, score: str) -> Difference:
    """One network's best layer for a category less another's."""
    own, beside = (summary_of(found, name, category, score)[1] for name in (one, other))
    return Difference.of(f"{one} less {other}", own.top - beside.top, own.draws - beside.draws)


def matter_more(removed: Columns, category: str) -> Finding:
    """Whether a category's best units are worth more in the second network than in the first, in each layer from which they were removed."""
    rows = [row for row in removed.rows() if row["category"] == category and row["over_first"] is not None]
    return Finding(
        f"Units of {category} matter more after training:",
        tuple(Difference(str(row["layer"]), *(_number(row[f"over_first{end}"]) for end in ("", "_low", "_high"))) for row in rows),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def deep_and_classical(folder: Path) -> list[claim.Verdict]:
    """Finding 3 from the folder of a benchmark of displays (`salquest displays`): its rows, and those of photographs where there are some.

    Raises:
        InputError: no rows there, or not both kinds of models.
    """
    path = folder / "scores.csv"
    if not path.is_file():
        raise InputError(f"{folder} holds no scores.csv of a benchmark of displays")
    rows = [row for row in Columns.load(path).rows() if row["percentile"] is not None and row["dimension"] != "control"]
    names = list(dict.fromkeys(str(row["model"]) for row in rows))
    kinds = {name: MODELS[name].family if name in MODELS else "deep" for name in names if " x " not in name}
    grouped: dict[str, dict[str, list[float]]] = {name: {} for name in kinds}
    for row in rows:
        if row["model"] in kinds:
            grouped[str(row["model"])].setdefault(str(row["family"]), []).append(float(str(row["percentile"])))
    means = {name: {family: float(np.mean(values)) for family, values in families.items()} for name, families in grouped.items()}
    verdicts = [claim.on_displays(means, kinds)]
    for tables in sorted((folder / "natural").glob("*")) if (folder / "natural").is_dir() else ():
        found = {name: _natural(tables, name) for name in kinds}
        there = {name: values for name, values in found.items() if values is not None}
        verdicts.append(claim.on_photographs(there, kinds, f"sAUC on {tables.name.rpartition('-')[0]}"))
    return verdicts


def _natural(folder: Path, model: str) -> list[float] | None:
    """One score per photograph of a model, from its file, whose name ends with a check sum; None where there is not exactly one."""
    wanted = re.sub(r"[^A-Za-z0-9.-]+", "-", model)
    files = [path for path in folder.glob("*.csv") if path.stem.rpartition("-")[0] == wanted]
    return Columns.load(files[0]).numbers("auc_shuffled") if len(files) == 1 else None


def word_of(outcomes: Iterable[str]) -> Word:
    """The word for a claim of several halves: supported where all hold, not supported where one does not."""
    known = list(outcomes)
    if known and all(outcome == "holds" for outcome in known):
        return "supported"
    return "not supported" if "does not hold" in known else "not decided"
