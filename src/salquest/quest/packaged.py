"""The recipes that travel with the package, as the files they are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources


def packaged_recipes() -> Mapping[str, str]:
    """Name -> TOML text, in order of the names."""
    folder = resources.files("salquest") / "recipes"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in files}
