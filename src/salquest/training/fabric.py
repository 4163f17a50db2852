"""The one file that knows Lightning Fabric: device, precision and processes."""

from __future__ import annotations

import os
import warnings

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from salquest.errors import InputError

__all__ = ["Fabric", "start"]


def start(device: str = "auto", precision: str = "32-true") -> Fabric:
    """Fabric on one device, or on all processes that torchrun or SLURM started.

    Args:
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        precision: "32-true", "bf16-mixed" or "16-mixed".

    Raises:
        InputError: the device is not there.
    """
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps"):
        raise InputError(f"no device is called {device!r}; there are: auto, cpu, cuda, cuda:N, mps")
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError("the device cuda is not here (torch finds no GPU); use --device cpu")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InputError("the device mps is not here; use --device cpu")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    devices: int | list[int] = [int(number)] if number else processes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Fabric's advice on environments that are not ours
        fabric = Fabric(
            accelerator=kind,
            devices=devices,
            num_nodes=max(1, world // processes),
            precision=precision,  # type: ignore[arg-type]
            strategy=DDPStrategy(broadcast_buffers=False) if world > 1 else "auto",
        )
        fabric.launch()
    return fabric
