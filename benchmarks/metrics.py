"""Time per picture of our metrics beside pysaliency 0.2.22, plain numpy and plain torch, in one run: `python benchmarks/metrics.py`.

pysaliency runs in an environment of its own (it needs numpy < 2.4), which is made here once, in the cache folder. All four take turns at the same
pictures, so that a change of the machine's load meets all; what is told is the smallest CPU time of several turns, on one thread.
pysaliency and the plain formulations are given what helps them: bare functions without model objects, maps already in their type.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is imported; threads would hide the work

import argparse
import json
import math
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from salquest.gaze import Fixations, blur, fixation_density
from salquest.metrics import METRICS, Target, emd, scores
from salquest.metrics.earth_mover import euclidean
from salquest.runs import cache_folder

SEVEN = ("ig", "auc", "auc_shuffled", "nss", "cc", "kl", "sim")
TIMED = (*SEVEN, "auc_judd", "auc_borji")
SIZES = ((480, 640), (768, 1024))
FIXATIONS, OTHERS = 100, 1000
PACKAGES = ("setuptools<81", "wheel", "cython", "numpy<2.4", "numba", f"torch=={torch.__version__.split('+')[0]}")
EPS = 2.2204e-16

Scene = dict[str, np.ndarray]
Timed = tuple[float, list[float]]


def make_scene(size: tuple[int, int], pictures: int) -> Scene:
    """Smooth maps, distinct fixations drawn from them, observed densities, a centre bias, fixations on other pictures."""
    draw = np.random.default_rng(0)
    height, width = size
    rows: dict[str, list] = {name: [] for name in ("saliency", "density", "baseline", "x", "y", "other_x", "other_y")}
    centre = fixation_density(Fixations([(width - 1) / 2], [(height - 1) / 2], size), sigma_px=width / 5)
    for _ in range(pictures):
        saliency = np.exp(60 * blur(draw.standard_normal(size), width / 40))
        cells = draw.choice(saliency.size, FIXATIONS, replace=False, p=saliency.reshape(-1) / saliency.sum())
        looked = Fixations(cells % width, cells // width, size)
        others = draw.choice(saliency.size, OTHERS, p=centre.reshape(-1))
        found = (
            saliency,
            fixation_density(looked, sigma_px=24),
            centre + 1e-9,
            looked.columns,
            looked.rows,
            others % width,
            others // width,
        )
        for name, value in zip(rows, found, strict=True):
            rows[name].append(value)
    return {name: np.stack(values) for name, values in rows.items()}


def make_target(scene: Scene, size: tuple[int, int], form: Callable[[np.ndarray], Any]) -> Target:
    """The scene as our metrics take it; one picture is handed over as one picture."""
    fixations = [Fixations(x, y, size) for x, y in zip(scene["x"], scene["y"], strict=True)]
    others = [Fixations(x, y, size) for x, y in zip(scene["other_x"], scene["other_y"], strict=True)]
    density, baseline = form(scene["density"]), form(scene["baseline"])
    if len(fixations) == 1:
        return Target(fixations[0], density[0], others[0], baseline[0])
    return Target(fixations, density, others, baseline)


# ---- plain numpy: what people write, one picture at a time ----


def _np_area(positives: np.ndarray, negatives: np.ndarray) -> float:
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, "left") + np.searchsorted(ordered, positives, "right")
    return float(below.mean() / (2 * len(ordered)))


def _np_judd(s: np.ndarray, scene: Scene, i: int) -> float:
    values = np.sort(s[scene["y"][i], scene["x"][i]])[::-1]
    ordered, count = np.sort(s.reshape(-1)), len(values)
    above = len(ordered) - np.searchsorted(ordered, values, "left")
    hit = np.concatenate([[0], np.arange(1, count + 1) / count, [1]])
    false = np.concatenate([[0], (above - np.arange(1, count + 1)) / (len(ordered) - count), [1]])
    return float(np.trapezoid(hit, false))


def _np_borji(s: np.ndarray, scene: Scene, i: int) -> float:
    scaled = (s - s.min()) / (s.max() - s.min())
    positives, draw, areas = scaled[scene["y"][i], scene["x"][i]], np.random.default_rng(0), []
    for _ in range(100):
        negatives = scaled.reshape(-1)[draw.integers(0, scaled.size, len(positives))]
        steps = np.arange(0, max(positives.max(), negatives.max()), 0.1)[::-1]
        hit = np.concatenate([[0], [(positives >= step).mean() for step in steps], [1]])
        false = np.concatenate([[0], [(negatives >= step).mean() for step in steps], [1]])
        areas.append(np.trapezoid(hit, false))
    return float(np.mean(areas))


def _np_ig(s: np.ndarray, scene: Scene, i: int) -> float:
    at = scene["y"][i], scene["x"][i]
    base = scene["baseline"][i]
    return float((np.log2(s / s.sum() + EPS)[at] - np.log2(base / base.sum() + EPS)[at]).mean())


def _np_kl(s: np.ndarray, scene: Scene, i: int) -> float:
    p, q = s / s.sum(), scene["density"][i] / scene["density"][i].sum()
    return float((q * np.log(EPS + q / (p + EPS))).sum())


NUMPY: dict[str, Callable[[np.ndarray, Scene, int], float]] = {
    "ig": _np_ig,
    "auc": lambda s, scene, i: _np_area(s[scene["y"][i], scene["x"][i]], s.reshape(-1)),
    "auc_shuffled": lambda s, scene, i: _np_area(s[scene["y"][i], scene["x"][i]], s[scene["other_y"][i], scene["other_x"][i]]),
    "nss": lambda s, scene, i: float(((s - s.mean()) / s.std())[scene["y"][i], scene["x"][i]].mean()),
    "cc": lambda s, scene, i: float(np.corrcoef(s.reshape(-1), scene["density"][i].reshape(-1))[0, 1]),
    "kl": _np_kl,
    "sim": lambda s, scene, i: float(np.minimum(s / s.sum(), scene["density"][i] / scene["density"][i].sum()).sum()),
    "auc_judd": _np_judd,
    "auc_borji": _np_borji,
}


# ---- plain torch: (B, H, W) float32 at once where that is natural ----


def _gathered(s: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return s.flatten(1).gather(1, y * s.shape[2] + x)


def _torch_area(positives: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
    ordered = negatives.sort(dim=1).values
    below = torch.searchsorted(ordered, positives) + torch.searchsorted(ordered, positives, right=True)
    return below.double().mean(dim=1) / (2 * ordered.shape[1])


def _torch_cc(s: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    a, b = s - s.mean(dim=(1, 2), keepdim=True), g - g.mean(dim=(1, 2), keepdim=True)
    return (a * b).sum(dim=(1, 2)) / (a.square().sum(dim=(1, 2)) * b.square().sum(dim=(1, 2))).sqrt()


def _shares(s: torch.Tensor) -> torch.Tensor:
    return s / s.sum(dim=(1, 2), keepdim=True)


def _torch_judd(s: torch.Tensor, t: dict[str, torch.Tensor]) -> torch.Tensor:
    values = _gathered(s, t["x"], t["y"]).sort(dim=1, descending=True).values
    ordered, count = s.flatten(1).sort(dim=1).values, values.shape[1]
    above = ordered.shape[1] - torch.searchsorted(ordered, values.contiguous())
    steps, ends = torch.arange(1, count + 1), torch.ones(len(s), 1, dtype=torch.float64)
    hit = torch.cat([0 * ends, (steps / count).double().expand(len(s), -1), ends], dim=1)
    false = torch.cat([0 * ends, (above - steps).double() / (ordered.shape[1] - count), ends], dim=1)
    return torch.trapezoid(hit, false, dim=1)


TORCH: dict[str, Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor]] = {
    "ig": lambda s, t: (
        _gathered((_shares(s) + EPS).log2(), t["x"], t["y"]) - _gathered((_shares(t["baseline"]) + EPS).log2(), t["x"], t["y"])
    ).mean(dim=1),
    "auc": lambda s, t: _torch_area(_gathered(s, t["x"], t["y"]), s.flatten(1)),
    "auc_shuffled": lambda s, t: _torch_area(_gathered(s, t["x"], t["y"]), _gathered(s, t["other_x"], t["other_y"])),
    "nss": lambda s, t: _gathered(
        (s - s.mean(dim=(1, 2), keepdim=True)) / s.std(dim=(1, 2), keepdim=True, correction=0), t["x"], t["y"]
    ).mean(dim=1),
    "cc": lambda s, t: _torch_cc(s, t["density"]),
    "kl": lambda s, t: (_shares(t["density"]) * (EPS + _shares(t["density"]) / (_shares(s) + EPS)).log()).sum(dim=(1, 2)),
    "sim": lambda s, t: torch.minimum(_shares(s), _shares(t["density"])).sum(dim=(1, 2)),
    "auc_judd": _torch_judd,
}


# ---- the run ----


class Pysaliency:
    """The other environment, as a process that is asked line by line."""

    def __init__(self, python: Path) -> None:
        worker = Path(__file__).with_name("metrics_pysaliency.py")
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        self.process = subprocess.Popen(
            [str(python), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "OMP_NUM_THREADS": "1"},
        )

    def ask(self, **question: str) -> dict[str, Any]:
        """One question, one answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(question), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def environment_of_pysaliency() -> Path:
    """The Python of an environment with pysaliency 0.2.22, made in the cache folder when it is not there."""
    folder = cache_folder() / "benchmark-pysaliency-0.2.22"
    python, made = folder / "bin" / "python", folder / "made"
    if not made.exists():
        print(f"making {folder}", file=sys.stderr)
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
        for packages in (PACKAGES, ("pysaliency==0.2.22",)):  # its build looks for numpy and Cython
            subprocess.run(
                [str(python), "-m", "pip", "install", "--quiet", "--no-build-isolation", *packages], check=True, stdout=sys.stderr
            )
        made.touch()
    return python


