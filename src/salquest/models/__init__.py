"""Everything that predicts where people look, behind one contract: baselines, classical models, folders of maps, and networks that were trained.

Torch is imported only when a network is loaded that runs by it, and each kind of model only when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from salquest.models.catalogue import MODELS, ModelCard, load_model
from salquest.models.contract import Model

if TYPE_CHECKING:
    from salquest.models.baselines import CentreBias, CentreDistance, Uniform
    from salquest.models.hub import push_to_hub
    from salquest.models.maps_folder import MapsFolder
    from salquest.models.onnx_network import OnnxNetwork

_HOMES = {
    "CentreBias": "baselines",
    "CentreDistance": "baselines",
    "MapsFolder": "maps_folder",
    "OnnxNetwork": "onnx_network",
    "Uniform": "baselines",
    "push_to_hub": "hub",
}

__all__ = [
    "MODELS",
    "CentreBias",
    "CentreDistance",
    "MapsFolder",
    "Model",
    "ModelCard",
    "OnnxNetwork",
    "Uniform",
    "load_model",
    "push_to_hub",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"salquest.models.{_HOMES[name]}"), name)
    raise AttributeError(f"salquest.models has no {name!r}; it has: {', '.join(__all__)}")
