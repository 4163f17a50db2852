"""Words of the command line that several commands share."""

from __future__ import annotations

import os

from salquest.datasets import DataSet, load_dataset
from salquest.errors import InputError


def data_set(spec: str) -> DataSet:
    """NAME or NAME=PATH as a data set."""
    name, path = split_spec(spec)
    return load_dataset(name, path)


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
