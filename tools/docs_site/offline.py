"""A built site that fetches nothing: the one script that the generator takes from elsewhere is replaced, and no other may be there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

WORKER = Path(__file__).with_name("file_worker.js")
# what makes workers out of frames for pages that are opened from a disk
_SHIM = re.compile(r"https://unpkg\.com/iframe-worker/shim")
_TAG = re.compile(r"<(?:script|img|iframe|source|video|audio|link)\b[^>]*>")
_ADDRESS = re.compile(r"\b(?:src|href)=\"((?:https?:)?//[^\"]+)\"")
_NAMED_ONLY = re.compile(r"\brel=\"(?:canonical|prev|next|alternate)\"")


def keep_at_home(site: Path) -> None:
    """Have the site's search use our script instead of the one from elsewhere."""
    shutil.copyfile(WORKER, site / WORKER.name)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        up = "../" * (len(page.relative_to(site).parts) - 1)
        page.write_text(_SHIM.sub(f"{up or './'}{WORKER.name}", text), encoding="utf-8")


def fetched(site: Path) -> list[str]:
    """What pages of a site load from elsewhere, as sentences; links that a reader may follow are none."""
    told = []
    for page in sorted(site.rglob("*.html")):
        for tag in _TAG.findall(page.read_text(encoding="utf-8")):
            addresses = [] if _NAMED_ONLY.search(tag) else _ADDRESS.findall(tag)
            told += [f"{page.relative_to(site).as_posix()} would load {address}" for address in addresses]
    return told
