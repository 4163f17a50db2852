"""A trained network with the few numbers that bring it to a data set, as a model and as a folder.

adapted.json   which network it is, by name or by its path from here, with its fingerprint; the numbers; what they were fitted to

The network itself stays where it is: a folder of a few kilobytes is a model as long as that network is there unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from salquest.errors import BrokenFile, DataNotFound, InputError, Refused
from salquest.gaze import SaliencyMap, Stimulus, as_density, resize_map
from salquest.gaze.pictures import Pixels
from salquest.models.adaptation import Adaptation
from salquest.models.contract import Model, Network
from salquest.models.fitting import Size
from salquest.runs import write_text

FORMAT = "salquest adapted 1"
FILE = "adapted.json"
# of the file; ours have a few kilobytes, nearly all of it hashes of pictures
MAX_BYTES = 4 << 20
# adapted densities are computed at this length of the longer side, that of networks' own maps, and enlarged to the picture
GRID_LENGTH = 160


class AdaptedNetwork(Model):
    """A network whose densities go through an `Adaptation`.

    Args:
        network: as it was trained.
        adaptation: the numbers.
        name: as tables show it.
        pictures: key -> perceptual hash of the pictures that the numbers were fitted to.
    """

    is_density = True

    def __init__(
        self, network: Network, adaptation: Adaptation, *, name: str | None = None, pictures: Mapping[str, str] | None = None
    ) -> None:
        self.network, self.adaptation, self.name = network, adaptation, name or f"{network.name}, adapted"
        self.trained_on = {**network.trained_on, **(pictures or {})}

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB, at its size."""
        if self.adaptation.is_identity:
            return self.network.predict_pixels(pixels)
        needed = [place for place, weight in enumerate(self.adaptation.weights) if weight]
        scales, weights = (tuple(values[place] for place in needed) for values in (self.adaptation.scales, self.adaptation.weights))
        adaptation = msgspec.structs.replace(self.adaptation, scales=scales, weights=weights)
        density = adaptation.densities(predicted_densities(self.network, pixels, scales))
        return SaliencyMap(as_density(resize_map(density, (pixels.shape[0], pixels.shape[1]))).astype(np.float32), "density")

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density of a data set's stimulus."""
        return self.network.predict_stimulus(stimulus) if self.adaptation.is_identity else super().predict_stimulus(stimulus)


def predicted_densities(network: Network, pixels: Pixels, scales: tuple[float, ...], *, length: int = GRID_LENGTH) -> NDArray[np.float64]:
    """What a network predicts of a picture at several scales, (S, h, w) on the `grid_size` of that length, each summing to 1."""
    size = grid_size((pixels.shape[0], pixels.shape[1]), length)
    return np.stack([network.predict_pixels(pixels, scale=scale, size=size).density() for scale in scales])


def grid_size(picture: Size, length: int = GRID_LENGTH) -> Size:
    """The (height, width) at which adapted densities of a picture are computed: its shape, the longer side at most `length`."""
    shrink = min(1.0, length / max(picture))
    return max(1, round(picture[0] * shrink)), max(1, round(picture[1] * shrink))


class AdaptedRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What adapted.json says.

    Attributes:
        network: the name of a network that ships, or where the folder of another one lies, from this file's folder, with / between names.
        found: which of the two.
        fingerprint: of the network (`models.fingerprint`); another one is refused.
        adaptation: the numbers.
        helped: whether they foretold the gaze of the validation pictures better than the network as it is; if not, they change nothing.
        fitted: for people: data set, edition, seed, numbers of pictures, bits.
        pictures: key -> perceptual hash of the pictures that the numbers were fitted to.
        salquest: the version that fitted them.
        format: of this file.
    """

    network: str
    found: Literal["name", "path"]
    fingerprint: str
    adaptation: Adaptation
    helped: bool = True
    fitted: dict[str, str | int | float] = {}
    pictures: dict[str, str] = {}
    salquest: str = ""
    format: str = FORMAT

    def __post_init__(self) -> None:
        if self.found == "path":
            # from one folder to another on the same disk; nothing that a system could take for a share, a drive or a home
            path = PurePosixPath(self.network)
            if path.is_absolute() or not self.network or any(sign in self.network for sign in "\\:~\0"):
                raise InputError(f"the path of a network is relative and has none of \\ : ~; found {self.network!r}")


@dataclass(frozen=True)
class AdaptedFolder:
    """The folder of an adapted network."""

    root: Path

    @property
    def path(self) -> Path:
        """adapted.json."""
        return self.root / FILE

    def exists(self) -> bool:
        """Whether an adapted network lies here."""
        return self.path.is_file()

    def read(self) -> AdaptedRecord:
        """Read adapted.json.

        Raises:
            DataNotFound: no adapted network here. BrokenFile: not such a file, numbers out of bounds, or one of a newer salquest.
        """
        try:
            if self.path.stat().st_size > MAX_BYTES:
                raise BrokenFile(f"{self.path} is too large to be an adaptation: more than {MAX_BYTES:,} bytes")
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DataNotFound(f"{self.root} holds no adapted network: it has no {FILE}") from error
        except OSError as error:
            raise BrokenFile(f"{self.path} cannot be opened: {error.strerror or error}") from error
        try:
            plain = msgspec.json.decode(content)
            if isinstance(plain, dict) and plain.get("format") != FORMAT:
                raise BrokenFile(f"{self.path} has the format {plain.get('format')!r}; this salquest reads {FORMAT!r}")
            return msgspec.json.decode(content, type=AdaptedRecord)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BrokenFile(f"{self.path} is not an adaptation: {error}") from error

    def check_free(self, *, force: bool = False) -> None:
        """Before work is done that is to be written here.

        Raises:
            Refused: something else is here, or an adapted network without `force`.
        """
        if self.exists() and not force:
            raise Refused(f"{self.root} holds an adapted network already; choose another folder, or write over it with --force")
        if self.root.exists() and not self.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            raise Refused(f"{self.root} is there already and holds something else; choose another folder")

    def write(self, record: AdaptedRecord) -> None:
        """Write adapted.json, whole or not at all. Raises Refused where the disk does not take it."""
        write_text(self.path, msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n")

    def path_to(self, network: Path) -> str:
        """Where the folder of a network lies, from here.

        Raises:
            InputError: a path that cannot be recorded.
        """
        try:
            path = Path(os.path.relpath(network.resolve(), self.root.resolve())).as_posix()
        except ValueError as error:  # two drives
            raise InputError(f"{network} and {self.root} lie on different drives; put them on one") from error
        if any(sign in path for sign in "\\:~\0"):
            raise InputError(f"the folder of the network has one of \\ : ~ in its path, {path}; rename it or move it")
        return path

    def network_path(self, record: AdaptedRecord) -> Path:
        """The folder of a network that is recorded by its path."""
        return Path(os.path.normpath(self.root.resolve() / record.network))
