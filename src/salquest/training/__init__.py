"""Where networks learn: one visible loop in which players take turns, and a run folder from which any run goes on after a power cut."""

from salquest.training.epochs import Watcher
from salquest.training.plan import TrainingPlan
from salquest.training.run import train

__all__ = ["TrainingPlan", "Watcher", "train"]
