"""A network kept as an ONNX file, run by ONNX Runtime: the same maps as torch's without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import SaliencyMap, as_density, resize_map, resize_picture
from salquest.gaze.pictures import Pixels
from salquest.models.checkpoint_card import CheckpointCard
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.contract import Model, Network
from salquest.models.fitting import Size, fitted_size
from salquest.runs.cores import available_cores

INPUT, OUTPUT = "pictures", "log_density"
# sam-resnet has 280 MB; what is larger is no network of ours, and is not read to find out
MAX_BYTES = 1 << 30
# ONNX Runtime's levels; its own errors are raised and told, so nothing else is printed on the way
FATAL = 4
# a folder that cannot be
NOWHERE = "/dev/null/nowhere"


class OnnxGraph:
    """An ONNX graph that maps pictures to log-densities.

    Args:
        content: of the file.
        name: of the file, for messages.
        threads: that one call may use; None for all cores that this process has, 1 where calls come from several threads.
        tensors: by name, those that the graph leaves out.

    Attributes:
        metadata: the file's own words about itself.

    Raises:
        BrokenFile: not an ONNX file, or not one that reads `pictures` (B, H, W, 3) uint8 and answers `log_density` (B, h, w) float32.
    """

    def __init__(
        self, content: bytes, *, name: str = "the graph", threads: int | None = None, tensors: Mapping[str, NDArray] | None = None
    ) -> None:
        import onnxruntime

        self.name, self._content, self._given = name, content, tensors
        options = onnxruntime.SessionOptions()
        # ONNX Runtime's own choice is all cores of the machine, and ties threads to cores that a container may not have
        options.intra_op_num_threads = threads or available_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = FATAL
        # idle threads wait instead of turning round: the other cores decode the next pictures meanwhile, or belong to somebody else
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # a graph may name other files for its tensors; none is read
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
        # the values outlive the session's loading only if somebody holds them
        self._tensors = {key: onnxruntime.OrtValue.ortvalue_from_numpy(values) for key, values in (tensors or {}).items()}
        options.add_external_initializers(list(self._tensors), list(self._tensors.values()))
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BrokenFile(f"{name} cannot be loaded as an ONNX file: {_first_line(error)}") from error
        inputs, outputs = ([(one.name, one.type, len(one.shape)) for one in side] for side in self._sides())
        if inputs != [(INPUT, "tensor(uint8)", 4)] or outputs != [(OUTPUT, "tensor(float)", 3)]:
            raise BrokenFile(
                f"{name} is an ONNX file, but no network of salquest: it reads {inputs} and answers {outputs}, "
                f"not {INPUT} (B, H, W, 3) uint8 and {OUTPUT} (B, h, w) float; `salquest export` writes such files"
            )
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def with_one_thread(self) -> OnnxGraph:
        """The same graph once more, each call of which keeps to its caller's thread: many callers share the cores better than many threads each."""
        return OnnxGraph(self._content, name=self.name, threads=1, tensors=self._given)

    def _sides(self) -> tuple[Any, Any]:
        return self._session.get_inputs(), self._session.get_outputs()

    def log_density(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Natural logarithms of densities, (B, h, w), of pictures (B, H, W, 3) uint8.

        Raises:
            InputError: pictures of another form. BrokenFile: a graph that cannot be carried out, or does not answer densities.
        """
        if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8:
            raise InputError(f"an exported network reads pictures of (B, H, W, 3) uint8; found {pictures.shape} of {pictures.dtype}")
        try:
            (found,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(pictures)})
        except Exception as error:
            raise BrokenFile(f"{self.name} cannot be carried out on pictures of {pictures.shape}: {_first_line(error)}") from error
        if found.ndim != 3 or len(found) != len(pictures) or found.size == 0 or np.isnan(found).any() or found.max() == np.inf:
            raise BrokenFile(
                f"{self.name} answers no densities: {found.shape}, with NaN or infinity or of another number than the pictures"
            )
        return found


class OnnxNetwork(Network):
    """A network in an ONNX file that `salquest export` wrote; its maps are densities, those of torch within 1e-4 of their logarithm.

    Args:
        graph: what is run.
        card: what is known about the network: how pictures are brought to its size, what it was trained on.
        name: as tables show it; the card's where it is not given.
    """

    def __init__(self, graph: OnnxGraph, card: CheckpointCard, *, name: str | None = None) -> None:
        self.graph, self.card = graph, card
        self.name, self.trained_on = name or card.name, dict(card.pictures)

    @classmethod
    def load(cls, path: str | Path, *, name: str | None = None, threads: int | None = None) -> OnnxNetwork:
        """Load an ONNX file, or the folder of a checkpoint that has one.

        Args:
            path: the file, or the folder.
            name: as tables show it; the card's where it is not given.
            threads: see `OnnxGraph`.

        Raises:
            DataNotFound: no such file. BrokenFile: see `OnnxGraph`, or a card that is none of ours.
        """
        source = Path(path)
        folder = CheckpointFolder(source)
        if folder.exists():
            card, tensors = folder.read(), _tensors(folder.weights)
            return cls(OnnxGraph(_content(folder.graph), name=str(folder.graph), threads=threads, tensors=tensors), card, name=name)
        graph = OnnxGraph(_content(source), name=str(source), threads=threads)
        return cls(graph, CheckpointCard.from_metadata(graph.metadata, source), name=name)

    def for_threads(self, callers: int) -> Model:
        """Itself for one caller; for several a copy that they may ask at the same time, one thread each."""
        if callers < 2:
            return self
        shared = OnnxNetwork(self.graph.with_one_thread(), self.card, name=self.name)
        shared.bears_threads = True
        return shared

    def predict_pixels(self, pixels: Pixels, *, scale: float = 1.0, size: Size | None = None) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB; `scale` and `size` as in `Network`."""
        shown = (pixels.shape[0], pixels.shape[1])
        resized = resize_picture(pixels, fitted_size(self.card.size, shown, self.card.fit, scale))
        density = np.exp(self.graph.log_density(resized[None])[0])
        return SaliencyMap(as_density(resize_map(density, size or shown)).astype(np.float32), "density")


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BrokenFile(f"{path} is too large to be a network: more than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataNotFound(f"there is no file at {path}; `salquest export` writes ONNX files") from error
    except OSError as error:
        raise BrokenFile(f"{path} cannot be opened: {error.strerror or error}") from error


def _tensors(path: Path) -> dict[str, NDArray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(_content(path))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BrokenFile(f"{path} cannot be read as safetensors: {error}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason was given"])[0][:300]
