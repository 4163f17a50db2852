"""The folder that a run leaves behind: where each thing lies in it, and the record (run.json) that says what was done.

run.json              plan, its identity, versions, split, status, best epoch, scores
weights.safetensors   the best epoch's weights
state/                what resuming needs
log.csv               one row per epoch
validation.csv        one row per epoch, one column per validation picture: its CC
gradients.csv         per epoch and term of a sum: how strongly it pulls, and in which direction
scores.csv            one row per scored picture
figures/
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from salquest.errors import BrokenFile, DataNotFound
from salquest.runs.atomic import write_json

SCHEMA = 1
Status = Literal["running", "finished", "collapsed", "failed"]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What run.json says.

    Attributes:
        plan: everything that decides the numbers, as plain values; `identity` is its hash.
        status: "running" until the last epoch is done; "collapsed" is finished, but no better than the centre bias; "failed" has a `reason`.
        split: the keys of the pictures in each part, and where the division comes from.
        divisors: what terms of the loss (or "all" of it) were divided by, measured before the first step.
        scores: metric -> mean over the scored pictures; of several data sets the mean of theirs.
        scores_by_set: set -> metric -> mean over its scored pictures, where there are several.
        trained_on: the training part as `name` of its data set and `pictures`, key -> perceptual hash (datasets.duplicates), so that a
            network can tell which test pictures it has seen. Empty in the records of older versions.
    """

    plan: Mapping[str, Any]
    identity: str
    status: Status = "running"
    reason: str = ""
    schema: int = SCHEMA
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    device: str = ""
    best_epoch: int | None = None
    epochs_done: int = 0
    seconds: float = 0.0
    network: Mapping[str, Any] = field(default_factory=dict)
    divisors: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    scores_by_set: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    root: Path

    @property
    def record_path(self) -> Path:
        """run.json."""
        return self.root / "run.json"

    @property
    def weights(self) -> Path:
        """weights.safetensors: the best epoch's."""
        return self.root / "weights.safetensors"

    @property
    def state(self) -> Path:
        """The folder of what resuming needs."""
        return self.root / "state"

    @property
    def log(self) -> Path:
        """log.csv: one row per epoch."""
        return self.root / "log.csv"

    @property
    def validation(self) -> Path:
        """validation.csv: one row per epoch, one column per validation picture."""
        return self.root / "validation.csv"

    @property
    def gradients(self) -> Path:
        """gradients.csv: one row per epoch and term of a sum."""
        return self.root / "gradients.csv"

    @property
    def scores(self) -> Path:
        """scores.csv: one row per scored picture."""
        return self.root / "scores.csv"

    @property
    def figures(self) -> Path:
        """The folder of pictures."""
        return self.root / "figures"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.record_path.is_file()

    def write(self, record: RunRecord) -> None:
        """Write run.json, whole or not at all."""
        write_json(self.record_path, asdict(record))

    def read(self) -> RunRecord:
        """Read run.json.

        Raises:
            DataNotFound: no run here. BrokenFile: not a record, or one of a newer salquest.
        """
        if not self.record_path.is_file():
            raise DataNotFound(f"{self.root} is no run folder: it has no run.json; a run folder is what `salquest train --out` writes")
        try:
            content = json.loads(self.record_path.read_text(encoding="utf-8"))
            if content["schema"] > SCHEMA:
                raise BrokenFile(
                    f"{self.record_path} has schema {content['schema']}; this salquest reads up to {SCHEMA}: install a newer one"
                )
            known = {f.name for f in fields(RunRecord)}
            return RunRecord(**{name: value for name, value in content.items() if name in known})
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise BrokenFile(f"{self.record_path} is not a run's record: {error}") from error


def identity(plan: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that name a plan: SHA-256 of its canonical JSON."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, the platform and the named installed packages; those not installed are left out."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
