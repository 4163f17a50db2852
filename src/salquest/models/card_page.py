"""A trained network's card as a page for people: Markdown, for the docs and for a hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salquest.models.checkpoint_card import CheckpointCard

# of a plan, what a reader wants to see first; the card has the rest
TOLD = (
    "loss",
    "network",
    "encoder",
    "weights",
    "unfreeze",
    "activation",
    "fit",
    "epochs",
    "batch",
    "optimizer",
    "lr",
    "encoder_lr",
    "seed",
)


def card_page(card: CheckpointCard) -> str:
    """The card as Markdown; what it does not say is left out."""
    parts = [f"# {card.name}", card.title, _facts(card), _data(card), _recipe(card), _scores(card), _limits(card)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(card: CheckpointCard) -> str:
    height, width = card.size
    rows, columns = card.map_size
    how = "keep their ratio of sides, at about this area" if card.fit == "aspect" else "are squashed to this"
    lines = [
        f"* Licence: {card.licence}" if card.licence else "",
        f"* Pictures: {width} x {height} ({how}); maps: {columns} x {rows}",
        f"* Trained with: salquest {card.salquest}" if card.salquest else "",
        f"* Source: {card.source}" if card.source else "",
    ]
    return "\n".join(line for line in lines if line)


def _data(card: CheckpointCard) -> str:
    sets = _sets(card.data)
    if not sets:
        return ""
    lines = [f"| {one.get('name', '')} | {one.get('edition', '')} | {one.get('licence', '')} | {one.get('source', '')} |" for one in sets]
    head = ["## Data", "", "| set | edition | licence | source |", "|---|---|---|---|"]
    return "\n".join([*head, *lines, "", f"{len(card.pictures)} training pictures."])


def _sets(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    sets = data.get("sets", [data] if data else [])
    return [one for one in sets if isinstance(one, Mapping)]


def _recipe(card: CheckpointCard) -> str:
    told = [f"* {name}: {card.plan[name]}" for name in TOLD if name in card.plan]
    return "\n".join(["## Recipe", "", *told]) if told else ""


def _scores(card: CheckpointCard) -> str:
    if not card.scores:
        return ""
    names = list(card.scores)
    rows = {**card.scores_by_set, "all": card.scores} if card.scores_by_set else {str(card.data.get("name", "test")): card.scores}
    lines = [
        f"| {name} | {' | '.join(f'{scores[metric]:.3f}' if metric in scores else '' for metric in names)} |"
        for name, scores in rows.items()
    ]
    return "\n".join(["## Scores on the test pictures", "", f"| set | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *lines])


def _limits(card: CheckpointCard) -> str:
    return "\n".join(["## Limits", "", *(f"* {sentence}" for sentence in card.limits)]) if card.limits else ""
