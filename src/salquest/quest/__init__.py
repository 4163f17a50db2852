"""A quest: one recipe, many runs that differ in what is compared and in nothing else, and the table that a person can trust.

Names are imported when they are first used, so that recipes can be listed without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from salquest.quest.packaged import packaged_recipes

if TYPE_CHECKING:
    from salquest.quest.claims import Claim, Judgement, judge
    from salquest.quest.engine import QuestResult, QuestWatcher, default_folder, run_quest
    from salquest.quest.recipe import PlannedRun, Recipe, Way, find_recipe, read_recipe
    from salquest.quest.reporting import report_quest
    from salquest.quest.tuning import TuningWatcher, tune
    from salquest.quest.tuning_report import Tuning
    from salquest.quest.tuning_request import TuningRequest

_HOMES = {
    "Claim": "claims",
    "Judgement": "claims",
    "PlannedRun": "recipe",
    "QuestResult": "engine",
    "QuestWatcher": "engine",
    "Way": "recipe",
    "default_folder": "engine",
    "Recipe": "recipe",
    "Tuning": "tuning_report",
    "TuningRequest": "tuning_request",
    "TuningWatcher": "tuning",
    "find_recipe": "recipe",
    "judge": "claims",
    "read_recipe": "recipe",
    "report_quest": "reporting",
    "run_quest": "engine",
    "tune": "tuning",
}

__all__ = [
    "Claim",
    "Judgement",
    "PlannedRun",
    "QuestResult",
    "QuestWatcher",
    "Recipe",
    "Tuning",
    "TuningRequest",
    "TuningWatcher",
    "Way",
    "default_folder",
    "find_recipe",
    "judge",
    "packaged_recipes",
    "read_recipe",
    "report_quest",
    "run_quest",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"salquest.quest.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'salquest.quest' has no attribute {name!r}")
