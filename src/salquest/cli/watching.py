"""How a run is shown while it goes on: bars for what is under way, one line per epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salquest.runs import ProgressDisplay
from salquest.training import TrainingPlan, Watcher


def announce(display: ProgressDisplay, plan: TrainingPlan, out: Path) -> None:
    """Say what will be done: nothing that decides the numbers is hidden."""
    learns = "frozen" if plan.unfreeze == "none" else f"learning ({plan.unfreeze})"
    display.say(f"{out}: {plan.loss} with a {plan.activation} map; {plan.network} on {plan.encoder}, {learns}; {plan.epochs} epochs")


def run_watcher(display: ProgressDisplay, name: str) -> Watcher:
    """Bars for preparing, steps and scoring, and a line per epoch."""

    def step(epoch: int, epochs: int, done: int, total: int, loss: float) -> None:
        whole = (epoch - 1) * total + done
        display.update(f"training {name}", whole, epochs * total, text=f"epoch {epoch}/{epochs}, loss {loss:.4f}")

    def epoch(row: Mapping[str, Any]) -> None:
        display.say(
            f"  {name} epoch {row['epoch']}: train {row['train_loss']:.4f}, validation {row['val_loss']:.4f}, "
            f"CC {row['val_cc_score']:.3f}, NSS {row['val_nss_score']:.3f} ({row['seconds']:.1f} s)"
        )

    return Watcher(stage=display.update, step=step, epoch=epoch)
