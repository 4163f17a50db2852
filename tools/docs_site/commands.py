"""The command reference: what `--help` says of every command, on one page."""

from __future__ import annotations

import re

from docs_site.markdown import map_lines
from salquest.cli.app import app

_TOC = re.compile(r"^## Table of Contents\n.*?(?=^\*\*Commands\*\*)", flags=re.DOTALL | re.MULTILINE)
_EMPTY_DEFAULT = re.compile(r" \*\[default: (?:\[\]|\"\"|'')\]\*")
_SWITCHED_OFF = re.compile(r" \*\[default: False\]\*")
# a pattern of file names between quotes, which is no emphasis
_STARS = re.compile(r"'[^'`]*\*[^'`]*'")


def command_page() -> str:
    """Markdown of all commands, from the parser that runs them."""
    text = app.generate_docs(output_format="markdown", usage_name="salquest")
    _, _, body = _TOC.sub("", text).partition("\n")
    lead = "Made from the commands' own `--help`. Everything that a command does, two lines of Python do: [Python](python/index.md)."
    ends = (
        "Exit status: 0, all done; 1, done but for some inputs, each named at the end; 2, the request itself is wrong, as one sentence on "
        "stderr says (`--debug` shows where it comes from). `--json` prints one document on stdout; progress and notes go to stderr."
    )
    return f"# Commands\n\n{lead} {ends}\n{map_lines(body, _tidy)}\n"


def _tidy(line: str) -> str:
    line = _SWITCHED_OFF.sub("", _EMPTY_DEFAULT.sub("", line))
    return _STARS.sub(lambda pattern: f"`{pattern[0].strip(chr(39))}`", line)
