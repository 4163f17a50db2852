"""How long a prediction takes, from a cold start and warm, in one run: `python benchmarks/predict.py [--model NAME|FOLDER|FILE]`.

Cold: `salquest predict` on one photograph, from the start of Python to the written map. Warm: a picture of 320x240 in memory to its density at that
size, by torch as it stands (a MobileNetV2 with the same readout, eager), by torch with batch norm folded in and
channels side by side in memory, and by ONNX Runtime with one thread and with two, beside OpenCV's two models of saliency where cv2 is installed.
Then `salquest predict` on a folder of 640x480 JPEGs, beside what it costs only to decode them and to write maps.

Without --model it is what ships; where nothing ships, a network of its form with random weights, on which the time does not depend.
Aims: 3 s cold, 0.6 s of it before the first picture; 12 ms warm on two cores; the folder no slower than decoding and writing allow.
"""

from __future__ import annotations

import argparse
import copy
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from salquest.datasets import load_dataset
from salquest.gaze import read_picture, resize_picture
from salquest.gaze.map_files import encode_map
from salquest.gaze.pictures import Pixels
from salquest.models import load_model
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.models.deep.saving import save_checkpoint
from salquest.models.deep.trained import TrainedNetwork
from salquest.models.onnx_network import OnnxNetwork
from salquest.models.shipped import PREFERRED, shipped_networks
from salquest.runs import RunFolder, RunRecord

SIZE = (240, 320)
PICTURE = (480, 640)
JPEG_QUALITY = 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="the folder of a checkpoint, or a run folder")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as place:
        folder = checkpoint(given.model, Path(place))
        pixels = photographs(1)[0]
        cold(folder, pixels, Path(place), given.starts)
        warm(folder, resize_picture(pixels, SIZE), given.repeats)
        from_disk_to_disk(folder, Path(place), given.pictures)


def checkpoint(model: Path | None, place: Path) -> CheckpointFolder:
    """The folder of the network that is timed."""
    if model is None and PREFERRED in shipped_networks():
        return shipped_networks()[PREFERRED]
    if model is not None and CheckpointFolder(model).exists():
        return CheckpointFolder(model)
    root = place / "checkpoint"
    save_checkpoint(TrainedNetwork.load(model or untrained_run(place / "run")), root, half=True, graph=True)
    return CheckpointFolder(root)


