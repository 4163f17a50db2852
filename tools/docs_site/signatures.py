"""How a name is called: its signature as somebody would write it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from docs_site.markdown import fenced

LONGEST = 100  # characters of a call on one line


def signature_block(name: str, value: Any) -> str:
    """How a function or class is called, as a block of code; nothing where that cannot be known."""
    try:
        return fenced(call(name, value), "python")
    except ValueError:  # made by an extension, without one
        return ""


def call(name: str, value: Any) -> str:
    """A call as it would be written, one argument a line where it is long."""
    signature = inspect.signature(value)
    given = [_unquoted(one) for one in signature.parameters.values() if one.name not in ("self", "cls")]
    returned = _Source(signature.return_annotation) if isinstance(signature.return_annotation, str) else signature.return_annotation
    shown = plain(signature.replace(parameters=given, return_annotation=returned))
    if len(name) + len(shown) <= LONGEST:
        return f"{name}{shown}"
    lines, star = [], False
    for one in given:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not star:
            lines.append("*,")
            star = True
        star = star or one.kind is inspect.Parameter.VAR_POSITIONAL
        lines.append(f"{plain(one)},")
    back = "" if returned is inspect.Signature.empty else f" -> {plain(inspect.formatannotation(returned))}"
    return "\n".join([f"{name}(", *(f"    {line}" for line in lines), f"){back}"])


class _Source(str):
    """An annotation that is text, shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _unquoted(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=_Source(parameter.annotation)) if isinstance(parameter.annotation, str) else parameter


def plain(value: object) -> str:
    """A value or an annotation as source text, without module paths and addresses in memory."""
    text = re.sub(r"<(?:function|class|factory)[^>]*>", "...", str(value))
    return re.sub(r"\b(?:salquest|collections|typing|pathlib|numpy|torch)(?:\.[a-z_]+)*\.(?=[A-Z])", "", text)