def timed(work: Callable[[], Any], least: float) -> Timed:
    """CPU seconds of one call, over as many calls as fill `least` seconds, and the values."""
    calls, began = 0, time.process_time()
    while True:
        values = work()
        calls += 1
        spent = time.process_time() - began
        if spent >= least:
            return spent / calls, [float(value) for value in np.atleast_1d(np.asarray(values))]


def compare(size: tuple[int, int], pictures: int, turns: int, other: Pysaliency) -> list[str]:
    """Rows of the table for maps of one size in batches of one length."""
    scene = make_scene(size, pictures)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "scene.npz", **scene)
        other.ask(file=str(Path(folder) / "scene.npz"))
    tensors = {
        name: torch.from_numpy(values).float() if name in ("saliency", "density", "baseline") else torch.from_numpy(values).long()
        for name, values in scene.items()
    }
    one = pictures == 1
    maps, tensor_maps = (scene["saliency"][0], tensors["saliency"][0]) if one else (scene["saliency"], tensors["saliency"])
    target, tensor_target = make_target(scene, size, np.asarray), make_target(scene, size, lambda values: torch.from_numpy(values).float())
    least = 0.05 if one else 0.0

    def ours(names: tuple[str, ...], given: Any, against: Target) -> Callable[[], Any]:
        if len(names) > 1:
            return lambda: [np.mean(np.asarray(v)) for v in scores(given, against, metrics=names, convention="tuebingen").values()]
        return lambda: METRICS[names[0]].compute(given, against, convention="tuebingen")

    def of_numpy(names: tuple[str, ...]) -> Callable[[], Any]:
        return lambda: [NUMPY[name](s, scene, i) for name in names for i, s in enumerate(scene["saliency"])]

    def of_torch(names: tuple[str, ...]) -> Callable[[], Any]:
        return lambda: torch.cat([TORCH[name](tensors["saliency"], tensors) for name in names])

    def of_pysaliency(names: tuple[str, ...]) -> Timed:
        answers = [other.ask(metric=name) for name in names]
        return sum(answer["seconds"] for answer in answers), [value for answer in answers for value in answer["values"]]

    lines = []
    for names in (SEVEN, *((name,) for name in TIMED)):
        sides: dict[str, Callable[[], Timed]] = {
            "ours": lambda names=names: timed(ours(names, maps, target), least),
            "ours, torch": lambda names=names: timed(ours(names, tensor_maps, tensor_target), least),
            "numpy": lambda names=names: timed(of_numpy(names), least),
        }
        if all(name in TORCH for name in names):
            sides["torch"] = lambda names=names: timed(of_torch(names), least)
        if "auc_borji" not in names:
            sides["pysaliency"] = lambda names=names: of_pysaliency(names)
        best: dict[str, Timed] = {}
        for _ in range(turns):
            for side, run in sides.items():
                found = run()
                best[side] = min(found, best.get(side, found))
        if names[0] not in ("auc_judd", "auc_borji") and len(names) == 1:
            np.testing.assert_allclose(best["ours"][1], best["pysaliency"][1], atol=1e-9, rtol=1e-9)
        lines.append(_row(names, best, pictures))
    return lines


