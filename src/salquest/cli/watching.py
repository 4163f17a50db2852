"""How a run is shown while it goes on: bars for what is under way, one line per epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salquest.datasets import PictureLabels, Split
from salquest.runs import ProgressDisplay
from salquest.training import TrainingPlan, Watcher


def announce(display: ProgressDisplay, plan: TrainingPlan, out: Path) -> None:
    """Say what will be done: nothing that decides the numbers is hidden."""
    learns = "frozen" if plan.unfreeze == "none" else f"learning ({plan.unfreeze})"
    if plan.task == "classification":
        display.say(
            f"{out}: labels of pictures, a linear head on {plan.encoder} as {plan.network} reads it, {learns}; {plan.epochs} epochs"
        )
    else:
        display.say(f"{out}: {plan.loss} with a {plan.activation} map; {plan.network} on {plan.encoder}, {learns}; {plan.epochs} epochs")
    if plan.adversary is not None:
        own = plan.adversary
        display.say(
            f"  against a discriminator ({own.reading}, width {own.width:g}), weight {plan.adversarial:g}, after {own.bootstrap} epochs of "
            f"{own.bootstrap_loss} by {own.bootstrap_optimizer}; then {own.optimizer} at {own.lr:g} for it and {plan.optimizer} at {plan.lr:g}"
        )


def announce_labels(display: ProgressDisplay, labels: PictureLabels, split: Split) -> None:
    """Say which labels are learned, and which are not and why."""
    names, left_out = labels.learnable(labels.labelled(split))
    display.say(f"  {len(names)} labels: {', '.join(names)}")
    for name, why in left_out.items():
        display.say(f"  left out: {name} ({why})")


def _contest(row: Mapping[str, Any]) -> str:
    """The adversary's share of an epoch's line; empty where it did not play."""
    if "discriminator_loss" not in row:
        return ""
    real, fake = (100 * row[f"discriminator_{kind}"] for kind in ("real", "fake"))
    return (
        f"; adversary {row['train_adversary']:.4f}, discriminator {row['discriminator_loss']:.4f}, "
        f"right on {real:.0f} % of observed and {fake:.0f} % of predicted maps"
    )


def _scores(row: Mapping[str, Any]) -> str:
    if "val_map" in row:
        return f"mean average precision {row['val_map']:.3f} (chance {row['val_map_chance']:.3f})"
    return f"CC {row['val_cc_score']:.3f}, NSS {row['val_nss_score']:.3f}"


def run_watcher(display: ProgressDisplay, name: str) -> Watcher:
    """Bars for preparing, steps and scoring, and a line per epoch."""

    def step(epoch: int, epochs: int, done: int, total: int, losses: Mapping[str, float]) -> None:
        whole = (epoch - 1) * total + done
        told = ", ".join(
            f"{'' if player == 'network' else f'{player} '}loss {loss:.4f}" for player, loss in sorted(losses.items(), reverse=True)
        )
        display.update(f"training {name}", whole, epochs * total, text=f"epoch {epoch}/{epochs}, {told}")

    def epoch(row: Mapping[str, Any]) -> None:
        display.say(
            f"  {name} epoch {row['epoch']}: train {row['train_loss']:.4f}, validation {row['val_loss']:.4f}, "
            f"{_scores(row)}{_contest(row)} ({row['seconds']:.1f} s)"
        )
        if row.get("signs"):
            display.say(f"  {name} epoch {row['epoch']}: {row['signs']}")

    return Watcher(stage=display.update, step=step, epoch=epoch)
