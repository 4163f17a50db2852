"""Everything that predicts where people look, behind one contract: baselines, folders of maps, and networks that were trained.

Torch is imported only when a trained network is loaded.
"""

from salquest.models.baselines import CentreBias, CentreDistance, Uniform
from salquest.models.catalogue import MODELS, ModelCard, load_model
from salquest.models.contract import Model
from salquest.models.maps_folder import MapsFolder

__all__ = ["MODELS", "CentreBias", "CentreDistance", "MapsFolder", "Model", "ModelCard", "Uniform", "load_model"]
