"""Google-style docstrings as Markdown: what stands before the sections, then arguments, returns and errors as lists."""

from __future__ import annotations

import inspect
import re
import textwrap

from docs_site.markdown import fenced, prose

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields|Examples?|Notes?):(?: +(.*))?$")
_ENTRY = re.compile(r"^([\w*.,\[\]() ]+?): (.*)$", flags=re.DOTALL)
_NAMED = {"Args": "Arguments", "Attributes": "Attributes", "Raises": "Raises"}


def as_markdown(docstring: str | None) -> str:
    """A docstring as Markdown, or nothing for none."""
    parts = []
    for name, body in _sections(inspect.cleandoc(docstring or "")):
        if not body.strip():
            continue
        if name in _NAMED:
            parts.append(f"**{_NAMED[name]}**\n\n{_entries(body)}")
        else:
            parts.append(f"**{name}**\n\n{_blocks(body)}" if name else _blocks(body))
    return "\n\n".join(parts)


def first_sentence(docstring: str | None) -> str:
    """What a docstring says first, on one line."""
    paragraph = inspect.cleandoc(docstring or "").split("\n\n")[0]
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(paragraph.split()))[0]


def _sections(text: str) -> list[tuple[str, str]]:
    """Name and body of each section; the first one has no name."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines():
        if head := _SECTION.match(line):
            found.append((head[1], [head[2] or ""]))
        elif found[-1][0] and line and not line.startswith(" "):
            found.append(("", [line]))  # prose goes on behind a section
        else:
            found[-1][1].append(line)
    return [(name, _unindented(lines)) for name, lines in found]


def _unindented(lines: list[str]) -> str:
    first, rest = lines[:1], lines[1:]
    return "\n".join([*first, textwrap.dedent("\n".join(rest))]).strip("\n")


def _entries(body: str) -> str:
    """A section of names as a list; lines further in belong to the name above them."""
    entries: list[str] = []
    for line in body.splitlines():
        if line.startswith(" ") and entries:
            entries[-1] += " " + line.strip()
        elif line.strip():
            # a sentence that was broken without further indentation belongs to the one above it
            entries += [line] if not entries or _ENTRY.match(line) else []
            if entries[-1] is not line:
                entries[-1] += " " + line.strip()
    return "\n".join(f"* {_entry(entry)}" for entry in entries)


def _entry(text: str) -> str:
    named = _ENTRY.match(text)
    return f"`{named[1]}`: {prose(named[2])}" if named else prose(text)


def _blocks(body: str) -> str:
    """Paragraphs, lists, indented blocks and Python sessions."""
    parts = []
    for block in re.split(r"\n\s*\n", body.strip("\n")):
        lines = block.splitlines()
        if lines[0].lstrip().startswith(">>>"):
            parts.append(fenced(textwrap.dedent(block), "pycon"))
        elif all(line.startswith("    ") for line in lines):
            parts.append(fenced(textwrap.dedent(block), "text"))
        elif re.match(r"[-*] ", lines[0]):
            parts.append("\n".join(line[:2] + prose(line[2:]) if re.match(r"[-*] ", line) else prose(line) for line in lines))
        else:
            parts.append(prose(block))
    return "\n\n".join(parts)