def _row(names: tuple[str, ...], best: dict[str, Timed], pictures: int) -> str:
    ms = {side: 1000 * seconds / pictures for side, (seconds, _) in best.items()}

    def ratio(side: str, ours: str) -> str:
        return f"{ms[side]:.2f} | **{ms[side] / ms[ours]:.1f}**" if side in ms else "- | -"

    title = "the seven together" if len(names) > 1 else METRICS[names[0]].title
    both = f"{ms['ours']:.2f} | {ratio('pysaliency', 'ours')} | {ratio('numpy', 'ours')}"
    return f"| {title} | {both} | {ms['ours, torch']:.2f} | {ratio('torch', 'ours, torch')} |"


def exact_transport(turns: int) -> str:
    """One line on exact EMD of 768 bins."""
    import ot

    scene, ground = make_scene((768, 1024), 1), euclidean((24, 32))
    saliency, density = scene["saliency"][0], scene["density"][0]
    small = [values.reshape(24, 32, 32, 32).sum(axis=(1, 3)) for values in (saliency, density)]
    flat = [(values / values.sum()).reshape(-1) for values in small]
    emd(saliency, density, workers=1)
    whole = min(timed(lambda: emd(saliency, density, workers=1), 0.1)[0] for _ in range(turns))
    bins = min(timed(lambda: emd(*small, downsize=1, workers=1), 0.1)[0] for _ in range(turns))
    plain = min(timed(lambda: ot.emd2(*flat, ground, numItermax=10_000_000), 0.1)[0] for _ in range(turns))
    return (
        f"Exact EMD at 24 x 32 bins, one thread: {1000 * whole:.1f} ms from maps of 1024 x 768 with the shrinking, {1000 * bins:.1f} ms from "
        f"the bins; POT on all bins {1000 * plain:.1f} ms ({plain / bins:.1f} times as long)."
    )


