"""What resuming needs, written after every epoch: a folder that appears whole, safetensors and JSON, no pickle.

state/epoch-0007/network.safetensors      what learns (a frozen encoder is not repeated here)
state/epoch-0007/balance.safetensors      weights of the loss' terms, where they are measured or learned
state/epoch-0007/average.safetensors      running mean of what learns, where a plan asks for it
state/epoch-0007/discriminator.safetensors   the adversary, where a plan has one
state/epoch-0007/optimizer.safetensors
state/epoch-0007/progress.json            epoch, log so far, best epoch, the optimiser's numbers
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from salquest.errors import BrokenFile
from salquest.runs import write_bytes, write_folder
from salquest.training.averaging import Average
from salquest.training.balance import Balance
from salquest.training.task import Learner

_NAME = "epoch-{:04d}"


def save_state(
    folder: Path,
    epoch: int,
    network: Learner,
    balance: Balance,
    optimizers: Mapping[str, torch.optim.Optimizer],
    progress: Mapping[str, Any],
    average: Average | None = None,
    judge: nn.Module | None = None,
) -> None:
    """Write the state after an epoch and remove the ones before it; a kill at any moment leaves one whole state."""
    target = folder / _NAME.format(epoch)
    if target.exists():  # the same epoch, done again after a kill between renaming and tidying up
        shutil.rmtree(target)

    def fill(temporary: Path) -> None:
        (temporary / "network.safetensors").write_bytes(save(_learned(network)))
        (temporary / "balance.safetensors").write_bytes(
            save({name: value.contiguous().cpu() for name, value in balance.state_dict().items()})
        )
        if average is not None:
            (temporary / "average.safetensors").write_bytes(save(average.tensors(), metadata={"steps": str(average.steps)}))
        if judge is not None:
            (temporary / "discriminator.safetensors").write_bytes(
                save({name: value.contiguous().cpu() for name, value in judge.state_dict().items()})
            )
        tensors: dict[str, Tensor] = {}
        numbers: dict[str, Any] = {}
        for name, optimizer in optimizers.items():
            content = optimizer.state_dict()
            for index, entries in content["state"].items():
                tensors |= {
                    f"{name}/{index}/{key}": value.clone().contiguous() for key, value in entries.items() if isinstance(value, Tensor)
                }
            numbers[name] = [
                {k: v for k, v in group.items() if k != "params"} | {"params": group["params"]} for group in content["param_groups"]
            ]
        (temporary / "optimizer.safetensors").write_bytes(save(tensors))
        (temporary / "progress.json").write_text(json.dumps({"epoch": epoch, "groups": numbers, **progress}), encoding="utf-8")

    write_folder(target, fill)
    for other in folder.iterdir():
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def load_state(
    folder: Path,
    network: Learner,
    balance: Balance,
    optimizers: Mapping[str, torch.optim.Optimizer],
    average: Average | None = None,
    judge: nn.Module | None = None,
) -> dict[str, Any] | None:
    """Bring all of them to the last whole state, and return its progress; None where there is none.

    An optimiser that the state does not know is left as it starts: its turn has not come yet.

    Raises:
        BrokenFile: the state is of another network or cannot be read.
    """
    found = sorted(path for path in folder.glob("epoch-*") if path.is_dir()) if folder.is_dir() else []
    if not found:
        return None
    latest = found[-1]
    try:
        network.load_state_dict(load_file(latest / "network.safetensors"), strict=False)
        balance.load_state_dict(load_file(latest / "balance.safetensors"))
        if average is not None:
            with safe_open(latest / "average.safetensors", framework="pt") as opened:
                average.load({name: opened.get_tensor(name) for name in opened.keys()}, int(opened.metadata()["steps"]))  # noqa: SIM118
        if judge is not None:
            judge.load_state_dict(load_file(latest / "discriminator.safetensors"))
        tensors = load_file(latest / "optimizer.safetensors")
        progress: dict[str, Any] = json.loads((latest / "progress.json").read_text(encoding="utf-8"))
        for name in optimizers.keys() & progress["groups"].keys():
            optimizer = optimizers[name]
            state: dict[int, dict[str, Tensor]] = {}
            for path, value in tensors.items():
                owner, index, key = path.split("/")
                if owner == name:
                    state.setdefault(int(index), {})[key] = value
            optimizer.load_state_dict({"state": state, "param_groups": progress["groups"][name]})
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise BrokenFile(f"{latest} cannot be taken up again: {str(error).splitlines()[0]}; start anew with --force") from error
    return progress


def save_weights(path: Path, network: Learner) -> None:
    """Write all tensors of a network, encoder included, so that the file needs no other; whole or not at all."""
    write_bytes(path, save({name: value.contiguous().cpu() for name, value in network.state_dict().items()}))


def learned_names(network: Learner) -> list[str]:
    """Names of the tensors that training may change: all but the frozen parameters and, with a frozen encoder, its unmoved buffers."""
    fixed = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    frozen = {"encoder." + name for name in network.encoder.state_dict()} if network.encoder.is_frozen else set()
    return [name for name in network.state_dict() if name not in fixed | frozen]


def _learned(network: Learner) -> dict[str, Tensor]:
    state = network.state_dict()
    return {name: state[name].clone().contiguous().cpu() for name in learned_names(network)}
