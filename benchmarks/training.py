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
import torch.nn.functional as F  # noqa: N812
from rich.progress import track

from salquest.datasets import load_dataset
from salquest.encoders import FeatureCache
from salquest.losses import Objective, parse
from salquest.models.deep.discriminator import Discriminator
from salquest.models.deep.network import SaliencyNetwork, build_network
from salquest.training.adversary import Contest
from salquest.training.balance import Balance
from salquest.training.batches import Batch, Examples, epoch_batches
from salquest.training.fabric import start
from salquest.training.gradients import shared_weight
from salquest.training.loop import Player, supervised, take_turns

SIZE, MAP_SIZE, BATCH, RATE = (240, 320), (60, 80), 8, 1e-4
# of the recipe salgan-table3
CONTEST_SIZE, CONTEST_MAP = (144, 192), (72, 96)


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

        return in_turns(plain_turn, our_turn, epochs, "encoder learns" if learns else "encoder frozen, features cached")


def plain_contest_epoch(
    generator: SaliencyNetwork, judge: Discriminator | None, optimizers: list[torch.optim.Optimizer], stored: list[Batch], order: np.ndarray
) -> None:
    """SalGAN's loop as a person writes it: the discriminator on even batches, the generator on odd ones; or the generator alone."""
    generator.train()
    for step, begin in enumerate(range(0, len(order), BATCH)):
        chosen = [stored[i] for i in order[begin : begin + BATCH]]
        taps = tuple(torch.cat([one.inputs[place] for one in chosen]) for place in range(len(chosen[0].inputs)))
        saliency = torch.cat([one.targets.saliency for one in chosen])
        judged = judge is not None and step % 2 == 0
        optimizer = optimizers[1 if judged else 0]
        if judge is not None:
            pictures = torch.cat([one.pictures for one in chosen])
            judge.requires_grad_(judged)
        if judged:
            with torch.no_grad():
                predicted = torch.sigmoid(generator(taps))
            logits = judge(torch.cat([pictures, pictures]), torch.cat([saliency, predicted]))
            wanted = torch.cat([torch.ones(len(chosen)), torch.zeros(len(chosen))])
            loss = F.binary_cross_entropy_with_logits(logits, wanted)
        else:
            predicted = torch.sigmoid(generator(taps))
            pooled = F.avg_pool2d(predicted[:, None], 4).clamp(1e-7, 1 - 1e-7)
            loss = F.binary_cross_entropy(pooled, F.avg_pool2d(saliency[:, None], 4))
            if judge is not None:
                loss = 0.05 * loss + F.softplus(-judge(pictures, predicted)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()


def compare_contest(adversarial: bool, epochs: int, number: int) -> tuple[float, float, float]:
    """The same for SalGAN in the form of its recipes for two cores: the generator's steps alone, or against the adversary."""
    data = load_dataset("osie-mini")
    data = data.subset(data.keys[:number])
    ours = build_network(
        "salgan",
        encoder="mobilenet_v2",
        taps=("features.13", "features.17"),
        activation="sigmoid",
        size=CONTEST_SIZE,
        map_size=CONTEST_MAP,
        decoder_options={"width": 0.125, "init": "he"},
    )
    ours.encoder.freeze()
    judge = Discriminator(CONTEST_MAP, width=0.5)
    plain, plain_judge = copy.deepcopy(ours), copy.deepcopy(judge)

    def adagrad(network: torch.nn.Module) -> torch.optim.Optimizer:
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        return torch.optim.Adagrad([{"params": learning, "lr": RATE, "peak": RATE}], initial_accumulator_value=1e-6, eps=0.0)

    with tempfile.TemporaryDirectory() as folder:
        examples = Examples(
            data,
            size=CONTEST_SIZE,
            map_size=CONTEST_MAP,
            sigma_px=data.sigma_px,
            with_pictures=True,
            cache=FeatureCache(Path(folder), ours.encoder, CONTEST_SIZE),
        )
        stored = [examples.batch([i], [False], [1.0]) for i in range(len(examples))]
        for one in stored:
            one.targets.saliency  # noqa: B018 (made once, as who writes a loop would)
        fabric = start("cpu")
        network, optimizer = fabric.setup(ours, adagrad(ours))
        wrapped_judge, judge_optimizer = fabric.setup(judge, adagrad(judge))
        balance = Balance(Objective(parse("0.05*bce(downsample=4)" if adversarial else "bce(downsample=4)"), "sigmoid"))
        if adversarial:
            contest = Contest(network, judge, wrapped_judge, balance, weight=1.0, activation="sigmoid", fabric=fabric)
            players = {
                "discriminator": Player(wrapped_judge, judge_optimizer, contest.discriminator_parts),
                "network": Player(network, optimizer, contest.generator_parts),
            }
        else:
            players = {"network": Player(network, optimizer, supervised(network, balance, shared_weight(ours)))}
        plain_optimizers = [adagrad(plain), adagrad(plain_judge)]

        def plain_turn(epoch: int) -> None:
            order = np.random.Generator(np.random.PCG64([0, epoch])).permutation(len(data))
            plain_contest_epoch(plain, plain_judge if adversarial else None, plain_optimizers, stored, order)

        def our_turn(epoch: int) -> None:
            moved = epoch_batches(examples, batch=BATCH, seed=0, epoch=epoch, mirror=False)
            where = {"first_step": 0, "all_steps": 1, "epochs": 1}
            take_turns(players, tuple(players), moved, fabric=fabric, **where, log=lambda report: None)  # type: ignore[arg-type]

        return in_turns(plain_turn, our_turn, epochs, "SalGAN, adversarial" if adversarial else "SalGAN, generator")


def in_turns(plain_turn: Callable[[int], None], our_turn: Callable[[int], None], epochs: int, name: str) -> tuple[float, float, float]:
    """Warm both up, let them take turns, and return the medians."""
    plain_turn(0), our_turn(0)
    times = []
    for epoch in track(range(1, epochs + 1), description=name):
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
    lines: list[str] = []
    speeds: list[str] = []
    for learns in (False, True):
        plain, ours, ratio = compare(learns, options.epochs, options.pictures)
        name = "pictures, encoder learns" if learns else "cached features, encoder frozen"
        lines.append(f"| {name} | {plain:.2f} | {ours:.2f} | {ratio:.3f} |")
    for adversarial in (False, True):
        plain, ours, ratio = compare_contest(adversarial, options.epochs, options.pictures)
        name = "SalGAN, small form, against the adversary" if adversarial else "SalGAN, small form, generator alone"
        rate = options.pictures / ours
        lines.append(f"| {name} | {plain:.2f} | {ours:.2f} | {ratio:.3f} |")
        speeds.append(f"{name}: {rate:.1f} pictures a second")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, Python {platform.python_version()};")
    print(f"{options.pictures} pictures of {SIZE[0]} x {SIZE[1]}, batch {BATCH}, median of {options.epochs} epochs each, in turns\n")
    print("| | plain loop, s an epoch | ours, s an epoch | ratio |\n|---|---|---|---|")
    print("\n".join(lines))
    print("\n" + "; ".join(speeds))


if __name__ == "__main__":
    main()
