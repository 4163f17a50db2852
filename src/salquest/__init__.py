"""Visual saliency: where people look in a picture, predicted, trained under any loss, and scored with comparable numbers.

Names are imported when they are first used: `import salquest` loads neither torch nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from salquest import applications, datasets, dissection, encoders, gaze, losses, metrics, models
    from salquest.datasets import load_dataset
    from salquest.evaluation import compare, evaluate
    from salquest.gaze import Fixations, SaliencyMap, Stimulus
    from salquest.models import load_model
    from salquest.models.default import predict
    from salquest.quest import report_quest, run_quest
    from salquest.training import TrainingPlan, adapt, train

# public name -> where it lives; rooms that are handed out whole stand for themselves
_HOMES = {
    "Fixations": "salquest.gaze",
    "SaliencyMap": "salquest.gaze",
    "Stimulus": "salquest.gaze",
    "TrainingPlan": "salquest.training",
    "adapt": "salquest.training",
    "compare": "salquest.evaluation",
    "evaluate": "salquest.evaluation",
    "load_dataset": "salquest.datasets",
    "load_model": "salquest.models",
    "predict": "salquest.models.default",
    "report_quest": "salquest.quest",
    "run_quest": "salquest.quest",
    "train": "salquest.training",
}
_ROOMS = ("applications", "datasets", "dissection", "encoders", "gaze", "losses", "metrics", "models")

__all__ = [
    "Fixations",
    "SaliencyMap",
    "Stimulus",
    "TrainingPlan",
    "adapt",
    "applications",
    "compare",
    "datasets",
    "dissection",
    "encoders",
    "evaluate",
    "gaze",
    "load_dataset",
    "load_model",
    "losses",
    "metrics",
    "models",
    "predict",
    "report_quest",
    "run_quest",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"salquest.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"salquest has no {name!r}; it has: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
