"""From an encoder's taps to one raw map (B, h, w), without channel axis and without the activation that a loss asks for.

The catalogue needs no torch; the modules do, and are imported when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from salquest.decoders.catalogue import DECODERS, DecoderCard

if TYPE_CHECKING:
    from salquest.decoders.aspp import BruckertDecoder
    from salquest.decoders.attentive_lstm import AttentiveConvLSTM
    from salquest.decoders.gaussian import FixedGaussian
    from salquest.decoders.mobile import MobileReadout
    from salquest.decoders.priors import LearnedPriors
    from salquest.decoders.readout import LightReadout
    from salquest.decoders.salgan import SalganDecoder
    from salquest.decoders.sam import SamDecoder

__all__ = [
    "DECODERS",
    "AttentiveConvLSTM",
    "BruckertDecoder",
    "DecoderCard",
    "FixedGaussian",
    "LearnedPriors",
    "LightReadout",
    "MobileReadout",
    "SalganDecoder",
    "SamDecoder",
]

_NEED_TORCH = {
    "AttentiveConvLSTM": "attentive_lstm",
    "BruckertDecoder": "aspp",
    "FixedGaussian": "gaussian",
    "LearnedPriors": "priors",
    "LightReadout": "readout",
    "MobileReadout": "mobile",
    "SalganDecoder": "salgan",
    "SamDecoder": "sam",
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
        raise MissingExtra(f"salquest.decoders.{name}", "train") from error
