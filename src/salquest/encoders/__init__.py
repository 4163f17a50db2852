"""Pretrained image networks cut open at named taps: the catalogue, their weights, and the cache of what a frozen one sees.

The catalogue needs no torch; whatever builds or runs a network does, and is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from salquest.encoders.cards import EncoderCard, Layout, Normalisation, Padding, Tap, WeightsCard
from salquest.encoders.catalogue import ENCODERS

if TYPE_CHECKING:
    from salquest.encoders.build import build_encoder, rebuild_encoder
    from salquest.encoders.cache import FeatureCache
    from salquest.encoders.encoder import Encoder
    from salquest.encoders.perception import perceive

__all__ = [
    "ENCODERS",
    "Encoder",
    "EncoderCard",
    "FeatureCache",
    "Layout",
    "Normalisation",
    "Padding",
    "Tap",
    "WeightsCard",
    "build_encoder",
    "perceive",
    "rebuild_encoder",
]

_NEED_TORCH = {
    "Encoder": "encoder",
    "FeatureCache": "cache",
    "build_encoder": "build",
    "perceive": "perception",
    "rebuild_encoder": "build",
}


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from salquest.errors import MissingExtra

    try:
        return getattr(import_module(f"{__name__}.{_NEED_TORCH[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtra(f"salquest.encoders.{name}", "train") from error
