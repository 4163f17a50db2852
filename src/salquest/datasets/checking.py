"""Looking a data set through before it is used: everything is decoded once, and what is wrong is counted and named."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

from salquest.datasets.dataset import DataSet, Problem
from salquest.errors import SalquestError


@dataclass(frozen=True)
class CheckReport:
    """What was found in a data set.

    Attributes:
        name, pictures, observers, fixations: what can be used.
        sizes: (height, width) -> number of pictures of that size.
        problems: everything strange, with the rule that was applied.
    """

    name: str
    pictures: int
    observers: int
    fixations: int
    scanpaths: int
    maps: int
    sizes: dict[tuple[int, int], int]
    pixels_per_degree: float | None
    first_fixation: str
    parts: dict[str, int]
    edition: str
    problems: tuple[Problem, ...]

    @property
    def is_usable(self) -> bool:
        """Whether at least one picture has gaze and no file is broken."""
        return self.pictures > 0 and not any(problem.kind.startswith("broken") for problem in self.problems)

    def to_json(self) -> str:
        """The report as one JSON document."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        content["sizes"] = [{"height": size[0], "width": size[1], "pictures": count} for size, count in self.sizes.items()]
        content["problems"] = [asdict(problem) for problem in self.problems]
        return json.dumps({**content, "usable": self.is_usable}, indent=1, ensure_ascii=False)

    def lines(self) -> list[str]:
        """The report in words, one statement a line."""
        few = sorted(self.sizes, key=lambda size: -self.sizes[size])
        sizes = (
            f"{few[0][1]} x {few[0][0]} px"
            if len(few) == 1
            else f"{len(few)} sizes, most often {few[0][1]} x {few[0][0]} px"
            if few
            else "-"
        )
        degree = f"{self.pixels_per_degree:g} pixels per degree" if self.pixels_per_degree else "pixels per degree not stated"
        said = [
            f"{self.name}: {self.pictures} pictures ({sizes}), {self.observers} observers, {self.fixations} fixations in {self.scanpaths} scan paths"
            + (f", {self.maps} maps" if self.maps else ""),
            f"  {degree}; first fixation {self.first_fixation}; edition {self.edition}",
        ]
        if self.parts:
            said.append("  parts: " + ", ".join(f"{part} {count}" for part, count in self.parts.items()))
        grouped: dict[tuple[str, str], list[Problem]] = defaultdict(list)
        for problem in self.problems:
            grouped[problem.kind, problem.done].append(problem)
        for (kind, done), entries in grouped.items():
            names = ", ".join(entry.key for entry in entries[:5]) + (f" and {len(entries) - 5} more" if len(entries) > 5 else "")
            said.append(f"  {kind}: {sum(entry.count for entry in entries)} ({done}): {names}")
        if not self.problems:
            said.append("  nothing strange found")
        return said


def check_dataset(data: DataSet, *, progress: Callable[[int], None] = lambda done: None) -> CheckReport:
    """Decode every picture, map and label once, and report.

    Args:
        data: as read.
        progress: called with the number of pictures looked through.
    """
    problems = list(data.problems)
    fixations = scanpaths = maps = 0
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for done, sample in enumerate(data, start=1):
        key = sample.stimulus.key
        looks: dict[str, Callable[[], object]] = {"broken picture": sample.stimulus.pixels}
        if sample.map_path is not None:
            looks["broken map"] = sample.distributed_map
        if sample.regions is not None:
            looks["broken labels"] = sample.regions.labels
        for what, look in looks.items():
            try:
                look()
            except (SalquestError, OSError) as error:
                problems.append(Problem(f"{what} ({error})", key, "using it will be refused"))
        if sample.fixations is not None:
            fixations += len(sample.fixations)
            scanpaths += len(sample.fixations.observers)
        maps += sample.map_path is not None
        sizes[sample.stimulus.size] += 1
        progress(done)
    there = set(data.keys)
    for part, keys in data.parts.items():
        lost = [key for key in keys if key not in there]
        problems += [Problem(f"picture that part {part} names is not there", key, "ignored") for key in lost]
    return CheckReport(
        name=data.name,
        pictures=len(data),
        observers=data.observers,
        fixations=fixations,
        scanpaths=scanpaths,
        maps=maps,
        sizes=dict(sizes),
        pixels_per_degree=data.pixels_per_degree,
        first_fixation=data.first_fixation,
        parts={part: len(keys) for part, keys in data.parts.items()},
        edition=data.edition(),
        problems=tuple(problems),
    )
