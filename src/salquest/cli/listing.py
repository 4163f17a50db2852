"""`salquest list`: the catalogues, as a table or as JSON."""

from __future__ import annotations

import importlib
import json as js
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from salquest.cli.output import show
from salquest.errors import InputError

Kind = Literal["losses", "metrics", "models", "datasets", "encoders", "recipes"]
Entry = dict[str, str]


def list_entries(kind: Kind, *, losses: Path | None = None, json: Annotated[bool, Parameter(negative=())] = False) -> None:
    """What salquest knows by name.

    Args:
        kind: Which catalogue.
        losses: A Python file with losses of your own, listed with the packaged ones.
        json: Print one JSON document.
    """
    if losses is not None and kind != "losses":
        raise InputError(f"--losses adds a file's losses to the losses; {kind} have no use for it")
    print_cards(kind, as_json=json, losses=losses)


def print_cards(kind: str, *, as_json: bool, losses: Path | None = None) -> None:
    """Print a catalogue to stdout; of the losses, with those of a user's file."""
    entries = catalogue_entries(kind, losses=losses)
    if as_json:
        print(js.dumps(entries, indent=1, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for heading in next(iter(entries.values()), {"name": ""}):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")  # names are for copying
    for entry in entries.values():
        table.add_row(*entry.values())
    show(table)


def catalogue_entries(kind: str, *, losses: Path | None = None) -> dict[str, Entry]:
    """The rows of a catalogue by name, each from heading to cell; the command and the documentation print these."""
    return _losses(losses) if kind == "losses" else _ENTRIES[kind]()


def _catalogue(room: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(importlib.import_module(f"salquest.{room}"), name)
    return found


def _losses(own: Path | None = None) -> dict[str, Entry]:
    """The losses, those of a user's file among them, then the presets, each with the sum that it stands for."""
    known = _catalogue("losses", "LOSSES") if own is None else importlib.import_module("salquest.losses").own_losses(own)
    losses = {
        name: {
            "name": name,
            "what": card.title,
            "better": card.direction,
            "range": card.range,
            "takes": {"unit": "values in 0..1", "values": "values of any scale", "raw": "the raw map"}.get(
                card.prediction, card.prediction
            ),
            "against": ", ".join(_TARGETS.get(form, form) for form in (card.against, *card.also)),
            "family": card.family,
            "source": card.source,
        }
        for name, card in known.items()
    }
    presets = {
        name: {
            "name": name,
            "what": preset.expression,
            "better": "down",
            "range": "any",
            "takes": f"the raw map, by {preset.activation}",
            "against": "",
            "family": "preset",
            "source": f"{preset.source}: {preset.title}",
        }
        for name, preset in _catalogue("losses", "PRESETS").items()
    }
    return {**losses, **presets}


_TARGETS = {
    "counts": "fixations",
    "saliency": "density, max 1",
    "prior": "centre bias",
    "elsewhere": "fixations of other pictures",
    "teacher": "densities of other networks",
}


def _metrics() -> dict[str, Entry]:
    return {
        name: {
            "name": name,
            "what": card.title,
            "better": card.direction,
            "unit": card.unit,
            "range": f"{card.range[0]:g}..{card.range[1]:g}",
            "chance": _chance(card),
            "against": ", ".join(card.needs),
            "source": card.source,
        }
        for name, card in _catalogue("metrics", "METRICS").items()
    }


def _chance(card: Any) -> str:
    """What a map that knows nothing scores; where that depends on the number of fixated pixels, for a few and for many."""
    few, many = card.chance(5), card.chance(100)
    if few is None:
        return "depends on the data"
    return f"{few:g}" if few == many else f"{few:.3f} with 5 fixations, {many:.3f} with 100"


def _models() -> dict[str, Entry]:
    return {
        name: {
            "name": name,
            "what": card.title,
            "ready": "yes" if card.build else "train it first",
            "source": card.source,
            "licence": card.licence,
        }
        for name, card in _catalogue("models", "MODELS").items()
    }


def _datasets() -> dict[str, Entry]:
    return {
        name: {
            "name": name,
            "what": card.title,
            "embedded": "yes" if card.embedded else "",
            "first fixation": "dropped" if card.drop_first else "kept",
            "licence": card.licence,
            "source": card.source,
        }
        for name, card in _catalogue("datasets", "DATASETS").items()
    }


def _encoders() -> dict[str, Entry]:
    return {
        name: {
            "name": name,
            "taps": ", ".join(card.default_taps),
            "parameters": f"{card.parameters:,}",
            "weights": ", ".join(card.weights),
            "source": card.source,
        }
        for name, card in _catalogue("encoders", "ENCODERS").items()
    }


def _recipes() -> dict[str, Entry]:
    import tomllib

    packaged = importlib.import_module("salquest.quest.packaged")
    entries = {}
    for name, text in packaged.packaged_recipes().items():
        values = packaged.with_base(tomllib.loads(text), name)
        entries[name] = {"name": name, "what": values.get("title", ""), "data": values["data"], "runs": str(len(values["runs"]))}
    return entries


_ENTRIES: Mapping[str, Callable[[], dict[str, Entry]]] = {
    "metrics": _metrics,
    "models": _models,
    "datasets": _datasets,
    "encoders": _encoders,
    "recipes": _recipes,
}
