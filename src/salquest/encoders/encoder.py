"""Encoder: a pretrained network cut open at named taps, with its normalisation inside and its batch norm kept still."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from salquest.encoders.cards import Normalisation, Padding, Tap
from salquest.errors import InputError, UnknownName

BatchNorm = Literal["eval", "train"]


class Encoder(nn.Module):
    """Pictures in, the features of the chosen taps out.

    Stages are the modules of the list of features, the deepest tap's being the last: nothing beyond it is built, stored or computed.
    A new encoder is trainable throughout; `freeze` and `unfreeze` say which stages learn.

    Attributes:
        features: the stages; state-dict keys are `features.N...`, torchvision's where its network is one list too.
        name, taps, channels, strides: of the taps, in the order of the network.
        stages: names of the stages, in the order of the network.
        weights_digest: SHA-256 of the weights file, or "random-seed-N".
        normalisation, padding: what belongs to the weights.
        batch_norm: "eval": running statistics are used and never changed, whatever `train()` is told; "train": stages that learn
            follow `train()`. The scale and the shift of a batch norm are parameters of its stage in both cases.
        dilated: the last strides are replaced by dilation.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        features: nn.Module,
        taps: Sequence[Tap],
        stages: Sequence[str],
        *,
        name: str,
        weights_digest: str,
        normalisation: Normalisation,
        padding: Padding | None,
        batch_norm: BatchNorm = "eval",
        dilated: bool = False,
    ) -> None:
        super().__init__()
        if batch_norm not in get_args(BatchNorm):
            raise InputError(f"batch norm of an encoder is 'eval' or 'train', not {batch_norm!r}")
        self.features = features
        self.name, self.weights_digest = name, weights_digest
        self.normalisation, self.padding, self.batch_norm, self.dilated = normalisation, padding, batch_norm, dilated
        self.taps = tuple(tap.name for tap in taps)
        self.channels = tuple(tap.channels for tap in taps)
        self.strides = tuple(tap.stride for tap in taps)
        self.stages = tuple(stages)
        self._tapped = frozenset(tap.index for tap in taps)
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(normalisation.std).view(1, 3, 1, 1), persistent=False)
        self.train(False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Features of the taps.

        Args:
            pictures: RGB in 0..1, (B, 3, H, W), of any size from one cell of the deepest tap on.

        Returns:
            One tensor (B, channels[i], H / strides[i], W / strides[i]) per tap, sizes rounded as the network rounds.

        Raises:
            InputError: another shape, or a picture smaller than the deepest stride.
        """
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise InputError(f"an encoder reads pictures of (B, 3, H, W); found {tuple(pictures.shape)}")
        if min(pictures.shape[-2:]) < max(self.strides):
            raise InputError(
                f"{self.name} up to {self.taps[-1]} reads pictures of {max(self.strides)} pixels or more a side; "
                f"found {pictures.shape[-2]} x {pictures.shape[-1]} (H x W)"
            )
        return self._features_of((pictures - self.mean) / self.std)

    def _features_of(self, normalised: Tensor) -> tuple[Tensor, ...]:
        found = []
        for index, stage in enumerate(self._stage_modules()):
            normalised = stage(normalised)
            if index in self._tapped:
                found.append(normalised)
        return tuple(found)

    def _stage_modules(self) -> list[nn.Module]:
        return list(self.features.children())

    def freeze(self) -> Self:
        """No stage learns, and no batch norm moves."""
        self.requires_grad_(False)
        for parameter in self.parameters():
            parameter.grad = None
        return self.train(self.training)

    def unfreeze(self, stages: str | Sequence[str] | None = None) -> Self:
        """Let stages learn, besides those that already do.

        Args:
            stages: None for all; one name for that stage and every deeper one; a list for exactly the stages named.
                A stage goes by its name in `stages` or by its place, `features.N`.

        Raises:
            UnknownName: no stage has that name, or it lies beyond the deepest tap.
        """
        modules = self._stage_modules()
        if stages is None:
            chosen = modules
        elif isinstance(stages, str):
            chosen = modules[self._place(stages) :]
        else:
            chosen = [modules[self._place(stage)] for stage in stages]
        for module in chosen:
            module.requires_grad_(True)
        return self.train(self.training)

    def _place(self, stage: str) -> int:
        places = {f"features.{index}": index for index in range(len(self.stages))} | {name: index for index, name in enumerate(self.stages)}
        if stage not in places:
            raise UnknownName(f"stage of {self.name}", stage, self.stages)
        return places[stage]

    @property
    def is_frozen(self) -> bool:
        """No parameter learns."""
        return not any(parameter.requires_grad for parameter in self.parameters())

    def train(self, mode: bool = True) -> Self:
        """As torch's, but batch norm stays in eval mode unless `batch_norm` is "train" and its stage learns."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                learns = any(parameter.requires_grad for parameter in module.parameters())
                module.train(mode and self.batch_norm == "train" and learns)
        return self

    def parameters_digest(self) -> str:
        """SHA-256 of the tensors in memory, by which a rebuilt or trained encoder is told from the file that it once came from."""
        digest = hashlib.sha256()
        for key, value in sorted(self.state_dict().items()):
            if not key.endswith("num_batches_tracked"):  # counted in train mode, read by nobody
                digest.update(f"{key} {tuple(value.shape)}".encode())
                digest.update(value.cpu().contiguous().numpy().data)
        return digest.hexdigest()

    def spec(self) -> dict[str, Any]:
        """All that `rebuild_encoder` needs besides the tensors of the state dict, ready for JSON."""
        return {
            "name": self.name,
            "taps": list(self.taps),
            "weights_digest": self.weights_digest,
            "mean": list(self.normalisation.mean),
            "std": list(self.normalisation.std),
            "padding": self.padding,
            "batch_norm": self.batch_norm,
            "dilated": self.dilated,
        }
