"""Every error and warning that salquest raises on purpose, drawn as a tree.

    SalquestError                the request or its inputs are wrong; the command line prints it as one sentence and exits with 2
    ├── InputError               a value, shape, type or sign that cannot be meant                          (also a ValueError)
    ├── UnknownName              no catalogue entry of that name; the nearest ones are offered              (also a KeyError)
    ├── DataNotFound             a file or folder that should be there is not                               (also a FileNotFoundError)
    ├── BrokenFile               a file is there and cannot be read as what it should be
    ├── Refused                  doing it would overwrite or mix up finished work, or the disk does not take it
    ├── MissingExtra             an optional part of the installation is needed                             (also an ImportError)
    └── TrainingFailed           a run that stopped being a run: NaN, or a map without contrast

    SalquestWarning
    └── ConstantMapWarning       a map without spread was scored at chance

Messages say what was looked for, what was found, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SalquestError(Exception):
    """Something that the caller can mend; its text is one clear sentence."""


class InputError(SalquestError, ValueError):
    """A value, shape, type or sign that cannot be meant."""


class UnknownName(SalquestError, KeyError):
    """A name that stands in no catalogue."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        super().__init__(f"no {kind} is called {name!r}{nearest(name, self.known)}; there are: {', '.join(self.known) or 'none'}")

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class DataNotFound(SalquestError, FileNotFoundError):
    """A file or folder that should be there is not."""


class BrokenFile(SalquestError):
    """A file that cannot be read as what it should be."""


class Refused(SalquestError):
    """Doing it would overwrite or mix up finished work, or the disk does not take it."""


class MissingExtra(SalquestError, ImportError):
    """An optional dependency is needed; `extra` names the part of salquest that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs a part of salquest that is not installed; install it with: pip install 'salquest[{extra}]'")


class TrainingFailed(SalquestError):
    """A run that stopped being a run: a loss that is no number, or a map without contrast."""


class SalquestWarning(UserWarning):
    """Something that changes how a result should be read."""


class ConstantMapWarning(SalquestWarning):
    """A map without spread was scored at chance."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest known name, or nothing when none is close."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