def untrained_run(root: Path) -> Path:
    """A run folder of the shipped network's form with random weights."""
    print(f"no {PREFERRED} ships yet: random weights")
    map_size = (SIZE[0] // 2, SIZE[1] // 2)
    network = build_network("mobile", weights="none", activation="softmax", size=SIZE, map_size=map_size, fit="aspect")
    folder = RunFolder(root)
    folder.write(RunRecord(plan={}, identity="untrained", network=network_spec("mobile", network, {})))
    save_file(network.state_dict(), folder.weights)
    return root


def photographs(number: int) -> list[Pixels]:
    samples = list(load_dataset("osie-mini"))
    return [np.asarray(Image.fromarray(samples[i % len(samples)].stimulus.pixels()).resize(PICTURE[::-1])) for i in range(number)]


def cold(folder: CheckpointFolder, pixels: Pixels, place: Path, starts: int) -> None:
    """Seconds of whole processes, the fastest of several: the first one also fills the disk's cache."""
    picture = place / "photograph.jpg"
    Image.fromarray(pixels).save(picture, quality=JPEG_QUALITY)
    words = ["predict", str(picture), "--model", str(folder.root), "--force", "--out", str(place / "one")]
    loading = (
        "import sys, time; began = time.perf_counter(); from salquest.models import load_model; load_model(sys.argv[1]); "
        "assert 'torch' not in sys.modules; print(time.perf_counter() - began)"
    )
    rows = {
        "python, nothing imported": ["-c", "pass"],
        "salquest --version": ["-m", "salquest", "--version"],
        "the model loaded": ["-c", loading, str(folder.root)],
        "one photograph to a written map": ["-m", "salquest", *words],
    }
    for what, arguments in rows.items():
        seconds = [process(arguments) for _ in range(starts)]
        print(f"cold   {what:34} {min(seconds):6.2f} s   (median {statistics.median(seconds):.2f})")


def process(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def warm(folder: CheckpointFolder, pixels: Pixels, repeats: int) -> None:
    """Milliseconds per picture from pixels to a density of their size."""
    network = TrainedNetwork.load(folder.root).network
    folded = folded_and_channels_last(network)
    torch.set_num_threads(1)
    rows: dict[str, Callable[[], object]] = {
        "torch, eager, 1 thread": lambda: network.predict_pixels(pixels),
        "torch, folded, channels last, 1 thread": lambda: folded.predict_pixels(pixels),
    }
    for threads in (1, 2):
        model = OnnxNetwork.load(folder.root, threads=threads)
        rows[f"ONNX Runtime, {threads} thread{'s'[: threads - 1]}"] = lambda model=model: model.predict_pixels(pixels)
    rows |= opencv(pixels)
    for what, predict in rows.items():
        report_warm(what, predict, repeats)
    torch.set_num_threads(2)
    report_warm("torch, eager, 2 threads", rows["torch, eager, 1 thread"], repeats)
    report_warm("torch, folded, channels last, 2 threads", rows["torch, folded, channels last, 1 thread"], repeats)


def report_warm(what: str, predict: Callable[[], object], repeats: int) -> None:
    for _ in range(5):
        predict()
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        predict()
        spent.append(1000 * (time.perf_counter() - began))
    print(f"warm   {what:42} {min(spent):7.1f} ms   (median {statistics.median(spent):.1f})")


def folded_and_channels_last(network: SaliencyNetwork) -> SaliencyNetwork:
    """Batch norm that follows a convolution becomes part of it, and channels lie side by side."""
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential):
            names = list(module._modules)
            for first, second in pairwise(names):
                if isinstance(module._modules[first], nn.Conv2d) and isinstance(module._modules[second], nn.BatchNorm2d):
                    module._modules[first] = fuse_conv_bn_eval(module._modules[first], module._modules[second])
                    module._modules[second] = nn.Identity()
    return folded.to(memory_format=torch.channels_last)


def opencv(pixels: Pixels) -> dict[str, Callable[[], object]]:
    try:
        import cv2

        spectral, fine = cv2.saliency.StaticSaliencySpectralResidual_create(), cv2.saliency.StaticSaliencyFineGrained_create()
    except (ImportError, AttributeError):
        print("warm   (no cv2.saliency here: pip install opencv-contrib-python-headless)")
        return {}
    cv2.setNumThreads(1)
    return {
        "OpenCV spectral residual": lambda: spectral.computeSaliency(pixels),
        "OpenCV fine-grained": lambda: fine.computeSaliency(pixels),
    }


def from_disk_to_disk(folder: CheckpointFolder, place: Path, number: int) -> None:
    """Milliseconds per picture of a folder, beside what only decoding and writing take with as many threads as there are cores."""
    pictures = place / "pictures"
    pictures.mkdir()
    for index, pixels in enumerate(photographs(number)):
        Image.fromarray(pixels).save(pictures / f"{index:04d}.jpg", quality=JPEG_QUALITY)
    paths = sorted(pictures.iterdir())
    saliency = load_model(folder.root).predict(paths[0])
    lone, cores = (ThreadPoolExecutor(threads) for threads in (1, os.cpu_count() or 1))
    rows: dict[str, Callable[[], object]] = {
        "decoded, one thread": lambda: list(lone.map(read_picture, paths)),
        "decoded, all cores": lambda: list(cores.map(read_picture, paths)),
        "decoded, a map encoded, all cores": lambda: list(
            cores.map(lambda path: (read_picture(path), encode_map(saliency, "png16")), paths)
        ),
        "salquest predict": lambda: process(
            ["-m", "salquest", "predict", str(pictures), "--model", str(folder.root), "--out", str(place / "many")]
        ),
    }
    for what, work in rows.items():
        began = time.perf_counter()
        work()
        spent = time.perf_counter() - began
        print(f"folder {what:42} {1000 * spent / number:7.1f} ms   ({number} pictures of 640x480, {spent:.1f} s)")
    assert len(list((place / "many").glob("*.png"))) == number


if __name__ == "__main__":
    main()
