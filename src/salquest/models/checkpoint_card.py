"""The card of a trained network: what it is, how it was made and what it reached. JSON beside its weights, or inside its ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, get_args

from salquest.errors import BrokenFile, InputError
from salquest.models.fitting import Fit
from salquest.runs import RunRecord

SCHEMA = 1
# sides of pictures and maps beyond this are no sizes of a network
LARGEST_SIDE = 8192
# of a card from outside; ours have about 100 kB, nearly all of it hashes of pictures
MAX_BYTES = 16 << 20
# what is text as it stands; the rest is JSON in an ONNX file's metadata
TEXT = ("name", "fit", "title", "source", "licence", "began_from", "family", "salquest")


@dataclass(frozen=True, kw_only=True)
class CheckpointCard:
    """What is known about a trained network.

    Attributes:
        name: as tables show it.
        size, map_size, fit: (height, width) of its pictures and of its maps, and how pictures are brought to it (`models.fitting`).
        network: the spec that it is rebuilt from (`models.deep.network.network_spec`).
        title, source, licence: for people; the licence is that of the weights.
        began_from: the weights that its encoder had before it was trained, and their licence.
        family: what it is compared as.
        salquest: the version that trained it.
        data: the data sets that it was trained on, with what is known of each.
        plan: everything that decided its numbers.
        scores, scores_by_set: metric -> mean over the test pictures; set -> the same, where there are several.
        scored: set -> how many test pictures those are means of.
        limits: what it should not be used for, one sentence each.
        pictures: key -> perceptual hash of the pictures that it has learnt from.
        schema: of this card.
    """

    name: str
    size: tuple[int, int]
    map_size: tuple[int, int]
    fit: Fit = "squash"
    network: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    source: str = "trained with salquest"
    licence: str = ""
    began_from: str = ""
    family: str = "deep"
    salquest: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    scores_by_set: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    scored: Mapping[str, int] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for word, given in (("size", self.size), ("map_size", self.map_size)):
            sides = tuple(given) if isinstance(given, (tuple, list)) else ()
            if len(sides) != 2 or not all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in sides):
                raise InputError(f"a network's {word} is a (height, width) of 1 to {LARGEST_SIDE} each; found {given!r}")
            object.__setattr__(self, word, sides)
        if self.fit not in get_args(Fit):
            raise InputError(f"a network's fit is one of {', '.join(get_args(Fit))}; found {self.fit!r}")
        for word in ("network", "data", "plan", "scores", "scores_by_set", "scored", "pictures"):
            if not isinstance(getattr(self, word), Mapping):
                raise InputError(f"a card's {word} is a mapping of names; found {_shown(getattr(self, word))}")
        for scores in (self.scores, *self.scores_by_set.values(), self.scored):
            if not isinstance(scores, Mapping) or not all(isinstance(score, (int, float)) for score in scores.values()):
                raise InputError(f"a card's scores are numbers by name; found {_shown(scores)}")
        if not all(isinstance(known, str) for known in self.pictures.values()):
            raise InputError("a card's pictures are hashes, as text, by name; found others")
        if not isinstance(self.data.get("sets", []), list) or not all(isinstance(one, Mapping) for one in self.sets):
            raise InputError(f"a card's data sets are a list of mappings; found {_shown(self.data['sets'])}")
        for word in TEXT:
            if not isinstance(getattr(self, word), str):
                raise InputError(f"a card's {word} is text; found {_shown(getattr(self, word))}")
        if not isinstance(self.limits, (tuple, list)) or not all(isinstance(sentence, str) for sentence in self.limits):
            raise InputError(f"a card's limits are sentences; found {_shown(self.limits)}")
        object.__setattr__(self, "limits", tuple(self.limits))

    @property
    def sets(self) -> list[Mapping[str, Any]]:
        """What is known of each data set that it was trained on: one, several, or none."""
        sets: list[Mapping[str, Any]] = self.data.get("sets", [self.data] if self.data else [])
        return sets

    @classmethod
    def of_run(cls, record: RunRecord, name: str) -> Self:
        """The card of a run's network.

        Args:
            record: of the run.
            name: of the network.

        Raises:
            BrokenFile: a record without a network, or with one that cannot be meant.
        """
        network = record.network
        if not network:
            raise BrokenFile(f"the record of {name} describes no network; it was not written to its end")
        try:
            return cls(
                name=name,
                size=network["size"],
                map_size=network["map_size"],
                fit=network.get("fit", "squash"),
                network=network,
                salquest=str(record.versions.get("salquest", "")),
                data=without_places(record.data),
                plan=without_places(record.plan),
                scores=record.scores,
                scores_by_set=record.scores_by_set,
                pictures=record.trained_on.get("pictures", {}),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BrokenFile(f"the record of {name} describes no network that can be rebuilt: {error}") from error

    def as_json(self) -> str:
        """The card as a JSON document."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, content: bytes, path: Path) -> Self:
        """Read a card.

        Args:
            content: of the file.
            path: of the file, for messages.

        Raises:
            BrokenFile: not a card, or one of a newer salquest.
        """
        try:
            return cls._from_plain(json.loads(content), path)
        except (ValueError, RecursionError) as error:  # no JSON, no text, or a number of more digits than Python reads
            raise BrokenFile(f"{path} is not the card of a network: {error}") from error

    def as_metadata(self) -> dict[str, str]:
        """The card as text by name, for the metadata of an ONNX file: what is no text is JSON."""
        return {name: value if name in TEXT else json.dumps(value) for name, value in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], path: Path) -> Self:
        """Read the card in an ONNX file's metadata.

        Raises:
            BrokenFile: no card, or one of a newer salquest.
        """
        try:
            plain = {name: value if name in TEXT else json.loads(value) for name, value in metadata.items()}
        except (ValueError, RecursionError) as error:
            raise BrokenFile(f"{path} has no card of salquest in its metadata: {error}") from error
        return cls._from_plain(plain, path)

    @classmethod
    def _from_plain(cls, plain: Any, path: Path) -> Self:
        known = {f.name for f in fields(cls)}
        try:
            if int(plain["schema"]) > SCHEMA:
                raise BrokenFile(f"{path} has a card of schema {plain['schema']}; this salquest reads up to {SCHEMA}: install a newer one")
            return cls(**{name: value for name, value in plain.items() if name in known})
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BrokenFile(f"{path} is not the card of a network: {error}") from error


def _shown(given: object) -> str:
    """What was found, as much of it as fits into a sentence."""
    text = repr(given)
    return text if len(text) <= 80 else f"{text[:80]}..."


def without_places(account: Mapping[str, Any]) -> dict[str, Any]:
    """A run's account of its data or plan without the folders of the machine that it was made on."""
    return {name: _placeless(value) for name, value in account.items() if name not in ("root", "roots")}


def _placeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_places(value)
    if isinstance(value, (list, tuple)):
        return [_placeless(one) for one in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
