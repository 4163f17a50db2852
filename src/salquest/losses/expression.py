"""Weighted sums of losses as people write them: `10*kld - 2*cc - nss`, read by a tokenizer, checked, and printed canonically.

    expression := ['+'|'-'] term (('+'|'-') term)*
    term       := [number '*'] name ['(' [key '=' value (',' key '=' value)*] ')']

A name stands for its natural value: kld is a distance (less is better), cc and nss are scores (more is better), so that a sum reads as in the
papers. A sign that fights a term's direction is refused, because the run would learn the opposite.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from salquest.errors import InputError, UnknownName, nearest
from salquest.losses.catalogue import LOSSES, LossCard

Argument = float | str | bool

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<name>[A-Za-z_]\w*)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>[-+*(),=]))"
)


@dataclass(frozen=True)
class Term:
    """One loss with its signed weight and the arguments that differ from its defaults."""

    name: str
    weight: float
    arguments: tuple[tuple[str, Argument], ...] = ()

    @property
    def label(self) -> str:
        """The term without its weight, as logs name it: `kld`, `kld(eps=1e-06)`."""
        inside = ", ".join(f"{key}={_written(value)}" for key, value in self.arguments)
        return f"{self.name}({inside})" if inside else self.name


@dataclass(frozen=True)
class Expression:
    """A weighted sum of losses. `str` prints it canonically; equal sums print alike and parse back equal."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        parts = []
        for position, term in enumerate(self.terms):
            sign = "-" if term.weight < 0 else "+"
            weight = abs(term.weight)
            body = term.label if weight == 1 else f"{_written(weight)}*{term.label}"
            parts.append((sign if sign == "-" else "") + body if position == 0 else f" {sign} {body}")
        return "".join(parts)


def parse(text: str, *, losses: Mapping[str, LossCard] = LOSSES) -> Expression:
    """Read a weighted sum of losses.

    The greatest weight comes first, terms of equal weight by name, so that the same sum written in any order names the same run.

    Args:
        text: for example "10*kld - 2*cc - nss".
        losses: the catalogue to read names from.

    Raises:
        InputError: a broken number, bracket or argument, a term that stands twice, a weight of 0, or a sign that fights the term's direction.
        UnknownName: a name that is not in the catalogue; the nearest one is offered.
    """
    terms = _Reader(text, losses).terms()
    seen: set[str] = set()
    for term in terms:
        if term.label in seen:
            raise InputError(f"{term.label} stands twice in {text!r}; add its weights up")
        seen.add(term.label)
    return Expression(tuple(sorted(terms, key=lambda term: (-abs(term.weight), term.label))))


class _Reader:
    def __init__(self, text: str, losses: Mapping[str, LossCard]) -> None:
        self.text, self.losses, self.position = text, losses, 0
        self.tokens = self._split()

    def terms(self) -> list[Term]:
        if not self.tokens:
            raise InputError("a loss is a weighted sum such as '10*kld - 2*cc - nss'; found nothing")
        terms = [self._term(self._sign(first=True))]
        while self.position < len(self.tokens):
            terms.append(self._term(self._sign(first=False)))
        return terms

    def _split(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        text = self.text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                rest = text[at:].lstrip()
                what = "number" if rest[:1].isdigit() or rest[:1] == "." else "sign"
                raise InputError(
                    f"{self.text!r} cannot be read at {rest[:12]!r}: no such {what} in a weighted sum like '10*kld - 2*cc - nss'"
                )
            tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        return tokens

    def _next(self, wanted: str) -> tuple[str, str]:
        if self.position >= len(self.tokens):
            raise InputError(f"{self.text!r} ends where {wanted} was expected")
        self.position += 1
        return self.tokens[self.position - 1]

    def _peek(self, value: str) -> bool:
        return self.position < len(self.tokens) and self.tokens[self.position] == ("sign", value)

    def _sign(self, *, first: bool) -> float:
        if self._peek("+") or self._peek("-"):
            return -1.0 if self._next("a sign")[1] == "-" else 1.0
        if first:
            return 1.0
        raise InputError(f"{self.text!r}: a + or - was expected before {self.tokens[self.position][1]!r}")

    def _term(self, sign: float) -> Term:
        kind, value = self._next("a loss")
        weight = sign
        if kind == "number":
            weight = sign * float(value)
            if self._next("* and a loss") != ("sign", "*"):
                raise InputError(f"{self.text!r}: a * and the name of a loss were expected after {value}")
            kind, value = self._next("a loss")
        if kind != "name":
            raise InputError(f"{self.text!r}: the name of a loss was expected; found {value!r}")
        if value not in self.losses:
            raise UnknownName("loss", value, self.losses)
        if weight == 0 or not math.isfinite(weight):
            raise InputError(f"{self.text!r}: the weight of {value} is {abs(weight):g}; leave the term out, or give it a finite weight")
        self._check_sign(value, weight)
        return Term(value, weight, self._arguments(value))

    def _check_sign(self, name: str, weight: float) -> None:
        direction = self.losses[name].direction
        if direction == "up" and weight > 0:
            raise InputError(f"+{name} would push {name} down, and more {name} is better; write -{name} to raise it")
        if direction == "down" and weight < 0:
            raise InputError(f"-{name} would push {name} up, and less {name} is better; write +{name} to lower it")

    def _arguments(self, name: str) -> tuple[tuple[str, Argument], ...]:
        if not self._peek("("):
            return ()
        self._next("(")
        known = {key: p.default for key, p in inspect.signature(self.losses[name].compute).parameters.items() if p.kind is p.KEYWORD_ONLY}
        given: dict[str, Argument] = {}
        while not self._peek(")"):
            kind, key = self._next("an argument")
            if kind != "name" or self._next("=") != ("sign", "="):
                raise InputError(f"{self.text!r}: arguments are written name=value; found {key!r} in {name}(...)")
            if key not in known:
                raise InputError(f"{name} has no argument {key!r}{nearest(key, known)}; it has: {', '.join(known) or 'none'}")
            if key in given:
                raise InputError(f"{self.text!r}: {key} is given twice in {name}(...)")
            given[key] = self._value(name, key, known[key])
            if self._peek(","):
                self._next(",")
            elif not self._peek(")"):
                raise InputError(f"{self.text!r}: a comma or ) was expected after {key} in {name}(...)")
        self._next(")")
        return tuple((key, value) for key, value in sorted(given.items()) if value != known[key])

    def _value(self, name: str, key: str, default: object) -> Argument:
        negative = self._peek("-")
        if negative:
            self._next("a number")
        kind, text = self._next("a value")
        value: Argument
        if kind == "number":
            value = -float(text) if negative else float(text)
        elif kind == "text":
            value = text[1:-1]
        elif kind == "name" and text in ("true", "True", "false", "False"):
            value = text.lower() == "true"
        else:
            raise InputError(f"{self.text!r}: {key} in {name}(...) wants a number, a 'text', or true or false; found {text!r}")
        wanted = bool if isinstance(default, bool) else str if isinstance(default, str) else float
        if not isinstance(value, wanted) or (negative and kind != "number"):
            raise InputError(f"{key} in {name}(...) is {_written(value)}; its default is {_written(default)}, so give a value of that kind")
        return value


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(float(value)).removesuffix(".0")  # every digit: weights that differ name different runs
    quote = '"' if "'" in str(value) else "'"
    return f"{quote}{value}{quote}"
