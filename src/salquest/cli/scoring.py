"""What `score` and `compare` have in common: who is scored on what, the table of means, the warnings, the pictures of a page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from salquest.cli.arguments import data_set
from salquest.datasets import DataSet, divide
from salquest.errors import InputError
from salquest.evaluation import Comparison, Scores, explained_share, floor_and_ceiling
from salquest.gaze import SaliencyMap
from salquest.metrics import METRICS
from salquest.models import MapsFolder, Model, load_model
from salquest.report import ColumnSpec, Gallery, PairRow, PairTable, Row, Score, ScoreTable, overlay
from salquest.runs import ProgressDisplay


def chosen_part(data: str, part: str) -> DataSet:
    """The data set of NAME=PATH, or its part as distributed."""
    chosen = data_set(data)
    if part == "all":
        return chosen
    division = divide(chosen, "distributed")
    if part not in ("train", "val", "test"):
        raise InputError(f"a part is all, train, val or test; found {part!r}")
    return chosen.subset(getattr(division, part))


def chosen_models(maps: Sequence[Path], model: Sequence[str], *, device: str) -> list[Model]:
    """Folders of maps, then models; those of one name are told apart by the folders that they lie in, as few as it takes."""
    opened: list[Model] = [*(MapsFolder(folder) for folder in maps), *(load_model(name, device=device) for name in model)]
    alike: dict[str, list[tuple[Model, Path]]] = {}
    for one, word in zip(opened, [*map(str, maps), *model], strict=True):
        alike.setdefault(one.name, []).append((one, Path(word)))
    for group in alike.values():
        depth = 1
        while len(group) > 1 and depth < max(len(path.parts) for _, path in group):
            depth += 1
            named = ["/".join(path.parts[-depth:]) for _, path in group]
            if len(set(named)) == len(named):
                for (one, _), name in zip(group, named, strict=True):
                    one.name = name
                break
    return opened


def limits_of(results: Sequence[Scores], data: DataSet, display: ProgressDisplay) -> tuple[Scores | None, Scores | None]:
    """The floor and the ceiling beside these results; (None, None) where a single picture has no others."""
    if len(data) < 2:
        return None, None
    first = results[0]
    return floor_and_ceiling(data, metrics=first.metrics, convention=first.convention, sigma_px=first.sigma_px, progress=display.update)


def score_table(results: Sequence[Scores], part: str, lowest: Scores | None = None, highest: Scores | None = None) -> ScoreTable:
    """A row of means per model, and of the floor and the ceiling where they are given."""
    first = results[0]
    columns = [ColumnSpec(name, METRICS[name].title, METRICS[name].direction, METRICS[name].unit) for name in first.metrics]
    rows = [
        Row(result.model, {name: Score(i.mean, i.low, i.high) for name, i in result.summary().items()}, note=_note(result))
        for result in results
    ]
    for limit, kind in ((lowest, "floor"), (highest, "ceiling")):
        if limit is not None:
            cells = {name: Score(i.mean, i.low, i.high) for name, i in limit.summary().items()}
            rows.append(Row({"floor": "centre bias (floor)", "ceiling": "other observers (ceiling)"}[kind], cells, kind=kind))  # type: ignore[arg-type]
    caption = (
        f"{first.data} (edition {first.edition}), {part} pictures: {first.columns.height}; {first.caption()}; "
        "95 % bootstrap intervals over pictures."
    )
    return ScoreTable(rows, columns, caption)


def pair_table(found: Comparison) -> PairTable:
    """The differences of every pair under every metric, with their intervals and tests."""
    rows = [
        PairRow(
            heading=heading(pair.metric),
            first=pair.first,
            second=pair.second,
            difference=pair.difference.mean,
            low=pair.difference.low,
            high=pair.difference.high,
            p=pair.p,
            p_holm=pair.p_holm,
            better=pair.better,
        )
        for pair in found.pairs
    ]
    return PairTable(rows, f"{found.caption()}; {found.results[0].caption()}")


def heading(metric: str) -> str:
    """A metric with its unit and the direction of the better side."""
    card = METRICS[metric]
    return ColumnSpec(metric, card.title, card.direction, card.unit).heading


def share_table(results: Sequence[Scores], lowest: Scores, highest: Scores) -> ScoreTable:
    """How far each model has come from the floor to the ceiling, for the metrics that have a ceiling."""
    keys = [name for name in highest.metrics if name in results[0].metrics]
    rows = []
    for result in results:
        found = {name: explained_share(result, lowest, highest, name) for name in keys}
        rows.append(Row(result.model, {name: Score(i.mean, i.low, i.high) for name, i in found.items()}, note=_note(result)))
    columns = [ColumnSpec(name, METRICS[name].title, "up", decimals=2) for name in keys]
    return ScoreTable(rows, columns, "Share of the way from the floor (0) to the ceiling (1); 95 % bootstrap intervals over pictures.")


def _note(result: Scores) -> str:
    missing = f"{len(result.missing)} pictures not scored" if result.missing else ""
    seen = f"{len(result.seen)} pictures seen in training" if result.seen else ""
    return "; ".join(filter(None, (missing, seen)))


def tell(result: Scores) -> None:
    """Say on stderr what a reader of these scores has to know."""
    for note in result.notes:
        print(f"{result.model}: {note}", file=sys.stderr)
    if result.constant:
        print(
            f"{result.model}: {len(result.constant)} maps had no spread and scored chance: {', '.join(result.constant[:5])}",
            file=sys.stderr,
        )
    if result.seen:
        named = [one.first if one.first == one.second else f"{one.first} (there {one.second})" for one in result.seen]
        print(
            f"{result.model}: warning: {len(named)} of {result.columns.height + len(result.missing)} pictures, or copies of them, stand in its "
            f"training data: {', '.join(named[:10])}{' and others' if len(named) > 10 else ''}; its scores there say little of new pictures",
            file=sys.stderr,
        )
    for key, reason in list(result.missing.items())[:10]:
        print(f"{result.model}: {key} was not scored: {reason}", file=sys.stderr)
    if len(result.missing) > 10:
        print(f"{result.model}: {len(result.missing) - 10} more pictures were not scored", file=sys.stderr)


def gallery(models: Sequence[Model], data: DataSet, keys: Sequence[str], sigma_px: float, *, heading: str = "Pictures") -> Gallery:
    """Pictures of these keys: the stimulus, where people looked, one column per model."""
    rows = []
    for key in keys:
        sample = data[key]
        pixels = sample.stimulus.pixels()
        looked = SaliencyMap(sample.density(sigma_px).astype("float32"), "density")
        predictions = [model.predict_stimulus(sample.stimulus) for model in models]
        rows.append((key, [pixels, overlay(pixels, looked), *(overlay(pixels, saliency) for saliency in predictions)]))
    return Gallery(["stimulus", "where people looked", *(model.name for model in models)], rows, heading)
