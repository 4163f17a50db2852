"""Wall time of all 27 losses of the paper's table over that of one loss trained the ordinary way, in one run: `python benchmarks/quest.py`.

Ordinary: the frozen encoder in the loop, every picture encoded in every epoch. The quest: every picture encoded once as it is and once
mirrored, then one decoder per loss from the cached taps. Both do the same number of epochs on the same pictures, with VGG-16 at 300x400
unless told otherwise; its weights are drawn at random, since the time does not depend on them. Aim: under 6.

Also: a step of several decoders stacked (torch.func.vmap) over the same steps one after the other, which says how heads are best trained.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.progress import track

from salquest.datasets import DataSet, load_dataset
from salquest.encoders import FeatureCache
from salquest.losses import Targets
from salquest.models.deep.network import build_network
from salquest.quest import find_recipe
from salquest.training.balance import Balance
from salquest.training.batches import Examples, epoch_batches
from salquest.training.fabric import start
from salquest.training.gradients import shared_weight
from salquest.training.loop import Player, supervised, take_turns
from salquest.training.optimisation import build_optimizer
from salquest.training.plan import TrainingPlan


def train_once(plan: TrainingPlan, data: DataSet, epochs: int, cache: Path | None) -> tuple[float, float]:
    """Seconds for encoding and for training; without a cache the encoder is in the loop."""
    network = build_network(
        plan.network,
        encoder=plan.encoder,
        weights=plan.weights,
        activation=plan.activation,
        size=plan.size,
        map_size=plan.map_size,
        seed=plan.seed,
        decoder_options=plan.decoder,
    )
    network.encoder.freeze()
    balance = Balance(plan.objective())
    fabric = start("cpu")
    began = time.perf_counter()
    features = FeatureCache(cache, network.encoder, plan.size) if cache is not None else None
    examples = Examples(
        data, size=plan.size, map_size=plan.map_size or plan.size, sigma_px=data.sigma_px, cache=features, mirrored_too=plan.mirror
    )
    encoded = time.perf_counter() - began
    wrapped, optimizer = fabric.setup(network, build_optimizer(plan, network, balance))
    player = Player(wrapped, optimizer, supervised(wrapped, balance, shared_weight(network)))
    began = time.perf_counter()
    for epoch in range(1, epochs + 1):
        batches = epoch_batches(examples, batch=plan.batch, seed=0, epoch=epoch, mirror=plan.mirror)
        take_turns(
            {"network": player}, ("network",), batches, fabric=fabric, first_step=0, all_steps=1, epochs=epochs, log=lambda report: None
        )
    return encoded, time.perf_counter() - began


def stacked_over_sequential(plan: TrainingPlan, heads: int, batch: int) -> float:
    """Seconds of one gradient of several decoders under vmap over those of the decoders one by one, on made-up taps."""
    networks = [
        build_network(
            plan.network,
            encoder=plan.encoder,
            weights="none",
            activation=plan.activation,
            size=plan.size,
            seed=seed,
            decoder_options={**plan.decoder, "dropout": 0.0},
        ).decoder
        for seed in range(heads)
    ]
    rows, columns = plan.size[0] // 8, plan.size[1] // 8
    taps = tuple(torch.rand(batch, channels, rows, columns) for channels in networks[0].channels)  # type: ignore[union-attr]
    parameters, buffers = torch.func.stack_module_state(networks)

    def value(state: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.func.functional_call(networks[0], (state, other), (taps,)).square().mean()

    stacked = torch.func.vmap(torch.func.grad(value), in_dims=(0, 0))

    def one_by_one() -> None:
        for network in networks:
            network(taps).square().mean().backward()

    return least(lambda: stacked(parameters, buffers)) / least(one_by_one)


def least(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few times, in seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="vgg16")
    parser.add_argument("--size", type=int, nargs=2, default=(300, 400), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--heads", type=int, default=4, help="decoders that are stacked")
    asked = parser.parse_args()
    data = load_dataset("osie-mini")
    data = data.subset(data.keys[: asked.pictures])
    recipe, _ = find_recipe("bruckert-table2-vgg16")
    size = (asked.size[0], asked.size[1])
    plans = {
        run.name: TrainingPlan(loss=run.plan.loss, encoder=asked.encoder, weights="none", size=size, batch=asked.pictures).resolved()
        for run in recipe.expanded()
        if run.way == recipe.ways[0].name and run.seed == recipe.seeds[0]
    }
    targets = Targets(torch.rand(1, 64, 64), torch.ones(1, 64, 64), prior=torch.rand(64, 64), elsewhere=torch.ones(64, 64))
    for plan in plans.values():  # encoders of perceptual losses are built once, outside of the clock
        plan.objective()(torch.zeros(1, 64, 64), targets)
    with tempfile.TemporaryDirectory() as folder:
        _, ordinary = train_once(plans["BCE"], data, asked.epochs, None)
        seconds = {}
        encoding = 0.0
        for name, plan in track(plans.items(), description="losses"):
            encoded, seconds[name] = train_once(plan, data, asked.epochs, Path(folder))
            encoding += encoded
    whole = encoding + sum(seconds.values())
    ratio = stacked_over_sequential(plans["BCE"], asked.heads, asked.pictures)
    print(f"{platform.machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{asked.encoder} at {size[0]}x{size[1]}, {asked.pictures} pictures, {asked.epochs} epochs, {len(plans)} losses")
    print(f"one loss, encoder in the loop: {ordinary:.1f} s")
    print(f"quest: encoding {encoding:.1f} s, decoders {sum(seconds.values()):.1f} s; dearest:", end=" ")
    print(", ".join(f"{name} {seconds[name]:.1f} s" for name in sorted(seconds, key=seconds.get, reverse=True)[:4]))  # type: ignore[arg-type]
    print(f"ratio: {whole / ordinary:.2f} (aim: under 6); without losses that see through the encoder: ", end="")
    seeing = {name for name, plan in plans.items() if {"df", "gm"} & {term.name for term in plan.objective().expression.terms}}
    cheap = encoding + sum(value for name, value in seconds.items() if name not in seeing)
    print(f"{cheap / ordinary:.2f}")
    print(f"{asked.heads} decoders stacked over one after the other: {ratio:.2f}")


if __name__ == "__main__":
    main()
