"""From an encoder's taps to one raw map (B, h, w), without channel axis and without the activation that a loss asks for.

The catalogue needs no torch; the modules do, and are imported when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from salquest.decoders.catalogue import DECODERS, DecoderCard

if TYPE_CHECKING:
    from salquest.decoders.aspp import BruckertDecoder
    from salquest.decoders.gaussian import FixedGaussian
    from salquest.decoders.readout import LightReadout

__all__ = ["DECODERS", "BruckertDecoder", "DecoderCard", "FixedGaussian", "LightReadout"]

_NEED_TORCH = {"BruckertDecoder": "aspp", "FixedGaussian": "gaussian", "LightReadout": "readout"}


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
        raise MissingExtra(f"salquest.decoders.{name}", "train") from error
