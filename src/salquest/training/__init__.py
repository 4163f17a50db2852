"""Where networks learn: one visible loop in which players take turns, and a run folder from which any run goes on after a power cut.

Beside it, and without it, a trained network is brought to a data set by fitting a few numbers (`adapt`).
"""

from salquest.training.adapting import AdaptationFit, adapt
from salquest.training.epochs import Watcher
from salquest.training.plan import TrainingPlan
from salquest.training.run import train

__all__ = ["AdaptationFit", "TrainingPlan", "Watcher", "adapt", "train"]
