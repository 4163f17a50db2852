"""Where things lie that can be had again: one folder for downloads and computed features."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Where downloaded weights and features of frozen encoders lie: $SALQUEST_CACHE, or `salquest` in the platform's folder for caches."""
    chosen = os.environ.get("SALQUEST_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "salquest" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "salquest"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "salquest"
