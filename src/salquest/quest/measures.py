"""What a recipe may ask of its runs beside scores: measures of the maps themselves, and of how a run went on. No gaze is needed for the first.

A measure has a value per picture, so that claims about it are judged as claims about scores are. It is taken once per run and kept in the run's
folder as measure-NAME.csv.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salquest.datasets import DataSet
from salquest.errors import UnknownName
from salquest.evaluation import level_sets
from salquest.gaze import SaliencyMap
from salquest.metrics import METRICS
from salquest.models.deep.trained import TrainedNetwork
from salquest.report import ColumnSpec
from salquest.runs import Columns, RunFolder

# epochs at the end of a run over which its gain is told, as a share of all; and the unit in which it is told
LATE, TEN_EPOCHS = 0.5, 10.0


@dataclass(frozen=True, kw_only=True)
class MeasureCard:
    """One entry of MEASURES.

    Attributes:
        title: as tables show it.
        direction: "up": more is better; "down": less is.
        of_map: the value of one map; None for a measure of how the run went on.
        summary, source: what it is, and whom it follows.
    """

    title: str
    direction: str
    of_map: Callable[[SaliencyMap], float] | None
    summary: str
    source: str
    unit: str = ""


MEASURES: Mapping[str, MeasureCard] = {
    "level_sets": MeasureCard(
        title="level sets",
        direction="down",
        of_map=lambda saliency: level_sets(saliency.values).complexity,
        summary="border of the level sets over that of a square of their area; 1 is simplest",
        source="after Pan 2017, Figure 5",
    ),
    "level_set_pieces": MeasureCard(
        title="pieces",
        direction="down",
        of_map=lambda saliency: level_sets(saliency.values).pieces,
        summary="connected pieces of the level sets",
        source="after Pan 2017, Figure 5",
    ),
    "late_gain": MeasureCard(
        title="late gain of CC",
        direction="up",
        of_map=None,
        summary="slope of each validation picture's CC over the last half of the epochs, per ten epochs",
        source="after Pan 2017, Figure 3",
    ),
}


def column_of(name: str) -> ColumnSpec:
    """A metric or a measure as a column of a table.

    Raises:
        UnknownName: neither.
    """
    if name in METRICS:
        return ColumnSpec(name, METRICS[name].title, METRICS[name].direction, METRICS[name].unit)
    if name not in MEASURES:
        raise UnknownName("metric or measure", name, [*METRICS, *MEASURES])
    card = MEASURES[name]
    return ColumnSpec(name, card.title, card.direction, card.unit)  # type: ignore[arg-type]


def measure_path(folder: RunFolder, name: str) -> Path:
    """Where a run's values of a measure lie."""
    return folder.root / f"measure-{name}.csv"


def measure_run(
    folder: RunFolder, names: tuple[str, ...], data: DataSet, cache: Path | None, progress: Callable[[str, int, int], None]
) -> None:
    """Take what is missing of a finished run's measures.

    Args:
        folder: of the run.
        names: of the measures.
        data: the test pictures.
        cache: folder of the features of frozen encoders.
        progress: called with (what is done, pictures done, pictures).
    """
    if not folder.exists() or folder.read().status not in ("finished", "collapsed"):
        return
    missing = [name for name in names if not measure_path(folder, name).is_file()]
    if "late_gain" in missing and folder.validation.is_file():
        _save(folder, "late_gain", late_gain(Columns.load(folder.validation)))
    found: dict[str, dict[str, float]] = {name: {} for name in missing if MEASURES[name].of_map is not None}
    if found and folder.weights.is_file():
        model = TrainedNetwork.load(folder.root, features=cache)
        for done, sample in enumerate(data, start=1):
            saliency = model.predict_stimulus(sample.stimulus)
            for name, values in found.items():
                of_map = MEASURES[name].of_map
                assert of_map is not None
                values[sample.stimulus.key] = of_map(saliency)
            progress(f"measuring the maps of {folder.root.name}", done, len(data))
        for name, values in found.items():
            _save(folder, name, values)


def late_gain(validation: Columns) -> dict[str, float]:
    """The slope of each picture's CC by least squares over the last half of the epochs, per ten epochs; NaN where there are fewer than three.

    Args:
        validation: as validation.csv.
    """
    epochs = np.array(validation.numbers("epoch"))
    last = epochs > epochs.max() * (1 - LATE)
    if np.count_nonzero(last) < 3:
        return {name: float("nan") for name in validation if name != "epoch"}
    away = epochs[last] - epochs[last].mean()
    return {
        name: float(TEN_EPOCHS * (away @ np.array(validation.numbers(name))[last]) / (away @ away))
        for name in validation
        if name != "epoch"
    }


def _save(folder: RunFolder, name: str, values: Mapping[str, float]) -> None:
    Columns({"image": list(values), name: list(values.values())}).save(measure_path(folder, name))
