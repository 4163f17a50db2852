"""A folder as a model: the network that run.json, or the card of a checkpoint, describes, with the weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from salquest.encoders import FeatureCache
from salquest.errors import BrokenFile, DataNotFound, InputError, SalquestError
from salquest.gaze import SaliencyMap, Stimulus
from salquest.gaze.pictures import Pixels
from salquest.models.checkpoint_card import CheckpointCard
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.contract import Network
from salquest.models.deep.network import COUNTED, SaliencyNetwork, rebuild_network
from salquest.models.fitting import Size
from salquest.runs import RunFolder


class TrainedNetwork(Network):
    """A network that was trained; its maps are densities.

    Attributes:
        network: the torch module, in eval mode.
        features: what its encoder sees in the stimuli of data sets, kept on disk; None runs the encoder on each.
        card: what is known about it; None for a network that was put together by hand.
    """

    def __init__(
        self,
        network: SaliencyNetwork,
        *,
        name: str,
        trained_on: Mapping[str, str] | None = None,
        features: FeatureCache | None = None,
        card: CheckpointCard | None = None,
    ) -> None:
        self.network, self.name, self.trained_on, self.features = network.eval(), name, dict(trained_on or {}), features
        self.card = card

    @classmethod
    def load(cls, root: str | Path, *, device: str = "cpu", name: str | None = None, features: str | Path | None = None) -> TrainedNetwork:
        """Load a run folder, or the folder of a checkpoint.

        Args:
            root: the folder.
            device: where the network shall lie.
            name: as tables show it; that of the folder, or of the checkpoint's card, where it is not given.
            features: the folder of a feature cache; it serves where the run's encoder was frozen, and the numbers are the same without it.

        Raises:
            DataNotFound: no run, or one without weights yet. BrokenFile: weights of another network, or a broken file. InputError: a run that
                learned labels of pictures.
        """
        folder = CheckpointFolder(Path(root))
        if folder.exists():
            card = folder.read()
            if not folder.weights.is_file():
                raise DataNotFound(f"{root} has no weights.safetensors beside its card")
            network = _on_device(_network_of(card, folder.weights, "card.json"), device)
            return cls(network, name=name or card.name, trained_on=card.pictures, card=card)
        return cls._of_run(RunFolder(Path(root)), device, name or Path(root).name, features)

    @classmethod
    def _of_run(cls, folder: RunFolder, device: str, name: str, features: str | Path | None) -> TrainedNetwork:
        record = folder.read()
        if record.plan.get("task") == "classification":
            raise InputError(
                f"{folder.root} names what pictures show and predicts no map; `salquest dissect --model {folder.root}` looks into its encoder"
            )
        if not folder.weights.is_file():
            raise DataNotFound(
                f"{folder.root} has no weights.safetensors: the run is {record.status} and has finished {record.epochs_done} epochs"
            )
        card = CheckpointCard.of_run(record, name)
        network = _on_device(_network_of(card, folder.weights, "run.json"), device)
        kept = None
        if features is not None and record.plan.get("unfreeze") == "none" and network.fit == "squash":
            network.encoder.freeze()
            kept = FeatureCache(Path(features), network.encoder, network.size)
        return cls(network, name=name, trained_on=card.pictures, features=kept, card=card)

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The density of a data set's stimulus, from the cached features where there are some."""
        if self.features is None:
            return super().predict_stimulus(stimulus)
        taps = self.features.taps(stimulus.digest(), False, partial(stimulus.pixels, self.network.size))
        return self.network.predict_taps(taps, stimulus.size)

    def predict_pixels(self, pixels: Pixels, *, scale: float = 1.0, size: Size | None = None) -> SaliencyMap:
        """The density of a picture given as (H, W, 3) uint8 RGB; `scale` and `size` as in `Network`."""
        return self.network.predict_pixels(pixels, scale=scale, size=size)


def _network_of(card: CheckpointCard, weights: Path, where: str) -> SaliencyNetwork:
    """The network of a card with the tensors of a file, whose shapes are compared before anything of their size is made."""
    # the card's own sizes: those were looked at
    spec = {**card.network, "size": card.size, "map_size": card.map_size, "fit": card.fit}
    try:
        with safe_open(weights, "pt") as stored:
            found = {key: tuple(stored.get_slice(key).get_shape()) for key in stored.keys()}  # noqa: SIM118 (a file, not a mapping)
        with torch.device("meta"):
            wanted = {key: tuple(tensor.shape) for key, tensor in rebuild_network(spec).state_dict().items()}
        if apart := sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key) and not key.endswith(COUNTED)):
            raise BrokenFile(
                f"{weights} does not fit the network of {where}: {apart[0]} is {found.get(apart[0], 'missing')}, "
                f"not {wanted.get(apart[0], 'there')}"
            )
        network = rebuild_network(spec)
        network.load_state_dict(load_file(weights), strict=False)  # but for counters nothing is missing, as was seen above
    except (SafetensorError, RuntimeError, OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, SalquestError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BrokenFile(f"{weights} does not fit the network of {where}: {reason}") from error
    return network


def _on_device(network: SaliencyNetwork, device: str) -> SaliencyNetwork:
    try:
        return network.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"the device {device!r} cannot be used here: {str(error).splitlines()[0]}") from error
