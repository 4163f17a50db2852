"""Subjects: networks whose layers are looked into, whatever they are wrapped in, and their twins with random weights."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from salquest.encoders import ENCODERS, Encoder, build_encoder
from salquest.encoders.timm_encoder import PREFIX, TimmEncoder
from salquest.errors import InputError, UnknownName, nearest
from salquest.gaze import resize_picture
from salquest.gaze.pictures import Pixels
from salquest.models import Model, load_model
from salquest.models.deep.label_network import LabelNetwork, load_label_network, names_pictures
from salquest.models.deep.network import SaliencyNetwork
from salquest.models.deep.trained import TrainedNetwork
from salquest.models.fitting import Fit, fitted_size
from salquest.runs import RunFolder

Size = tuple[int, int]
_ENCODER = "encoder."


class Subject:
    """A network with named layers.

    Layers go by the names of its modules; those of an encoder inside a network go by their names in the encoder, so that the same layer has
    the same name before and after training. A stage's own name (`relu5_3`) stands for its module too.

    Attributes:
        name: as tables show it.
        network: a bare encoder, or a whole network around one.
        stages: the encoder's stages, in the order of the network: the layers that are looked into where none are named.
        nominal, fit: the size that the network was made for and how pictures are brought to it; None for a bare encoder, which reads any.
    """

    def __init__(self, name: str, network: Encoder | SaliencyNetwork | LabelNetwork) -> None:
        self.name, self.network = name, network.eval()
        encoder = network if isinstance(network, Encoder) else network.encoder
        self._modules = {path.removeprefix(_ENCODER): module for path, module in network.named_modules() if path}
        children = list(encoder.features.children())
        if len(children) == len(encoder.stages):
            self._modules |= dict(zip(encoder.stages, children, strict=True))
        self.stages = tuple(stage for stage in encoder.stages if stage in self._modules)
        self.nominal: Size | None = None if isinstance(network, Encoder) else network.size
        self.fit: Fit = "squash" if isinstance(network, Encoder) else network.fit

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return next(self.network.parameters()).device

    @property
    def predictor(self) -> SaliencyNetwork:
        """The whole network, which answers saliency maps. Raises InputError: it answers none."""
        if not isinstance(self.network, SaliencyNetwork):
            kind = "an encoder" if isinstance(self.network, Encoder) else "a network that names what pictures show"
            raise InputError(
                f"{self.name} is {kind}: it predicts no map on which an effect could be measured; name a run folder of saliency or a network "
                "that ships"
            )
        return self.network

    def layers(self, names: Sequence[str]) -> dict[str, nn.Module]:
        """The modules of these names.

        Raises:
            UnknownName: no layer has one of them; the nearest is offered, and the stages are listed.
        """
        for name in names:
            if name not in self._modules:
                raise _NoLayer(self.name, name, self._modules, self.stages)
        return {name: self._modules[name] for name in names}

    def front(self, layers: Iterable[nn.Module]) -> nn.Module:
        """What pictures (B, 3, H, W) in 0..1 have to go through for these layers to run, and no more.

        It is the encoder up to the deepest of them where all are in its stages, else the whole network.
        """
        encoder = self.network if isinstance(self.network, Encoder) else self.network.encoder
        children = list(encoder.features.children())
        if isinstance(encoder, TimmEncoder):  # its stages need not run one after the other
            return encoder if _holds(encoder, layers) else self.network
        depths = [next((depth for depth, child in enumerate(children, start=1) if _holds(child, [layer])), None) for layer in layers]
        known = [depth for depth in depths if depth is not None]
        return _Front(encoder, max(known, default=1)) if len(known) == len(depths) else self.network


class _Front(nn.Module):
    """The first stages of an encoder, with its normalisation of pictures."""

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: Encoder, depth: int) -> None:
        super().__init__()
        self.stages = nn.Sequential(*list(encoder.features.children())[:depth])
        self.register_buffer("mean", encoder.mean)
        self.register_buffer("std", encoder.std)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in 0..1 to the last stage's features."""
        normalised: Tensor = self.stages((pictures - self.mean) / self.std)
        return normalised


def _holds(outer: nn.Module, layers: Iterable[nn.Module]) -> bool:
    inside = set(outer.modules())
    return all(layer in inside for layer in layers)


