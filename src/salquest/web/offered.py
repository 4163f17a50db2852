"""The models that the demo offers: those of the catalogue, and the trained networks that were named; each is loaded when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from salquest.applications.predictions import model_names
from salquest.errors import InputError, MissingExtra, UnknownName
from salquest.models import MODELS, Model, load_model
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.fingerprint import fingerprint
from salquest.runs import RunFolder


@dataclass(frozen=True)
class OfferedModel:
    """A model as the page lists it.

    Attributes:
        name, title, source: for people; the name is its key too.
        family: "deep", "classical", "baseline", or "named" for what the server's owner named.
        load: makes it.
    """

    name: str
    title: str
    source: str
    family: str
    load: Callable[[], Model]


def offered_models(named: Sequence[str | Path] = (), *, device: str = "cpu") -> list[OfferedModel]:
    """What can predict: the named ones first, then the catalogue without the networks that have to be trained.

    Args:
        named: whatever `load_model` takes; one of the catalogue changes nothing.
        device: where named networks run.

    Raises:
        UnknownName, DataNotFound, BrokenFile: no model, or one without weights. InputError: one named twice, or as one of the catalogue.
    """
    catalogue = [
        OfferedModel(name, card.title, card.source, card.family, partial(load_model, name))
        for name, card in MODELS.items()
        if card.build is not None
    ]
    known = {model.name for model in catalogue}
    words = [word for word in named if str(word) not in known]
    ours = []
    for word, name in zip(words, model_names(words) if words else [], strict=True):
        fingerprint(word)  # says what is wrong with it before the server starts
        if name in known:
            raise InputError(f"{word} would be called {name}, as a model of the catalogue; rename its folder")
        ours.append(OfferedModel(name, _title(word), "-", "named", partial(load_model, word, device=device)))
    return ours + catalogue


class LoadedModels:
    """Models by name, each loaded once and kept; to be used by one thread."""

    def __init__(self, offered: Sequence[OfferedModel]) -> None:
        self.offered = {model.name: model for model in offered}
        self._loaded: dict[str, Model] = {}

    def check(self, name: str) -> None:
        """Refuse a name that is not offered, with the nearest ones (UnknownName)."""
        if name not in self.offered:
            raise UnknownName("model", name, self.offered)

    def model(self, name: str) -> Model:
        """The model of that name, which must be offered.

        Raises:
            MissingExtra: it runs by torch, which is not installed. Whatever `load_model` raises.
        """
        if name not in self._loaded:
            try:
                self._loaded[name] = self.offered[name].load()
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] != "torch":
                    raise
                raise MissingExtra(f"the model {name}", "train") from error
        return self._loaded[name]


def _title(word: str | Path) -> str:
    path = Path(word).expanduser()
    if CheckpointFolder(path).exists():
        card = CheckpointFolder(path).read()
        return card.title or _trained(card.plan.get("loss"))
    if RunFolder(path).exists():
        return _trained(RunFolder(path).read().plan.get("loss"))
    return "a trained network"


def _trained(loss: object) -> str:
    return f"a network trained under {loss}" if loss else "a trained network"
