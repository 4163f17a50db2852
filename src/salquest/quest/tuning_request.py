"""What a search for the weights of a loss is asked: which weights, how far, judged by what; and the plan of each trial."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from salquest.errors import InputError, UnknownName
from salquest.losses import parse
from salquest.metrics import METRICS
from salquest.quest.study import Range, Sampler
from salquest.training import TrainingPlan

# digits of the weights and rates that are tried, so that the expression that is printed is the one that was trained
DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class TuningRequest:
    """What is searched, and by what it is judged.

    The scale of a loss cannot be found under Adam: with all weights doubled the gradient doubles, and Adam divides by its size (Kingma
    2015). Only ratios of weights count, so that by default the first term keeps its weight. What the scale is to SGD, the learning rate is
    to both: `lr_span` searches it too.

    Attributes:
        plan: of every trial; its loss is the expression with the weights from which the search sets out.
        metrics: names in METRICS, scored on the validation pictures in the convention `exact`; the best of one, or the front of several.
        fixed: labels of terms that keep their weight; None is the first term of the canonical expression.
        span: each other weight is searched from 1/span to span times what is given, on a logarithmic scale; signs stay.
        lr_span: the same for the learning rate; 1 leaves it.
        sampler: who draws: "tpe", "random" or "nsga" (see `Study`).
        seed: of the draws; the seed of training is the plan's, the same for all trials.
    """

    plan: TrainingPlan
    metrics: tuple[str, ...] = ("cc",)
    fixed: tuple[str, ...] | None = None
    span: float = 10.0
    lr_span: float = 1.0
    sampler: Sampler = "tpe"
    seed: int = 0

    @cached_property
    def ranges(self) -> dict[str, Range]:
        """What is searched: term's label -> size of its weight, and "lr".

        Raises:
            InputError: spans or metrics that cannot be meant, a scheduled weight that is not fixed, or nothing that is left to search.
            UnknownName: no such metric, or no such term in the loss.
        """
        self._check()
        found = {}
        for term in self._terms:
            if term.label not in self.kept:
                if term.size is None:
                    raise InputError(
                        f"the weight of {term.label} is {term.weight}, no plain number that could be searched; "
                        f"keep it as it is with --fixed {term.label!r}"
                    )
                found[term.label] = Range(term.size / self.span, term.size, term.size * self.span)
        if self.lr_span > 1:
            found["lr"] = Range(self.plan.lr / self.lr_span, self.plan.lr, self.plan.lr * self.lr_span)
        if not found:
            raise InputError(
                f"nothing is left to search in {self.plan.loss!r}: "
                f"{', '.join(self.kept)} {'is' if len(self.kept) == 1 else 'are'} kept fixed; "
                "give a sum of several losses, or search the learning rate with --lr-span 10"
            )
        return found

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Labels of the terms that keep their weight."""
        return (self._terms[0].label,) if self.fixed is None else self.fixed

    def plan_for(self, params: Mapping[str, float]) -> TrainingPlan:
        """The plan of a trial, resolved; weights and rate are rounded to four digits, those that were given stay as given."""
        weights = {term.label: term.weight for term in self._terms} | {
            name: repr(self._rounded(name, value)) for name, value in params.items() if name != "lr"
        }
        loss = "".join(f"{term.sign}{weights[term.label]}*{term.label}" for term in self._terms)
        lr = self._rounded("lr", params["lr"]) if "lr" in params else self.plan.lr
        return msgspec.structs.replace(self.plan, loss=loss, lr=lr).resolved()

    def numbers_for(self, params: Mapping[str, float]) -> dict[str, float]:
        """What a trial tries, rounded as it is trained: label -> size of the weight, and "lr" where it is searched."""
        return {name: self._rounded(name, params[name]) for name in self.ranges}

    def as_record(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "plan": self.plan.resolved().as_record(),
            "metrics": list(self.metrics),
            "fixed": list(self.kept),
            "span": self.span,
            "lr_span": self.lr_span,
            "sampler": self.sampler,
            "seed": self.seed,
        }

    @cached_property
    def _terms(self) -> tuple[_Term, ...]:
        return _terms(self.plan.loss)

    def _rounded(self, name: str, value: float) -> float:
        return value if value == self.ranges[name].given else float(f"{value:.{DIGITS}g}")

    def _check(self) -> None:
        if not (1 < self.span < math.inf and 1 <= self.lr_span < math.inf):
            raise InputError(
                f"a span is a factor: weights are searched from 1/span to span times what is given, so that it is above 1 "
                f"(or 1 for a learning rate that stays); found span {self.span:g} and lr-span {self.lr_span:g}"
            )
        if not self.metrics or len(set(self.metrics)) < len(self.metrics):
            raise InputError(f"a search needs one metric, or several that differ; found {', '.join(self.metrics) or 'none'}")
        for name in self.metrics:
            if name not in METRICS:
                raise UnknownName("metric", name, METRICS)
        labels = [term.label for term in self._terms]
        for label in self.kept:
            if label not in labels:
                raise UnknownName(f"term of {self.plan.loss!r}", label, labels)


@dataclass(frozen=True)
class _Term:
    """A term of a canonical expression: sign, weight as it is written, label; `size` is the weight where it is a plain number."""

    sign: str
    weight: str
    label: str

    @property
    def size(self) -> float | None:
        try:
            return float(self.weight)
        except ValueError:
            return None


def _terms(loss: str) -> tuple[_Term, ...]:
    """The terms of a weighted sum, read from its canonical text: `10*kld - 2*cc - nss` is (+, 10, kld), (-, 2, cc), (-, 1, nss)."""
    expression = parse(loss)
    text, at, found = str(expression), 0, []
    for term in expression.terms:
        match = re.compile(rf"\s*(?P<sign>[-+]?)\s*(?:(?P<weight>[^*]*?)\*)?{re.escape(term.label)}(?=\s+[-+]\s|\s*$)").match(text, at)
        if match is None:
            raise InputError(f"{text!r} is no sum of losses with weights of their own; its weights cannot be searched")
        found.append(_Term(match["sign"] or "+", match["weight"] or "1", term.label))
        at = match.end()
    return tuple(found)
