"""A trained network's card as a page for people: Markdown, for the docs and for a hub."""

from __future__ import annotations

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
        f"* Its encoder began from: {card.began_from}" if card.began_from else "",
        f"* Pictures: {width} x {height} ({how}); maps: {columns} x {rows}",
        f"* Trained with: salquest {card.salquest}" if card.salquest else "",
        f"* Source: {card.source}" if card.source else "",
    ]
    return "\n".join(line for line in lines if line)


def _data(card: CheckpointCard) -> str:
    if not card.sets:
        return ""
    lines = [
        f"| {one.get('name', '')} | {one.get('edition', '')} | {one.get('licence', '')} | {one.get('source', '')} "
        f"| {_training_pictures(card, str(one.get('name', '')))} |"
        for one in card.sets
    ]
    return "\n".join(["## Data", "", "| set | edition | licence | source | training pictures |", "|---|---|---|---|---|", *lines])


def _training_pictures(card: CheckpointCard, name: str) -> int:
    # keys of several sets begin with the set's name (datasets.joined)
    return len(card.pictures) if len(card.sets) == 1 else sum(key.startswith(f"{name}/") for key in card.pictures)


def _recipe(card: CheckpointCard) -> str:
    told = [f"* {name}: {card.plan[name]}" for name in TOLD if name in card.plan]
    return "\n".join(["## Recipe", "", *told]) if told else ""


def _scores(card: CheckpointCard) -> str:
    if not card.scores:
        return ""
    names = list(card.scores)
    rows = (
        {**card.scores_by_set, "mean of the sets": card.scores} if card.scores_by_set else {str(card.data.get("name", "test")): card.scores}
    )
    told = {name: [f"{scores[metric]:.3f}" if metric in scores else "" for metric in names] for name, scores in rows.items()}
    if card.scored:
        names, told = ["pictures", *names], {name: [str(card.scored.get(name, "")), *cells] for name, cells in told.items()}
    lines = [f"| {name} | {' | '.join(cells)} |" for name, cells in told.items()]
    return "\n".join(["## Scores on the test pictures", "", f"| set | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|", *lines])


def _limits(card: CheckpointCard) -> str:
    return "\n".join(["## Limits", "", *(f"* {sentence}" for sentence in card.limits)]) if card.limits else ""
