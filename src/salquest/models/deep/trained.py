"""A run folder as a model: the network of run.json with the weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from salquest.encoders import FeatureCache
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.pictures import Pixels
from salquest.models.contract import Model
from salquest.models.deep.network import SaliencyNetwork, rebuild_network
from salquest.runs import RunFolder


class TrainedNetwork(Model):
    """A network that was trained; its maps are densities.

    Attributes:
        network: the torch module, in eval mode.
        features: what its encoder sees in the stimuli of data sets, kept on disk; None runs the encoder on each.
    """

    is_density = True

    def __init__(
        self,
        network: SaliencyNetwork,
        *,
        name: str,
        trained_on: Mapping[str, str] | None = None,
        features: FeatureCache | None = None,
    ) -> None:
        self.network, self.name, self.trained_on, self.features = network.eval(), name, dict(trained_on or {}), features

    @classmethod
    def load(cls, root: str | Path, *, device: str = "cpu", name: str | None = None, features: str | Path | None = None) -> TrainedNetwork:
        """Load a run folder.

        Args:
            root: the folder.
            device: where the network shall lie.
            name: as tables show it; the folder's name where it is not given.
            features: the folder of a feature cache; it serves where the run's encoder was frozen, and the numbers are the same without it.

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
        kept = None
        if features is not None and record.plan.get("unfreeze") == "none" and network.fit == "squash":
            network.encoder.freeze()
            kept = FeatureCache(Path(features), network.encoder, network.size)
        return cls(network, name=name or Path(root).name, trained_on=record.trained_on.get("pictures"), features=kept)

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density of a data set's stimulus, from the cached features where there are some."""
        if self.features is None:
            return super().predict_stimulus(stimulus)
        taps = self.features.taps(stimulus.digest(), False, partial(stimulus.pixels, self.network.size))
        return self.network.predict_taps(taps, stimulus.size)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB."""
        return self.network.predict_pixels(pixels)
