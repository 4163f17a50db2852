"""Looking inside a network: a context manager whose hooks are gone when its block ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from salquest.errors import InputError


@contextmanager
def watched(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Within the block every forward pass leaves the layers' maps in the dictionary that is handed out.

    A map is copied when its layer answers: a later layer may write over it (ReLU in place). Of a layer that runs several times in one pass
    the last answer stays.

    Returns:
        Layer name -> (B, C, h, w) float32 on the network's device; maps (B, h, w) count as one unit.

    Raises:
        InputError: a layer that answers no maps, while the network runs.
    """
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, answer: Any) -> None:
            if not isinstance(answer, Tensor) or answer.ndim not in (3, 4):
                shape = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
                raise InputError(f"the layer {name} answers {shape}; units are maps, (B, C, h, w)")
            maps = answer if answer.ndim == 4 else answer[:, None]
            found[name] = maps.detach().to(torch.float32, copy=True)

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in layers.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
