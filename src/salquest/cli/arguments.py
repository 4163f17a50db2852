"""Words of the command line that several commands share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from salquest.datasets import DataSet, load_dataset
from salquest.errors import InputError

# settings of a plan that hold settings of their own, and those that are lists even where one value is given
GROUPS, LISTS = ("decoder", "augment", "adversary"), ("taps", "scales", "teachers")


def data_set(spec: str) -> DataSet:
    """NAME or NAME=PATH as a data set."""
    name, path = split_spec(spec)
    return load_dataset(name, path)


def data_sets(specs: Sequence[str]) -> dict[str, DataSet]:
    """Several NAME or NAME=PATH as data sets by name; a name may stand once."""
    named = [split_spec(spec) for spec in specs]
    names = [name for name, _ in named]
    if len(set(names)) < len(names):
        raise InputError(f"every data set has a name of its own; found {', '.join(names)}")
    return {name: load_dataset(name, path) for name, path in named}


def split_spec(spec: str) -> tuple[str, str | None]:
    """NAME=PATH as (name, path); a name alone has no path."""
    name, sign, path = spec.partition("=")
    if not name or (sign and not path):
        raise InputError(f"a data set is given as NAME=PATH, or as NAME where it is embedded or below SALQUEST_DATA; found {spec!r}")
    if not sign and os.sep in name:
        raise InputError(f"a data set needs a name: NAME={spec}; salquest list datasets shows the names that are known")
    return name, path or None


def names(text: str) -> tuple[str, ...]:
    """Comma-separated names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def settings_of(words: list[str]) -> dict[str, Any]:
    """NAME=VALUE words as settings; decoder.NAME, augment.NAME and adversary.NAME go into the group of that name."""
    found: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            raise InputError(f"--set takes NAME=VALUE; found {word!r}")
        values = [_value(part) for part in text.split(",")]
        value = values[0] if len(values) == 1 and name not in LISTS else values
        group, dot, inner = name.partition(".")
        if dot and group in GROUPS:
            found.setdefault(group, {})[inner] = value
        else:
            found[name] = value
    return found


def _value(text: str) -> str | int | float | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
