"""How the tests of this room call a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from salquest.cli import main


def call(*words: str | Path) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    code = left.value.code
    return code if isinstance(code, int) else 0 if code is None else 1
