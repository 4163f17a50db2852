"""A run folder as a model: the network of run.json with the weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import SaliencyMap
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model
from salquest.models.deep.network import SaliencyNetwork, rebuild_network
from salquest.runs import RunFolder


class TrainedNetwork(Model):
    """A network that was trained; its maps are densities.

    Attributes:
        network: the torch module, in eval mode.
    """

    is_density = True

    def __init__(self, network: SaliencyNetwork, *, name: str, trained_on: Mapping[str, str] | None = None) -> None:
        self.network, self.name, self.trained_on = network.eval(), name, dict(trained_on or {})

    @classmethod
    def load(cls, root: str | Path, *, device: str = "cpu", name: str | None = None) -> TrainedNetwork:
        """Load a run folder.

        Raises:
            DataNotFound: no run, or one without weights yet. BrokenFile: weights of another network, or a broken file.
        """
        folder = RunFolder(Path(root))
        record = folder.read()
        if not folder.weights.is_file():
            raise DataNotFound(
                f"{root} has no weights.safetensors: the run is {record.status} and has finished {record.epochs_done} epochs"
            )
        network = rebuild_network(record.network)
        try:
            tensors = load_file(folder.weights)
            network.load_state_dict(tensors)
        except (SafetensorError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise BrokenFile(f"{folder.weights} does not fit the network of run.json: {reason}") from error
        try:
            network.to(torch.device(device))
        except (RuntimeError, AssertionError) as error:
            raise InputError(f"the device {device!r} cannot be used here: {str(error).splitlines()[0]}") from error
        return cls(network, name=name or Path(root).name, trained_on=record.trained_on.get("pictures"))

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB."""
        return self.network.predict_pixels(pixels)
