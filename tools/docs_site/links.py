"""Where pages point to: every relative link and every anchor of a folder of Markdown, and those that lead nowhere."""

from __future__ import annotations

import re
from pathlib import Path

from docs_site.markdown import anchors, without_code

# [text](target), ![text](target), with an optional title behind the target
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(\s*<?([^()\s<>]+)>?(\s+\"[^\"]*\")?\s*\)")
_HTML = re.compile(r"<(?:a|img)\b[^>]*\b(?:href|src)=\"([^\"]+)\"")
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", flags=re.IGNORECASE)


def is_elsewhere(target: str) -> bool:
    """Whether a link leaves the documentation: an address, or a mail."""
    return bool(_ELSEWHERE.match(target)) or target.startswith("//")


def targets(page: str) -> list[str]:
    """What a page links, pictures included, in order; examples in code are none."""
    plain = without_code(page)
    return _linked(plain) + _HTML.findall(plain)


def _linked(text: str) -> list[str]:
    found = []
    for link in LINK.finditer(text):
        found += [link[2], *_linked(link[1].lstrip("!")[1:-1])]  # a picture may be what is clicked
    return found


def broken_links(pages: Path) -> list[str]:
    """Of all Markdown files below a folder, the relative links that name no file, or no heading of it, as sentences.

    Links may leave the folder as long as something is there, as pages in a repository do.
    """
    told = []
    for path in sorted(pages.rglob("*.md")):
        where = path.relative_to(pages).as_posix()
        inner = [target for target in targets(path.read_text(encoding="utf-8")) if not is_elsewhere(target)]
        told += [f"{where} links {target}: {problem}" for target in inner if (problem := _problem(path, target))]
    return told


def _problem(page: Path, target: str) -> str:
    name, _, anchor = target.partition("#")
    if name.startswith("/"):
        return "links start from the page that they stand on"
    found = page.parent / name if name else page
    if not found.exists():
        return "nothing is there"
    if anchor and found.suffix == ".md" and anchor not in anchors(found.read_text(encoding="utf-8")):
        return f"{found.name} has no heading of that name"
    return ""
