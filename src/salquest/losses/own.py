"""A user's own losses: a Python file with a mapping `LOSSES` of cards, beside the packaged ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.losses.catalogue import LOSSES, LossCard


def own_losses(path: str | os.PathLike[str]) -> Mapping[str, LossCard]:
    """The packaged losses and those of a Python file.

    The file is executed, with all that it does: give only files that you would run. It defines, at its top level,

        LOSSES = {"name": LossCard(...), ...}

    Args:
        path: of the file.

    Raises:
        DataNotFound: no such file.
        BrokenFile: executing it raised an error.
        InputError: no mapping LOSSES, a value in it that is no LossCard, a name that no expression can hold, or one that is taken.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataNotFound(f"there is no file {file} with losses of your own; it is a Python file that defines LOSSES")
    own = getattr(_executed(file), "LOSSES", None)
    if not isinstance(own, Mapping):
        found = "nothing" if own is None else f"a {type(own).__name__}"
        raise InputError(f"{file} should define LOSSES = {{'name': LossCard(...)}} at its top level; found {found} of that name")
    for name, card in own.items():
        if not isinstance(name, str) or not (name.isascii() and name.isidentifier()) or name in ("ramp", "step"):
            raise InputError(f"{file}: a loss is called by letters, digits and underscores, and not ramp or step; found {name!r}")
        if not isinstance(card, LossCard):
            raise InputError(f"{file}: LOSSES[{name!r}] should be a salquest.losses.LossCard; found a {type(card).__name__}")
        if name in LOSSES and card is not LOSSES[name]:
            raise InputError(f"{file}: {name!r} is the name of a packaged loss; call yours something else")
    return {**LOSSES, **own}


def _executed(file: Path) -> ModuleType:
    module = ModuleType(f"salquest_own_losses_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # dataclasses and pickles look their module up there
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
    except Exception as error:  # whatever the user's code raises
        raise BrokenFile(f"{file} cannot be executed: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
    return module
