"""Small synthetic gaze: a smooth map of 24 x 32 pixels, fixations drawn from it, their density, fixations on other pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salquest.gaze import Fixations, blur, fixation_density
from salquest.metrics import Target

SIZE = (24, 32)


@dataclass(frozen=True)
class Scene:
    saliency: NDArray
    target: Target


def looked(seed: int, count: int, size: tuple[int, int] = SIZE) -> Fixations:
    draw = np.random.default_rng(seed)
    return Fixations(draw.uniform(-0.5, size[1] - 0.5, count), draw.uniform(-0.5, size[0] - 0.5, count), size)


def make_scene(seed: int, count: int = 40, size: tuple[int, int] = SIZE) -> Scene:
    draw = np.random.default_rng(seed)
    saliency = np.exp(4 * blur(draw.standard_normal(size), 2.0))
    chosen = draw.choice(saliency.size, size=count, p=saliency.reshape(-1) / saliency.sum())
    fixations = Fixations(chosen % size[1], chosen // size[1], size)
    others = looked(seed + 1000, 200, size)
    density = fixation_density(fixations, sigma_px=2.0) if count else np.zeros(size)
    baseline = fixation_density(others, sigma_px=4.0) + 1e-5
    return Scene(saliency, Target(fixations=fixations, density=density, others=others, baseline=baseline))


def stacked(scenes: list[Scene]) -> Scene:
    return Scene(
        np.stack([scene.saliency for scene in scenes]),
        Target(
            fixations=[scene.target.fixations for scene in scenes],
            density=np.stack([scene.target.density for scene in scenes]),
            others=[scene.target.others for scene in scenes],
            baseline=np.stack([scene.target.baseline for scene in scenes]),
        ),
    )
