"""Cost of looking into MobileNetV2, ours beside hooks that store everything, in one run: `python benchmarks/dissect.py --data osie=PATH`.

Both see the same pictures, regions and layers and answer NSS at fixations, NSS over regions and IoU of every unit for every category; ours also
answers the other scores, permuted units and other pictures' regions. The plain way stores the maps of all pictures, enlarges each to the
picture's size, and loops over regions. Seconds are of the processor (all threads together), because other programs may share the machine.
Aim: all 640 pictures of OSIE, 17 layers, in under 15 minutes on two cores and 4 GB.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.datasets import DataSet, load_dataset
from salquest.dissection import Settings, Subject, dissect, open_subject, read_annotations
from salquest.dissection.subjects import as_input

LAYERS = [f"features.{number}" for number in range(1, 18)]


def plain(subject: Subject, data: DataSet, layers: Sequence[str], quantile: float) -> dict[str, np.ndarray]:
    """What a person writes on an evening: layer -> (3 scores, categories, units)."""
    stored: dict[str, list[torch.Tensor]] = {layer: [] for layer in layers}
    handles = [
        module.register_forward_hook(lambda _m, _i, answer, layer=layer: stored[layer].append(answer.detach().clone()))
        for layer, module in subject.layers(layers).items()
    ]
    with torch.inference_mode():
        for sample in data:
            subject.network(as_input(sample.stimulus.pixels(), sample.stimulus.size, subject.device))
    for handle in handles:
        handle.remove()
    annotations = read_annotations("own", data)
    regions = [annotations.regions(sample.stimulus) for sample in data]
    names = sorted({name for one in regions for region in one for name in region.categories})
    found = {}
    for layer in layers:
        units = stored[layer][0].shape[1]
        every = torch.cat([maps[0].flatten(1) for maps in stored[layer]], dim=1).numpy()
        thresholds = torch.from_numpy(np.quantile(every, 1 - quantile, axis=1).astype(np.float32))
        sums, counts = np.zeros((2, len(names), units)), np.zeros((2, len(names), 1))
        both, either = np.zeros((len(names), units)), np.zeros((len(names), units))
        for maps, sample, own in zip(stored[layer], data, regions, strict=True):
            size = sample.stimulus.size
            enlarged = F.interpolate(maps, size, mode="bilinear", align_corners=False)[0]
            z = (enlarged - enlarged.mean(dim=(1, 2), keepdim=True)) / enlarged.std(dim=(1, 2), keepdim=True, correction=0)
            on = enlarged > thresholds[:, None, None]
            rows, columns = sample.fixations.rows, sample.fixations.columns
            masks = {name: torch.zeros(size, dtype=torch.bool) for name in names}
            for region in own:
                mask = torch.from_numpy(region.mask(size))
                held = [names.index(name) for name in region.categories]
                for number in held:
                    masks[names[number]] |= mask
                inside = mask[rows, columns].numpy()
                sums[0, held] += z[:, mask].mean(dim=1).numpy()
                counts[0, held] += 1
                if inside.any():
                    sums[1, held] += z[:, rows[inside], columns[inside]].mean(dim=1).numpy()
                    counts[1, held] += 1
            for number, name in enumerate(names):
                both[number] += (on & masks[name]).sum(dim=(1, 2)).numpy()
                either[number] += (on | masks[name]).sum(dim=(1, 2)).numpy()
        found[layer] = np.stack([*(sums / counts), both / either])
    return found


def timed(work: object) -> tuple[float, float]:
    """(seconds on the clock, seconds of the processor)."""
    began, cpu = time.perf_counter(), time.process_time()
    work()  # type: ignore[operator]
    return time.perf_counter() - began, time.process_time() - cpu


def main() -> None:
    """Print the comparison as a Markdown table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", default="osie", help="NAME=PATH, or NAME below SALQUEST_DATA")
    asked.add_argument("--pictures", type=int, default=16, help="for both ways; the plain one stores 9 MB per picture of 512 x 384")
    asked.add_argument("--layers", default=",".join(LAYERS), help="comma-separated; all blocks of MobileNetV2 where it is not given")
    asked.add_argument("--alone", action="store_true", help="only ours, with its random control, as the command does it")
    options = asked.parse_args()
    layers = options.layers.split(",")
    name, _, path = options.data.partition("=")
    data = load_dataset(name, path or None)
    data = data.subset(data.keys[:: max(1, len(data) // options.pictures)][: options.pictures])
    subject = open_subject("mobilenet_v2")
    annotations = read_annotations("own", data)
    control = options.alone
    found = []
    ours = timed(
        lambda: found.append(dissect([subject], annotations, data, layers=layers, control=control, settings=Settings(centred=False)))
    )
    units = sum(len(layer.statistics.mean) for layer in found[0].layers if layer.model == subject.name)
    lines = [("ours, with its controls" if control else "ours", *ours)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not options.alone:
        plainly: list[dict[str, np.ndarray]] = []
        lines.append(("hook and store", *timed(lambda: plainly.append(plain(subject, data, layers, 0.005)))))
        apart = max(
            float(np.nanmax(np.abs(layer.values[score] - plainly[0][layer.layer][number])))
            for layer in found[0].layers
            for number, score in enumerate(("region_nss", "fixation_nss"))
        )
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, Python {platform.python_version()};")
    print(f"{len(data)} pictures, {len(layers)} layers, {units} units; ours took {memory:.0f} MB at most\n")
    print(
        "| | s on the clock | s of the processor | processor ms per picture | µs per picture and unit | 640 pictures, processor minutes |"
    )
    print("|---|---|---|---|---|---|")
    networks = 2 if control else 1
    for title, clock, cpu in lines:
        each = cpu / len(data)
        print(f"| {title} | {clock:.1f} | {cpu:.1f} | {1e3 * each:.0f} | {1e6 * each / units / networks:.0f} | {640 * each / 60:.1f} |")
    if not options.alone:
        print(f"\nNSS differs by {apart:.1g} at most between the two.")


if __name__ == "__main__":
    main()
