"""What is known of an encoder without building it: its taps, its weights, the layouts of files that hold them. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from salquest.errors import InputError, UnknownName

if TYPE_CHECKING:
    from torch import nn

Padding = Literal["symmetric", "same"]
"""How stride-2 layers pad: one cell on every side (torchvision), or TensorFlow's SAME, which on even sizes pads right and bottom only.

Unit i of a stride-s map is centred on input pixel s*i with "symmetric" and, for sizes that s divides, on s*i + (s - 1) with "same".
"""


class Normalisation(NamedTuple):
    """What is subtracted from RGB in 0..1, and what the rest is divided by, per channel."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


TORCHVISION = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class Tap:
    """A named place where features can be read: after module `index` of the list of features; the map has H/stride rows, rounded."""

    name: str
    index: int
    channels: int
    stride: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a program names an encoder's tensors in its file, and what the weights in such files were trained with.

    Attributes:
        program: whose layout it is.
        marker: a key that only this layout has.
        rename: its keys to ours (`features.N...`, torchvision's where its network is one list too); keys that it leaves alone are
            checked as they are.
        normalisation, padding: what the weights want, unless the file's own metadata says otherwise.
    """

    program: str
    marker: str
    rename: Callable[[str], str] = field(default=lambda key: key)
    normalisation: Normalisation = TORCHVISION
    padding: Padding = "symmetric"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsCard:
    """Weights that have a name.

    Attributes:
        file_name: as it is called by those who distribute it.
        sha256: of the file; the first characters where its distributor prints no more.
        origin: "embedded", an https address, or a sentence that says where the file can be had by hand.
        licence: of the weights.
        size_mb: of the file, in 10**6 bytes.
    """

    file_name: str
    sha256: str
    origin: str
    licence: str
    size_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderForm:
    """How an encoder is put together, and where it can be read.

    Attributes:
        build: makes the whole list of features, for a padding; the numbers in it are whatever torch starts with.
        taps: every place that can be read, in the order of the network.
        default_taps: those read when nothing else is asked for.
    """

    build: Callable[[Padding], nn.Sequential]
    taps: tuple[Tap, ...]
    default_taps: tuple[str, ...]

    def choose(self, names: Sequence[str] | None) -> tuple[Tap, ...]:
        """The taps of these names, or the default ones; see `choose_taps`."""
        return choose_taps(self.taps, self.default_taps if names is None else names)

    def at_strides(self, strides: Sequence[int]) -> tuple[str, ...]:
        """The deepest tap of each stride that lies no deeper than the default ones, by name.

        Raises:
            InputError: a stride that no such tap has.
        """
        deepest = max(tap.index for tap in self.choose(None))
        named = {tap.stride: tap.name for tap in self.taps if tap.index <= deepest}
        missing = [stride for stride in strides if stride not in named]
        if missing:
            raise InputError(f"no tap has stride {missing[0]}; there are {', '.join(map(str, named))}: choose taps by name")
        return tuple(named[stride] for stride in strides)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCard(EncoderForm):
    """One entry of ENCODERS: the form that the weights were trained in, and what belongs to both forms.

    Attributes:
        dilated: the same layers and weights, with the last strides replaced by dilation: a finer last grid. None where there is no
            such form.
        rounding: a side of n pixels has ceil(n / stride) or floor(n / stride) cells (the strides are powers of two).
        parameters: in the whole list of features, classifier not counted.
        layouts: files that can be loaded; the first one also says how a network without weights pads and normalises.
        weights: those with a name; the first one is what "imagenet" means.
    """

    dilated: EncoderForm | None = None
    rounding: Literal["ceil", "floor"]
    parameters: int
    layouts: tuple[Layout, ...]
    weights: Mapping[str, WeightsCard]
    source: str
    licence: str


def choose_taps(taps: Sequence[Tap], names: Sequence[str]) -> tuple[Tap, ...]:
    """Those of the taps that are named, in the order of the network.

    Raises:
        InputError: no name, or one twice.
        UnknownName: a name that is no tap.
    """
    known = {tap.name: tap for tap in taps}
    for name in names:
        if name not in known:
            raise UnknownName("tap", name, known)
    if not names or len(set(names)) != len(names):
        raise InputError(f"taps are one or more different names; found {', '.join(names) or 'none'}")
    return tuple(sorted((known[name] for name in names), key=lambda tap: tap.index))
