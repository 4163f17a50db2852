"""Weighted sums of losses as people write them: `10*kld - 2*cc - nss`, read by a tokenizer, checked, and printed canonically.

    expression := preset | ['+'|'-'] term (('+'|'-') term)*
    term       := [weight '*'] name ['(' [key '=' value (',' key '=' value)*] ')']
    weight     := number | 'ramp(' first ',' final ',' 'epochs' '=' number ')' | 'step(' first ',' final ',' 'epoch' '=' number ')'

A name stands for its natural value: kld is a distance (less is better), cc and nss are scores (more is better), so that a sum reads as in the
papers. A sign that fights a term's direction is refused, because the run would learn the opposite. The name of a preset stands for its sum,
alone or, where it is one word, among other terms: `2*lc1 + df`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args, get_origin, get_type_hints

from salquest.errors import InputError, UnknownName, nearest
from salquest.losses.catalogue import LOSSES, LossCard
from salquest.losses.presets import PRESETS
from salquest.losses.schedule import SCHEDULES, Schedule, Weight, written_number

Argument = float | str | bool

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<name>[A-Za-z_]\w*)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>[-+*(),=]))"
)


@dataclass(frozen=True)
class Term:
    """One loss with its signed weight and the arguments that differ from its defaults."""

    name: str
    weight: Weight
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
            sign = "-" if term.weight.sign < 0 else "+"
            weight = str(term.weight)
            body = term.label if weight == "1" else f"{weight}*{term.label}"
            parts.append((sign if sign == "-" else "") + body if position == 0 else f" {sign} {body}")
        return "".join(parts)


def parse(text: str, *, losses: Mapping[str, LossCard] = LOSSES) -> Expression:
    """Read a weighted sum of losses.

    The greatest weight comes first, terms of equal weight by name, so that the same sum written in any order names the same run; a weight
    that changes counts by what it is in the end.

    Args:
        text: for example "10*kld - 2*cc - nss", "kld - ramp(0, 1, epochs=5)*nss" or the name of a preset.
        losses: the catalogue to read names from; a name in it goes before a preset's.

    Raises:
        InputError: a broken number, bracket, argument or schedule, a term that stands twice, a weight of 0, or a sign that fights the
            term's direction.
        UnknownName: a name that is neither in the catalogue nor a preset; the nearest one is offered.
    """
    name = text.strip()
    terms = _Reader(PRESETS[name].expression if name in PRESETS and name not in losses else text, losses).terms()
    seen: set[str] = set()
    for term in terms:
        if term.label in seen:
            raise InputError(f"{term.label} stands twice in {text!r}; add its weights up")
        seen.add(term.label)
    return Expression(tuple(sorted(terms, key=lambda term: (-abs(term.weight.final), term.label))))


def parameters_of(compute: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """The arguments that a loss takes by name, as expressions call them: without the underscore that `lambda_` needs in Python."""
    parameters = inspect.signature(compute).parameters.values()
    return {parameter.name.removesuffix("_"): parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


class _Reader:
    def __init__(self, text: str, losses: Mapping[str, LossCard]) -> None:
        self.text, self.losses, self.position = text, losses, 0
        self.tokens = self._split()

    def terms(self) -> list[Term]:
        if not self.tokens:
            raise InputError("a loss is a weighted sum such as '10*kld - 2*cc - nss'; found nothing")
        terms = self._terms(self._sign(first=True))
        while self.position < len(self.tokens):
            terms += self._terms(self._sign(first=False))
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

    def _terms(self, sign: float) -> list[Term]:
        """The next term; more than one where a preset's name stands."""
        weight, name = self._weight()
        weight = weight.times(sign)
        if name in self.losses:
            self._check_sign(name, weight)
            return [Term(name, weight, self._arguments(name))]
        if name in PRESETS:
            if sign < 0 or weight.first is not None:
                raise InputError(
                    f"{self.text!r}: {name} is a whole sum, {PRESETS[name].expression}; it takes a positive number as its weight"
                )
            return [Term(t.name, t.weight.times(weight.final), t.arguments) for t in _Reader(PRESETS[name].expression, self.losses).terms()]
        raise UnknownName("loss", name, [*self.losses, *PRESETS])

    def _weight(self) -> tuple[Weight, str]:
        """The weight of a term, 1 where none stands, and the name after it."""
        kind, value = self._next("a loss")
        weight = Weight(1.0)
        if kind == "number" or value in SCHEDULES:
            written = value
            weight = Weight(float(value)) if kind == "number" else self._schedule(cast(Schedule, value))
            if self._next("* and a loss") != ("sign", "*"):
                raise InputError(f"{self.text!r}: a * and the name of a loss were expected after {written}")
            kind, value = self._next("a loss")
        if kind != "name":
            raise InputError(f"{self.text!r}: the name of a loss was expected; found {value!r}")
        levels = [level for level in (weight.first, weight.final) if level is not None]
        if not any(levels) or not all(map(math.isfinite, levels)):
            raise InputError(f"{self.text!r}: the weight of {value} is {levels[-1]:g}; leave the term out, or give it a finite weight")
        return weight, value

    def _schedule(self, schedule: Schedule) -> Weight:
        """What follows `ramp` or `step`: `(0, 1, epochs=5)`."""
        time = SCHEDULES[schedule]
        numbers: list[float] = []
        for wanted in ("(", ",", ",", time, "="):
            kind, found = self._next(wanted)
            if found != wanted or kind not in ("sign", "name"):
                raise InputError(
                    f"{self.text!r}: a weight that changes is written {schedule}(0, 1, {time}=5); found {found!r} before {wanted!r}"
                )
            if wanted != time and not (wanted == "," and len(numbers) == 2):
                numbers.append(self._plain_number(schedule, time))
        if self._next(")") != ("sign", ")"):
            raise InputError(f"{self.text!r}: a ) was expected at the end of {schedule}(0, 1, {time}=5)")
        first, final, epochs = numbers
        if not 0 < epochs < math.inf:
            raise InputError(f"{self.text!r}: {time} of {schedule}(...) is {epochs:g}; it is a number greater than 0")
        return Weight(final) if first == final else Weight(final, first, schedule, epochs)

    def _plain_number(self, schedule: str, time: str) -> float:
        kind, found = self._next("a number")
        if kind != "number":
            raise InputError(
                f"{self.text!r}: {schedule}(first, final, {time}=...) holds numbers without a sign; found {found!r}; a - stands before {schedule}"
            )
        return float(found)

    def _check_sign(self, name: str, weight: Weight) -> None:
        direction = self.losses[name].direction
        if direction == "up" and weight.sign > 0:
            raise InputError(f"+{name} would push {name} down, and more {name} is better; write -{name} to raise it")
        if direction == "down" and weight.sign < 0:
            raise InputError(f"-{name} would push {name} up, and less {name} is better; write +{name} to lower it")

    def _arguments(self, name: str) -> tuple[tuple[str, Argument], ...]:
        if not self._peek("("):
            return ()
        self._next("(")
        known = {key: parameter.default for key, parameter in parameters_of(self.losses[name].compute).items()}
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
        if wanted is float and isinstance(default, int):
            if not float(value).is_integer():
                raise InputError(f"{key} in {name}(...) is {_written(value)}; it is a whole number, {default} by default")
            return int(value)
        choices = _choices(self.losses[name], key)
        if choices and value not in choices:
            raise InputError(f"{key} in {name}(...) is {_written(value)}{nearest(str(value), choices)}; it is one of: {', '.join(choices)}")
        return value


def _choices(card: LossCard, key: str) -> tuple[str, ...]:
    """The texts that an argument may be, where its annotation is a Literal that can be read."""
    try:
        hint = get_type_hints(card.compute).get(parameters_of(card.compute)[key].name)
    except NameError:  # a user's file that imports its annotations for the type checker only
        return ()
    return get_args(hint) if get_origin(hint) is Literal else ()


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return written_number(value)
    quote = '"' if "'" in str(value) else "'"
    return f"{quote}{value}{quote}"
