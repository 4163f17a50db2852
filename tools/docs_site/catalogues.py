"""A page per catalogue, written from its cards and the docstrings behind them; nothing about an entry is said here."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from docs_site.docstrings import as_markdown
from docs_site.markdown import cell, code, fenced, prose, table
from docs_site.signatures import signature_block
from salquest.cli.listing import catalogue_entries

Pages = dict[str, str]


def catalogue_pages(docs: Path) -> Pages:
    """Path -> Markdown, in the order of the navigation.

    Args:
        docs: the folder of hand-written pages: a recipe whose results stand there links them.
    """
    return {
        "catalogues/models.md": _models(docs),
        "catalogues/losses.md": _losses(),
        "catalogues/metrics.md": _metrics(),
        "catalogues/encoders.md": _encoders(),
        "catalogues/decoders.md": _decoders(),
        "catalogues/datasets.md": _datasets(),
        "catalogues/recipes.md": _recipes(docs),
        "catalogues/displays.md": _displays(),
    }


def catalogue_sizes() -> Mapping[str, tuple[str, int]]:
    """Page -> what it lists and how many there are, for the front page."""
    counted = {
        "models": ("models", len(catalogue_entries("models"))),
        "losses": ("losses", len(_of("losses", "LOSSES"))),
        "metrics": ("metrics", len(catalogue_entries("metrics"))),
        "encoders": ("encoders", len(catalogue_entries("encoders"))),
        "decoders": ("decoders", len(_of("decoders", "DECODERS"))),
        "datasets": ("data sets", len(catalogue_entries("datasets"))),
        "recipes": ("recipes", len(catalogue_entries("recipes"))),
        "displays": ("families of search displays", len(_of("displays", "FAMILIES"))),
    }
    return {f"catalogues/{page}.md": found for page, found in counted.items()}


def _of(room: str, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(import_module(f"salquest.{room}"), name)
    return found


def _page(title: str, lead: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", lead, *(part for part in parts if part)]) + "\n"


def _listed(entries: Iterable[Mapping[str, str]], *, without: Iterable[str] = (), linked: bool = False) -> str:
    """The rows of `salquest list` as a table whose names are code.

    Args:
        entries: the rows.
        without: columns that are told elsewhere on the page.
        linked: each name leads to the heading of that name.
    """
    rows = [{head: text for head, text in entry.items() if head not in without} for entry in entries]
    heads = list(rows[0]) if rows else ["name"]

    def shown(head: str, text: str) -> str:
        if head != "name":
            return cell(text)
        return f"[{code(text)}](#{text})" if linked else code(text)

    return table(heads, [[shown(head, row[head]) for head in heads] for row in rows])


def _from(kind: str, more: str = "") -> str:
    return f"Made from the package: `salquest list {kind}` prints this table, `--json` makes it data.{f' {more}' if more else ''}"


def _models(docs: Path) -> str:
    cards, entries = _of("models", "MODELS"), catalogue_entries("models")
    heads = {
        "deep": ("Networks", "Those that ship are ready; others are trained first: `salquest train --network NAME`."),
        "classical": ("Classical models", "No torch, no training: they run out of the box."),
        "baseline": (
            "Baselines",
            "Maps that do not look at the picture. A model that is no better than the centre bias has learned nothing.",
        ),
    }
    parts = []
    for family, (title, lead) in heads.items():
        chosen = [entries[name] for name, card in cards.items() if card.family == family]
        parts.append(f"## {title}\n\n{lead}\n\n{_listed(chosen)}")
    written = [f"[{name}](../models/{name}.md)" for name in cards if (docs / "models" / f"{name}.md").exists()]
    shipped = f"The cards of those that ship: {', '.join(written)}." if written else ""
    return _page("Models", _from("models", "A name goes behind `--model`, or into `load_model`."), shipped, *parts, _networks())


def _networks() -> str:
    networks = import_module("salquest.models.deep.network").NETWORKS
    rows = [
        [code(name), cell(card.title), code(card.decoder), code(card.encoder) + (", dilated" if card.dilated else ""), cell(card.source)]
        for name, card in networks.items()
    ]
    head = ["name", "what", "decoder", "encoder by default", "source"]
    return f"## What the networks are made of\n\nAny [encoder](encoders.md) fits, and `timm:NAME`.\n\n{table(head, rows)}"


def _losses() -> str:
    cards, presets = _of("losses", "LOSSES"), _of("losses", "PRESETS")
    entries = catalogue_entries("losses")
    families = [
        f"## {family.capitalize()}\n\n"
        + _listed((entries[name] for name, card in cards.items() if card.family == family), without=("family", "range"), linked=True)
        for family in dict.fromkeys(card.family for card in cards.values())
    ]
    details = [f"### {name}\n\n{_called(name, card.compute)}\n\nRange: {prose(card.range)}." for name, card in cards.items()]
    sums = [
        [code(name), code(preset.expression), preset.activation, cell(f"{preset.source}: {preset.title}"), cell(preset.note)]
        for name, preset in presets.items()
    ]
    return _page(
        "Losses",
        _from(
            "losses", "How sums are written, what is meant where papers are unclear, and how to add your own: [the losses](../losses.md)."
        ),
        *families,
        "## Presets\n\nNames of sums, as a paper or a released code has them.",
        table(["name", "sum", "activation", "source", "note"], sums),
        "## One by one",
        *details,
    )


def _called(name: str, function: Callable[..., Any]) -> str:
    """How a loss stands in a sum, and its docstring."""
    options = [
        f"{parameter.name.removesuffix('_')}={_toml(parameter.default)}"
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    ]
    called = f"{name}({', '.join(options)})" if options else name
    return f"{fenced(called, 'text')}\n\n{as_markdown(function.__doc__)}"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _metrics() -> str:
    cards, conventions = _of("metrics", "METRICS"), _of("metrics", "CONVENTIONS")
    details = [
        f"### {name}\n\n{signature_block(card.function.__name__, card.function)}\n\n{as_markdown(card.function.__doc__)}"
        for name, card in cards.items()
    ]
    whose = [[code(name), cell(convention.title)] for name, convention in conventions.items()]
    return _page(
        "Metrics",
        _from("metrics", "Formulas, and a line-by-line replacement for other programs: [the metrics](../metrics.md)."),
        _listed(catalogue_entries("metrics").values(), linked=True),
        "## Conventions\n\nWhose definition a score follows: `salquest score --convention NAME`.",
        table(["name", "what"], whose),
        "## One by one",
        *details,
    )


def _encoders() -> str:
    cards = _of("encoders", "ENCODERS")
    details = []
    for name, card in cards.items():
        taps = [[code(tap.name), str(tap.channels), str(tap.stride), "yes" if tap.name in card.default_taps else ""] for tap in card.taps]
        weights = [
            [code(key), cell(one.origin), f"{one.size_mb:g} MB", cell(one.licence), code(one.sha256[:16])]
            for key, one in card.weights.items()
        ]
        dilated = f"There is a dilated form, read at {', '.join(map(code, card.dilated.default_taps))}." if card.dilated else ""
        parts = [
            f"## {name}",
            f"{prose(card.source)}; code: {prose(card.licence)}. {dilated}".strip(),
            table(["tap", "channels", "stride", "by default"], taps),
            table(["weights", "where from", "size", "licence", "SHA-256"], weights),
        ]
        details.append("\n\n".join(parts))
    lead = _from("encoders", "An encoder turns a picture into features at named taps; `timm:NAME` takes any other backbone of timm.")
    return _page("Encoders", lead, _listed(catalogue_entries("encoders").values(), without=("taps", "weights"), linked=True), *details)


def _decoders() -> str:
    rows = [
        [
            code(name),
            cell(card.summary),
            cell("; ".join(f"{count:,} on {' + '.join(map(str, channels))} channels" for channels, count in card.parameters.items())),
            cell(card.grid + (f", {card.finer} times as fine" if card.finer > 1 else "")),
            cell(card.source),
        ]
        for name, card in _of("decoders", "DECODERS").items()
    ]
    lead = "Made from the package. A decoder turns the taps of an [encoder](encoders.md) into one map; a [network](models.md) is the two together."
    return _page("Decoders", lead, table(["name", "what", "trained parameters", "grid of the map", "source"], rows))


def _datasets() -> str:
    details = [
        f"## {name}\n\n{prose(card.title)}.\n\n"
        + table(
            ["", ""],
            [
                ["read from", cell("; ".join(card.layouts)) + (", inside the package" if card.embedded else "")],
                ["first fixation", "dropped: it was forced to the middle" if card.drop_first else "kept"],
                ["licence", cell(card.licence)],
                ["source", cell(card.source)],
                ["cite", cell(card.citation)],
            ],
        )
        for name, card in _of("datasets", "DATASETS").items()
    ]
    lead = _from(
        "datasets",
        "A set goes behind `--data` as NAME=PATH. Others are read from folders of the generic layout; `salquest data import` makes one.",
    )
    return _page("Data sets", lead, _listed(catalogue_entries("datasets").values(), without=("licence", "source"), linked=True), *details)


def _recipes(docs: Path) -> str:
    packaged = import_module("salquest.quest.packaged")
    details = []
    for name, text in packaged.packaged_recipes().items():
        values = packaged.with_base(tomllib.loads(text), name)
        head = [line.removeprefix("#").removeprefix(" ") for line in _comment(text)]
        results = f"Results: [{name}](../results/{name}.md)." if (docs / "results" / f"{name}.md").exists() else ""
        parts = [f"## {name}", f"**{prose(values['title'])}**", prose(values.get("about", "")), results, _told(head), _file(text)]
        details.append("\n\n".join(part for part in parts if part))
    lead = _from("recipes", "`salquest quest NAME` carries one out; the path of your own file does as well.")
    return _page("Recipes", lead, _listed(catalogue_entries("recipes").values(), linked=True), *details)


def _comment(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[: next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))]


def _told(lines: list[str]) -> str:
    """What the comment on top of a recipe says: sentences as sentences, the commands in it as a block."""
    parts: list[str] = []
    for line in lines:
        if line.startswith("  "):
            parts.append(fenced(line, "console").replace("\n", "\n$ ", 1))
        elif parts and not parts[-1].startswith("```"):
            parts[-1] += " " + prose(line)
        else:
            parts.append(prose(line))
    return "\n\n".join(parts)


def _file(text: str) -> str:
    below = "\n".join(text.splitlines()[len(_comment(text)) :])
    return f"<details markdown>\n<summary>The file</summary>\n\n{fenced(below, 'toml')}\n\n</details>"


def _displays() -> str:
    families = _of("displays", "FAMILIES")
    parts = []
    for dimension in dict.fromkeys(card.dimension for card in families.values()):
        rows = [
            [code(name), cell(card.title), " ".join(f"{level:g}" for level in card.levels), cell(card.unit), card.easier]
            for name, card in families.items()
            if card.dimension == dimension
        ]
        parts.append(f"## {dimension.capitalize()}\n\n{table(['name', 'what', 'levels', 'unit', 'easier'], rows)}")
    lead = (
        "Made from the package: `salquest displays families` prints these, `salquest displays make` draws them, the same bytes from the same seed. "
        "Easier: whether a greater level makes the target stand out more to people (up) or less (down)."
    )
    return _page("Search displays", lead, *parts)