def network_digest(network: nn.Module) -> str:
    """SHA-256 of an architecture and of every number in it, batch norm's statistics and the normalisation of pictures included."""
    digest = hashlib.sha256(repr(network).encode())
    for key, value in sorted([*network.named_parameters(), *network.named_buffers()]):
        if not key.endswith("num_batches_tracked"):  # counted in train mode, read by nobody
            digest.update(f"{key} {tuple(value.shape)} {value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


class _NoLayer(UnknownName):
    """A layer that is not there: the nearest among all modules, the stages as the list to choose from."""

    def __init__(self, subject: str, name: str, modules: Iterable[str], stages: Sequence[str]) -> None:
        super().__init__(f"layer of {subject}", name, stages)
        self.args = (f"{subject} has no layer called {name!r}{nearest(name, modules)}; its stages are: {', '.join(stages)}",)


def open_subject(word: str | Path | Subject, *, device: str = "cpu") -> Subject:
    """The network that a word means.

    Args:
        word: an encoder's name with its ImageNet weights (`mobilenet_v2`, `timm:NAME`), `ENCODER@WEIGHTS` with others (a name on its card,
            a file, or `none`), a run folder of either task, or whatever else `load_model` takes: a shipped network, hf://owner/name.
        device: where it shall lie.

    Raises:
        InputError: a model without layers, such as a classical one. UnknownName, DataNotFound, BrokenFile: as `build_encoder`, `load_model`.
    """
    if isinstance(word, Subject):
        return word
    text = str(word)
    encoder, _, weights = text.partition("@")
    if encoder in ENCODERS or encoder.startswith(PREFIX):
        taps = (ENCODERS[encoder].taps[-1].name,) if encoder in ENCODERS else None
        return Subject(text, build_encoder(encoder, weights=weights or "imagenet", taps=taps).to(torch.device(device)))
    if names_pictures(folder := RunFolder(Path(text).expanduser())):
        return Subject(folder.root.name, load_label_network(folder.root, device=device))
    return subject_of(load_model(word, device=device, runtime=None if _is_by_name(text) else "torch"), device=device)


def _is_by_name(text: str) -> bool:
    from salquest.models import MODELS
    from salquest.models.shipped import shipped_networks

    return text in MODELS and text not in shipped_networks()


def subject_of(model: Model, *, device: str = "cpu") -> Subject:
    """A loaded model as a subject. Raises InputError: it has no layers."""
    if not isinstance(model, TrainedNetwork):
        raise InputError(f"{model.name} is no network: it has no units to look into; name an encoder (mobilenet_v2) or a trained network")
    model.network.to(torch.device(device))
    return Subject(model.name, model.network)


def common_stages(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """The stages that all networks have, in their order. Raises InputError: there is none."""
    shared = [stage for stage in subjects[0].stages if all(stage in other.stages for other in subjects)]
    if not shared:
        names = ", ".join(subject.name for subject in subjects)
        raise InputError(f"{names} have no stage of one name in common: look into them one by one, or name layers that all have")
    return tuple(shared)


def named_apart(subjects: Sequence[Subject]) -> list[Subject]:
    """Two networks of one name are told apart by a number."""
    seen: dict[str, int] = {}
    for subject in subjects:
        seen[subject.name] = seen.get(subject.name, 0) + 1
        if seen[subject.name] > 1:
            subject.name = f"{subject.name} ({seen[subject.name]})"
    return list(subjects)


def as_input(pixels: Pixels, size: Size, device: torch.device) -> Tensor:
    """A picture (H, W, 3) as what networks read: (1, 3, h, w) in 0..1, brought to (height, width)."""
    resized = torch.from_numpy(np.array(resize_picture(pixels, size)))
    return resized.to(device).permute(2, 0, 1)[None].float() / 255


def input_size(subjects: Sequence[Subject], picture: Size, asked: Size | None = None) -> Size:
    """The (height, width) at which a picture enters all subjects: the one that was asked for, else the first one that a subject was made
    for, else the picture's own.
    """
    if asked is not None:
        return asked
    made = next((subject for subject in subjects if subject.nominal is not None), None)
    return picture if made is None or made.nominal is None else fitted_size(made.nominal, picture, made.fit)


def random_twin(subject: Subject, inputs: Iterable[Tensor], *, seed: int = 0) -> Subject:
    """The same network with random weights: what its architecture does to pictures without having learnt anything.

    Convolutions and linear layers are drawn from a Gaussian by the inputs of one output (He 2015), biases are 0, other layers start as
    torch starts them. Then batch norm takes its statistics over the given pictures, layer after layer: with its starting ones (0 and 1)
    activations would die away or grow through the depth.

    Args:
        subject: stays as it is.
        inputs: pictures (1, 3, H, W) in 0..1.
        seed: of the weights; torch's global generator is left as it was.
    """
    network = copy.deepcopy(subject.network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in network.modules():
            _draw(module)
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.momentum = None  # the mean over the pictures
        norm.training = True
    with torch.inference_mode():
        for picture in inputs:
            network(picture)
    for norm in norms:
        norm.training = False
    return Subject(f"{subject.name}, random weights", network)


def _draw(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        with torch.no_grad():
            # drawn on the CPU, so that every device has the same twin
            drawn = torch.randn(module.weight.shape) * math.sqrt(2 / module.weight[0].numel())
            module.weight.copy_(drawn)
            if module.bias is not None:
                module.bias.zero_()
    elif callable(start := getattr(module, "reset_parameters", None)):
        start()
