"""How a name is called: its signature as somebody would write it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from docs_site.markdown import fenced


def signature_block(name: str, value: Any) -> str:
    """How a function or class is called, as a block of code; nothing where that cannot be known."""
    try:
        return fenced(call(name, value), "python")
    except ValueError:  # made by an extension, without one
        return ""


def call(name: str, value: Any) -> str:
    """A call as it would be written, one argument a line where it is long."""
    signature = inspect.signature(value)
    given = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    shown = plain(signature.replace(parameters=given))
    if len(name) + len(shown) <= 100:
        return f"{name}{shown}"
    lines, star = [], False
    for one in given:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not star:
            lines.append("*,")
            star = True
        star = star or one.kind is inspect.Parameter.VAR_POSITIONAL
        lines.append(f"{plain(one)},")
    back = "" if signature.return_annotation is inspect.Signature.empty else f" -> {plain(_annotation(signature))}"
    return "\n".join([f"{name}(", *(f"    {line}" for line in lines), f"){back}"])


def _annotation(signature: inspect.Signature) -> str:
    return inspect.formatannotation(signature.return_annotation)


def plain(value: object) -> str:
    """A value or an annotation as source text, without quoted annotations, module paths and addresses in memory."""
    text = re.sub(r"<(?:function|class|factory)[^>]*>", "...", str(value))
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
    return re.sub(r"\b(?:salquest|collections|typing|pathlib|numpy|torch)(?:\.[a-z_]+)*\.(?=[A-Z])", "", text)
