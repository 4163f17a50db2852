"""Many models on many displays, and on photographs: rows of scores in a folder that can be left and taken up again.

benchmark.json        the displays, the models
parts/MODEL/NNNN.csv  a chunk of rows each
scores.csv            one row per display and model
natural/MODEL.csv     one row per photograph
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from salquest.datasets import DataSet, load_dataset
from salquest.datasets.duplicates import find_near
from salquest.displays.processes import shared_out
from salquest.displays.scoring import SCORES, score_map
from salquest.displays.shown import DisplaySet, ShownDisplay
from salquest.errors import InputError, Refused, SalquestError, UnknownName
from salquest.evaluation import evaluate
from salquest.gaze import SaliencyMap, Stimulus
from salquest.models import MODELS, CentreBias, Model, load_model
from salquest.models.baselines import embedded_centre_bias
from salquest.models.catalogue import Family
from salquest.runs import Cell, Columns, RunFolder, write_json

CHUNK = 24
NATURAL_METRICS = ("auc_shuffled", "nss")
PRIOR = " x centre bias"


@dataclass(frozen=True)
class Entrant:
    """A model that competes.

    Attributes:
        name: as tables show it.
        source: a name in MODELS, or a run folder.
        kind: "classical", "deep" or "baseline".
        with_prior: its map, from minimum to maximum, is multiplied by the centre bias that travels with the package.
        device: where a network runs.
        note: what a reader must know, such as that a run collapsed.
    """

    name: str
    source: str
    kind: Family
    with_prior: bool = False
    device: str = "cpu"
    note: str = ""

    def map_of(self, stimulus: Stimulus) -> SaliencyMap:
        """Its map of a picture."""
        found = _model(self.source, self.device).predict_stimulus(stimulus)
        if not self.with_prior:
            return found
        prior = _prior().at(found.size).values
        return SaliencyMap((found.display() * (prior / prior.max())).astype(np.float32))


def enter(sources: Sequence[str] = (), *, with_prior: bool = False, device: str = "cpu") -> tuple[Entrant, ...]:
    """Models by names and run folders as entrants; without any, all of the catalogue that need no training.

    Args:
        sources: names in MODELS, or run folders.
        with_prior: let each enter a second time, multiplied by the centre bias; baselines do not.
        device: of networks.

    Raises:
        UnknownName: neither. InputError: a network without weights, or the same model twice. DataNotFound, BrokenFile: a run folder.
    """
    chosen = list(sources) or [name for name, card in MODELS.items() if card.build is not None]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"each model is scored once; given twice: {next(one for one in chosen if chosen.count(one) > 1)}")
    entrants: list[Entrant] = []
    status = ""
    paths = [Path(source).expanduser() for source in chosen]
    for source, path in zip(chosen, paths, strict=True):
        if source in MODELS:
            if MODELS[source].build is None:
                load_model(source)  # says that it has to be trained
            name, kind = source, MODELS[source].family
        elif path.is_dir():
            status = RunFolder(path).read().status
            alike = [other for other in paths if other.name == path.name]
            depth = 1 if len(alike) == 1 else 2
            name, kind = "/".join(path.resolve().parts[-depth:]), "deep"
        else:
            raise UnknownName("model or run folder", source, MODELS)
        note = "" if source in MODELS or status == "finished" else status
        entrants.append(Entrant(name, source, kind, device=device, note=note))
    priors = [replace(e, name=e.name + PRIOR, with_prior=True) for e in entrants if with_prior and e.kind != "baseline"]
    found = (*entrants, *priors)
    if len({one.name for one in found}) < len(found):
        raise InputError(f"models are told apart by their names; found {', '.join(one.name for one in found)}")
    return found


@dataclass(frozen=True)
class BenchmarkResult:
    """What was scored.

    Attributes:
        root: the folder.
        displays: what was shown.
        entrants: who competed.
        rows: one per display and entrant, with a column per score.
        failed: (model, picture, reason) of maps that could not be made.
        natural: data set -> metric -> model -> one score per photograph.
    """

    root: Path
    displays: DisplaySet
    entrants: tuple[Entrant, ...]
    rows: Columns
    failed: tuple[tuple[str, str, str], ...] = ()
    natural: Mapping[str, Mapping[str, Mapping[str, list[float]]]] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """Model -> classical, deep or baseline."""
        return {entrant.name: entrant.kind for entrant in self.entrants}


def score_displays(
    entrants: Sequence[Entrant],
    displays: DisplaySet,
    out: str | Path,
    *,
    natural: Mapping[str, str | None] | None = None,
    workers: int = 1,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> BenchmarkResult:
    """Score every entrant on every display, or go on with a folder where that was begun.

    Args:
        entrants: who competes.
        displays: what is shown.
        out: the folder; models may be added to it later, other displays not.
        natural: data sets of photographs with gaze, name -> folder (None: embedded), on which the same models are scored too: on their test
            parts, where they have one, and never on pictures that one of the models has learned from.
        workers: processes.
        progress: called with (what, done, of how many).

    Raises:
        Refused: the folder holds something else. InputError: nobody competes, or none of a model's maps could be made.
    """
    root = Path(out)
    if not entrants:
        raise InputError("nobody competes: give models by name, or run folders")
    _claim(root, entrants, displays)
    jobs = [
        (root / "parts" / _slug(entrant), number // CHUNK, entrant, displays.displays[number : number + CHUNK])
        for entrant in entrants  # model by model, so that each process loads it once
        for number in range(0, len(displays), CHUNK)
    ]
    left = [job for job in jobs if not (job[0] / f"{job[1]:04d}.csv").is_file()]
    done = len(jobs) - len(left)
    progress("scoring displays", done, len(jobs))
    for _ in shared_out(_score_chunk, left, workers):
        done += 1
        progress("scoring displays", done, len(jobs))
    rows = [row for folder, chunk, _, _ in jobs for row in Columns.load(folder / f"{chunk:04d}.csv").rows()]
    failed = tuple((str(row["model"]), str(row["image"]), str(row["error"])) for row in rows if row["error"] is not None)
    for entrant in entrants:
        if sum(name == entrant.name for name, _, _ in failed) == len(displays):
            reason = next(reason for name, _, reason in failed if name == entrant.name)
            raise InputError(f"{entrant.name} made no map of {len(displays)} displays; the first: {reason}")
    table = Columns.of_rows(rows)
    table.save(root / "scores.csv")
    return BenchmarkResult(root, displays, tuple(entrants), table, failed, _score_natural(entrants, root, natural or {}, workers, progress))


def _claim(root: Path, entrants: Sequence[Entrant], displays: DisplaySet) -> None:
    path = root / "benchmark.json"
    kept: dict[str, object] = {}
    if path.is_file():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError):
            kept = {}
        if not isinstance(kept, dict) or kept.get("edition") != displays.edition:
            raise Refused(
                f"{root} holds scores on other displays than {displays.name} ({displays.edition}); choose another folder with --out"
            )
    elif root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refused(f"{root} holds something that is no benchmark of displays; choose another folder with --out")
    before = kept.get("models")
    models = {**(before if isinstance(before, dict) else {}), **{entrant.name: entrant.source for entrant in entrants}}
    write_json(path, {"displays": displays.name, "edition": displays.edition, "number": len(displays), "models": models})


def _slug(entrant: Entrant) -> str:
    """A folder's name that stands for this model in this state: a run that was trained further is another one."""
    state = entrant.source
    if entrant.source not in MODELS:
        record = RunFolder(Path(entrant.source).expanduser()).read()
        state = f"{Path(entrant.source).expanduser().resolve()} {record.identity} {record.best_epoch} {record.epochs_done}"
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', entrant.name)}-{zlib.crc32(f'{state} {entrant.with_prior}'.encode()):08x}"


