"""Markdown as both readers take it: text escaped for prose and for cells, tables, headings, anchors, and what lies outside of code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", flags=re.DOTALL)
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_HEADING = re.compile(r"^(#{1,6}) +(.*?) *#*$")
_LIST = re.compile(r"^\s*([-*+]|\d+\.) ")


def prose(text: str) -> str:
    """Plain text with code in backticks, so that no star, bracket or angle of it is taken for markup."""
    return _outside_code(text, lambda plain: re.sub(r"([*\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", plain.replace("<", "&lt;")))


def cell(text: str) -> str:
    """The same on one line, for a table."""
    return prose(" ".join(text.split())).replace("|", r"\|")


def code(text: str) -> str:
    """A table's cell of code; empty for nothing."""
    return f"`{text}`".replace("|", r"\|") if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fenced(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def title_of(page: str) -> str:
    """The text of the first heading, without its marks."""
    for line in without_fences(page).splitlines():
        if found := _HEADING.match(line):
            return re.sub(r"[`*]", "", found[2])
    return ""


def without_fences(page: str) -> str:
    """The page with the lines of its code blocks emptied; line numbers stay."""
    return "\n".join("" if inside else line for line, inside in _lines(page))


def without_code(page: str) -> str:
    """The page without code blocks and code spans."""
    return _CODE.sub("", without_fences(page))


def map_lines(page: str, change: Callable[[str], str]) -> str:
    """The page with every line outside of code blocks changed."""
    return "\n".join(line if inside else change(line) for line, inside in _lines(page))


def blank_before_lists(page: str) -> str:
    """A list that follows its sentence at once gets a blank line before it: code hosts do without, the site's Markdown does not."""
    kept: list[str] = []
    for line, inside in _lines(page):
        before = kept[-1] if kept else ""
        starts = not inside and _LIST.match(line) and before.strip() and not _LIST.match(before) and not before.startswith((" ", "|", "#"))
        kept += ["", line] if starts else [line]
    return "\n".join(kept)


def anchors(page: str) -> set[str]:
    """What `#...` may name on a page: headings as code hosts and the site's Markdown both spell them."""
    found: set[str] = set()
    seen: dict[str, int] = {}
    for line in without_fences(page).splitlines():
        if heading := _HEADING.match(line):
            text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[2]).replace("`", "").replace("\\", "")
            there, here = _host_anchor(text), _site_anchor(text)
            number = seen[there] = seen.get(there, -1) + 1
            if there == here and not number:
                found.add(there)
    return found


def _host_anchor(text: str) -> str:
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _site_anchor(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for span in _CODE.finditer(text):
        parts += [change(text[end : span.start()]), span[0]]
        end = span.end()
    return "".join([*parts, change(text[end:])])


def _lines(page: str) -> Iterable[tuple[str, bool]]:
    """Each line, and whether it belongs to a code block, fences included."""
    fence = ""
    for line in page.splitlines():
        mark = _FENCE.match(line)
        if fence:
            yield line, True
            if mark and line.strip() == mark[1] and mark[1].startswith(fence):
                fence = ""
        else:
            fence = mark[1] if mark else ""
            yield line, bool(mark)
