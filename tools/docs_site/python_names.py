"""The reference of public names: a page per room, every name of its `__all__` with signature and docstring."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import salquest
from docs_site.docstrings import as_markdown, first_sentence
from docs_site.markdown import code, fenced, prose, table
from docs_site.signatures import call, plain, signature_block

# what a reader asks of a room, in the order in which a picture goes through the house; rooms that are not here serve these
ROOMS = (
    "gaze",
    "datasets",
    "metrics",
    "models",
    "applications",
    "losses",
    "encoders",
    "decoders",
    "training",
    "evaluation",
    "quest",
    "displays",
    "dissection",
    "errors",
)


def python_pages() -> dict[str, str]:
    """Path -> Markdown: the front page with the names of `import salquest`, then the rooms."""
    rooms = {name: import_module(f"salquest.{name}") for name in ROOMS}
    return {"python/index.md": _front(rooms), **{f"python/{name}.md": _room(name, module) for name, module in rooms.items()}}


def public_names(module: ModuleType) -> list[str]:
    """The names that a room gives away: `__all__`, or of a single file what it defines itself."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [name for name, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__]


def _front(rooms: Mapping[str, ModuleType]) -> str:
    rows = []
    for name in salquest.__all__:
        value = getattr(salquest, name)
        if inspect.ismodule(value):
            rows.append([f"[`sq.{name}`]({name}.md)", prose(first_sentence(value.__doc__))])
            continue
        home = next((room for room, module in rooms.items() if name in public_names(module)), None)
        shown = f"[`sq.{name}`]({home}.md#{name.lower()})" if home else f"[`sq.{name}`](#{name.lower()})"
        rows.append([shown, prose(first_sentence(value.__doc__))])
    here = [name for name in salquest.__all__ if not any(name in public_names(module) for module in rooms.values())]
    own = [_entry(name, getattr(salquest, name)) for name in here if not inspect.ismodule(getattr(salquest, name))]
    listed = [[f"[`salquest.{name}`]({name}.md)", prose(first_sentence(module.__doc__))] for name, module in rooms.items()]
    lead = (
        "Made from the docstrings. Maps are (H, W), or (B, H, W); sizes are (height, width); x goes right and y down, from 0, pixel centres at "
        "whole numbers."
    )
    parts = ["# Python", lead, fenced("import salquest as sq", "python"), table(["name", "what"], rows)]
    return "\n\n".join([*parts, "## The rooms", table(["room", "what"], listed), *own]) + "\n"


def _room(name: str, module: ModuleType) -> str:
    entries = [_entry(public, getattr(module, public)) for public in sorted(public_names(module), key=str.lower)]
    return "\n\n".join([f"# salquest.{name}", as_markdown(module.__doc__), *entries]) + "\n"


def _entry(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return "\n\n".join([f"## {name}", *_class(name, value)])
    if inspect.isfunction(value):
        return "\n\n".join(part for part in (f"## {name}", signature_block(name, value), as_markdown(value.__doc__)) if part)
    if isinstance(value, Mapping):
        kind = type(next(iter(value.values()), None)).__name__
        return f"## {name}\n\nA mapping of {len(value)} names to {code(kind)}: {', '.join(map(code, value))}."
    return f"## {name}\n\n{fenced(f'{name} = {plain(value)}', 'python')}"


def _class(name: str, cls: type) -> list[str]:
    made = [] if getattr(cls, "_is_protocol", False) or issubclass(cls, BaseException) else [signature_block(name, cls)]
    parts = [*made, as_markdown(cls.__doc__)]
    for method, member in vars(cls).items():
        function = getattr(member, "__func__", member.fget if isinstance(member, property) else member)
        if method.startswith("_") or not inspect.isfunction(function) or not function.__doc__:
            continue
        shown = f"{name}.{method}" if isinstance(member, property) else call(f"{name}.{method}", function)
        parts += [fenced(shown, "python"), as_markdown(function.__doc__)]
    return [part for part in parts if part]