@lru_cache(maxsize=2)
def _model(source: str, device: str) -> Model:
    return load_model(source, device=device)


@lru_cache(maxsize=1)
def _prior() -> CentreBias:
    return embedded_centre_bias()


def _score_chunk(job: tuple[Path, int, Entrant, tuple[ShownDisplay, ...]]) -> None:
    folder, chunk, entrant, displays = job
    rows: list[dict[str, Cell]] = []
    for display in displays:
        row: dict[str, Cell] = {
            "model": entrant.name,
            "image": display.stimulus.key,
            "family": display.family,
            "dimension": display.dimension,
            "level": display.level,
            "error": None,
        }
        try:
            # without a target there is nothing to score, so that no map is made
            row |= score_map(entrant.map_of(display.stimulus).values, display) if display.has_target else dict.fromkeys(SCORES)
        except SalquestError as error:
            row["error"] = str(error)
        rows.append(row)
    Columns.of_rows(rows).save(folder / f"{chunk:04d}.csv")


def _score_natural(
    entrants: Sequence[Entrant],
    root: Path,
    natural: Mapping[str, str | None],
    workers: int,
    progress: Callable[[str, int, int], None],
) -> dict[str, dict[str, dict[str, list[float]]]]:
    photographs = {name: _unseen(load_dataset(name, path), entrants) for name, path in natural.items()}
    jobs = [
        (root / "natural" / f"{name}-{photographs[name].edition()}" / f"{_slug(entrant)}.csv", entrant, name, path, photographs[name].keys)
        for name, path in natural.items()
        for entrant in entrants
    ]
    left = [job for job in jobs if not job[0].is_file()]
    for done, _ in enumerate(shared_out(_score_photographs, left, workers), start=len(jobs) - len(left) + 1):
        progress("scoring photographs", done, len(jobs))
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for path, entrant, name, *_ in jobs:
        table = Columns.load(path)
        for metric in NATURAL_METRICS:
            found.setdefault(name, {}).setdefault(metric, {})[entrant.name] = table.numbers(metric)
    return found


def _unseen(data: DataSet, entrants: Sequence[Entrant]) -> DataSet:
    """The test part of a set, all of it where it has none, without pictures that any of the entrants learned from: the same for all.

    Raises:
        InputError: none is left.
    """
    chosen = data.subset(data.parts.get("test") or data.keys)
    learned: dict[str, str] = {}
    for entrant in entrants:
        learned |= {f"{entrant.name}/{key}": found for key, found in _model(entrant.source, entrant.device).trained_on.items()}
    seen = {near.first for near in find_near(chosen, learned)}
    left = [key for key in chosen.keys if key not in seen]
    if not left:
        raise InputError(
            f"models here have learned from all {len(chosen)} photographs of {data.name}; give others (--natural), or fewer models"
        )
    return chosen.subset(left)


class _Entered(Model):
    """An entrant behind the contract of a model."""

    def __init__(self, entrant: Entrant) -> None:
        self._entrant, self.name = entrant, entrant.name

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        return self._entrant.map_of(stimulus)

    def predict_pixels(self, pixels: object) -> SaliencyMap:
        raise InputError("an entrant is asked by stimulus")


def _score_photographs(job: tuple[Path, Entrant, str, str | None, tuple[str, ...]]) -> None:
    path, entrant, name, root, keys = job
    scores = evaluate(_Entered(entrant), load_dataset(name, root).subset(keys), metrics=NATURAL_METRICS, workers=1)
    if scores.missing:
        key, reason = next(iter(scores.missing.items()))
        raise InputError(f"{entrant.name} made no map of {len(scores.missing)} photographs of {name}; {key}: {reason}")
    scores.columns.save(path)
