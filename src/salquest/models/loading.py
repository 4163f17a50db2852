"""Trained networks loaded by ONNX Runtime or by torch, whichever is wanted and there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from salquest.errors import InputError
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.contract import Model

Runtime = Literal["onnx", "torch"]


def load_checkpoint(root: str | Path, *, name: str | None = None, device: str = "cpu", runtime: Runtime | None = None) -> Model:
    """The network in a folder with a card.

    Args:
        root: the folder.
        name: as tables show it; the card's where it is not given.
        device: where it shall run.
        runtime: "onnx" (ONNX Runtime, on the CPU) or "torch"; where it is not given the first that there is for the device.

    Raises:
        DataNotFound, BrokenFile: the folder's content. InputError: a runtime that there is not, or not for this device.
    """
    folder = CheckpointFolder(Path(root))
    chosen = check_runtime(runtime) or ("onnx" if device == "cpu" and folder.graph.is_file() else "torch")
    if chosen == "onnx":
        if not folder.graph.is_file():
            raise InputError(
                f"{root} has no model.onnx for the runtime onnx; take the runtime torch, or make a file: `salquest export --model {root} FILE.onnx`"
            )
        return load_graph(folder.root, name=name, device=device)
    from salquest.models.deep.trained import TrainedNetwork

    return TrainedNetwork.load(folder.root, device=device, name=name)


def load_graph(path: str | Path, *, name: str | None = None, device: str = "cpu") -> Model:
    """The network in an ONNX file, or in the folder of a checkpoint, by ONNX Runtime.

    Raises:
        InputError: another device than the CPU. DataNotFound, BrokenFile: see `OnnxNetwork.load`.
    """
    if device != "cpu":
        raise InputError(f"the runtime onnx runs on the CPU; for the device {device!r} take the runtime torch")
    from salquest.models.onnx_network import OnnxNetwork

    return OnnxNetwork.load(path, name=name)


def check_runtime(runtime: str | None) -> str | None:
    """The runtime's name, or None where none is asked for.

    Raises:
        InputError: no such runtime.
    """
    if runtime is not None and runtime not in get_args(Runtime):
        raise InputError(f"a runtime is one of {', '.join(get_args(Runtime))}; found {runtime!r}")
    return runtime
