"""The recipes that travel with the package, as the files they are, and what a recipe takes from the one that it extends."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from salquest.errors import UnknownName


def packaged_recipes() -> Mapping[str, str]:
    """Name -> TOML text, in order of the names."""
    folder = resources.files("salquest") / "recipes"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in files}


def with_base(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A recipe's values with those of the packaged recipe that it extends where it is silent; `training` is merged key by key.

    Args:
        values: as TOML has them.
        where: the recipe's name or file, for messages.

    Raises:
        UnknownName: no packaged recipe has the name that it extends.
    """
    if not values.get("extends"):
        return dict(values)
    packaged, name = packaged_recipes(), str(values["extends"])
    if name not in packaged:
        raise UnknownName(f"packaged recipe ({where} extends it)", name, packaged)
    base = with_base(tomllib.loads(packaged[name]), name)
    training = values.get("training", {})
    if isinstance(training, Mapping):  # what else it may be is told where the recipe is typed
        training = {**base.get("training", {}), **training}
    return {**base, **values, "training": training}