def main() -> None:
    """Print the tables in Markdown."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--turns", type=int, default=5)
    asked.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    options = asked.parse_args()
    torch.set_num_threads(1)
    other = Pysaliency(environment_of_pysaliency())
    processor = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.processor()
    )
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    print(f"# Speed of the metrics\n\n`python benchmarks/metrics.py`, {time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}.")
    print(
        f"{processor or platform.machine()}, one thread; Python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}."
    )
    print(
        f"CPU milliseconds per picture, the smallest of {options.turns} turns (half as many for batches); bold: how many times as long as ours.\n"
        f"{FIXATIONS} fixations, {OTHERS} on other pictures; convention tuebingen; float64 maps, for torch float32. pysaliency 0.2.22 and plain\n"
        "numpy take one picture at a time. In this run our values of the seven and pysaliency's agreed to 1e-9. AUC-Borji: ours is the exact\n"
        "expectation, the others' 100 samples; AUC-Judd: ours without jitter, pysaliency's with it; sAUC: ours finds the distinct pixels of the\n"
        "other pictures' fixations each time, the others are given pixels."
    )
    for pictures in options.batches:
        for size in SIZES:
            print(f"\n## {size[1]} x {size[0]}, batch of {pictures}\n")
            print("| | ours | pysaliency | times ours | plain numpy | times ours | ours on torch f32 | plain torch f32 | times ours |")
            print("|---|" + "---:|" * 8)
            turns = options.turns if pictures == 1 else math.ceil(options.turns / 2)
            print("\n".join(compare(size, pictures, turns, other)), flush=True)
    other.close()
    print(f"\n{exact_transport(options.turns)}")


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    main()
