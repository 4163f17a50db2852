"""Epoch time of our loop over a plain hand-written PyTorch loop of the same network, in one run: `python benchmarks/training.py`.

Both start from the same weights, see the same pictures in the same order, and take turns epoch by epoch, so that a change of the machine's
load meets both. What is reported is the median of the ratios of neighbouring epochs. Aim: at most 1.05.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from salquest.datasets import load_dataset
from salquest.encoders import FeatureCache
from salquest.losses import Objective, parse
from salquest.models.deep.network import SaliencyNetwork, build_network
from salquest.training.balance import Balance
from salquest.training.batches import Examples, epoch_batches
from salquest.training.fabric import start
from salquest.training.gradients import shared_weight
from salquest.training.loop import Player, supervised, take_turns

SIZE, MAP_SIZE, BATCH, RATE = (240, 320), (60, 80), 8, 1e-4


def plain_epoch(
    network: SaliencyNetwork, optimizer: torch.optim.Optimizer, inputs: list, densities: torch.Tensor, order: np.ndarray
) -> None:
    """What a person writes on an evening: index, forward, KL divergence, backward, step."""
    network.train()
    for begin in range(0, len(order), BATCH):
        chosen = torch.from_numpy(order[begin : begin + BATCH])
        batch = inputs[0][chosen].float() / 255 if len(inputs) == 1 else tuple(tap[chosen] for tap in inputs)
        prediction = torch.sigmoid(network(batch))
        share = prediction / prediction.sum(dim=(1, 2), keepdim=True)
        target = densities[chosen]
        loss = (target * torch.log(1e-7 + target / (share + 1e-7))).sum(dim=(1, 2)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()  # a loop that shows its loss waits for it, as ours does


def our_epoch(player: Player, examples: Examples, fabric: object, epoch: int) -> None:
    """One epoch of the package's loop, mirroring off so that both loops do the same work."""
    batches = epoch_batches(examples, batch=BATCH, seed=0, epoch=epoch, mirror=False)
    device = fabric.device  # type: ignore[attr-defined]
    moved = (batch.to(device) for batch in batches)
    where = {"first_step": 0, "all_steps": 1, "epochs": 1}
    take_turns({"network": player}, ("network",), moved, fabric=fabric, **where, log=lambda report: None)  # type: ignore[arg-type]


def compare(learns: bool, epochs: int, pictures: int) -> tuple[float, float, float]:
    """(median seconds of the plain epoch, of ours, median ratio)."""
    data = load_dataset("osie-mini")
    data = data.subset(data.keys[:pictures])
    ours = build_network("bruckert", encoder="mobilenet_v2", activation="sigmoid", size=SIZE, map_size=MAP_SIZE)
    if not learns:
        ours.encoder.freeze()
    plain = copy.deepcopy(ours)
    with tempfile.TemporaryDirectory() as folder:
        cache = None if learns else FeatureCache(Path(folder), ours.encoder, SIZE)
        examples = Examples(data, size=SIZE, map_size=MAP_SIZE, sigma_px=data.sigma_px, cache=cache)
        everything = [examples.batch([i], [False], [1.0]) for i in range(len(examples))]
        densities = torch.cat([batch.targets.density for batch in everything])
        if learns:
            inputs = [torch.cat([(batch.inputs * 255).round().to(torch.uint8) for batch in everything])]
        else:
            inputs = [torch.cat(taps) for taps in zip(*(batch.inputs for batch in everything), strict=True)]
        del everything
        fabric = start("cpu")
        chosen = [[p for p in network.parameters() if p.requires_grad] for network in (ours, plain)]
        our_optimizer, plain_optimizer = (torch.optim.Adam([{"params": parameters, "lr": RATE, "peak": RATE}]) for parameters in chosen)
        network, optimizer = fabric.setup(ours, our_optimizer)
        balance = Balance(Objective(parse("kld"), "sigmoid"))
        player = Player(network, optimizer, supervised(network, balance, shared_weight(ours)))

        def plain_turn(epoch: int) -> None:
            order = np.random.Generator(np.random.PCG64([0, epoch])).permutation(len(data))
            plain_epoch(plain, plain_optimizer, inputs, densities, order)

        def our_turn(epoch: int) -> None:
            our_epoch(player, examples, fabric, epoch)

        plain_turn(0), our_turn(0)  # warm up
        times = []
        for epoch in track(range(1, epochs + 1), description="encoder learns" if learns else "encoder frozen, features cached"):
            turns: list[Callable[[int], None]] = [plain_turn, our_turn] if epoch % 2 else [our_turn, plain_turn]
            seconds = {}
            for turn in turns:
                began = time.perf_counter()
                turn(epoch)
                seconds[turn] = time.perf_counter() - began
            times.append((seconds[plain_turn], seconds[our_turn]))
    return (
        statistics.median(t[0] for t in times),
        statistics.median(t[1] for t in times),
        statistics.median(t[1] / t[0] for t in times),
    )


def main() -> None:
    """Print the comparison as a Markdown table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--epochs", type=int, default=9)
    asked.add_argument("--pictures", type=int, default=80)
    options = asked.parse_args()
    lines = []
    for learns in (False, True):
        plain, ours, ratio = compare(learns, options.epochs, options.pictures)
        name = "pictures, encoder learns" if learns else "cached features, encoder frozen"
        lines.append(f"| {name} | {plain:.2f} | {ours:.2f} | {ratio:.3f} |")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, Python {platform.python_version()};")
    print(f"{options.pictures} pictures of {SIZE[0]} x {SIZE[1]}, batch {BATCH}, median of {options.epochs} epochs each, in turns\n")
    print("| | plain loop, s an epoch | ours, s an epoch | ratio |\n|---|---|---|---|")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
