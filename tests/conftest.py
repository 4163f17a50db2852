"""What all rooms' tests share: the folder of real data where it is there, and a small fabricated data set."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# two cores are shared by all tests: small matrices on one thread each are faster than
# threads that wait for each other. Numpy reads this when it is imported, so it is not imported above
os.environ.setdefault("OMP_NUM_THREADS", "1")

# how long an example takes says how busy the machine is, not whether the code is right
settings.register_profile("salquest", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("salquest")


@pytest.fixture(scope="session", autouse=True)
def _every_warning_of_torch() -> None:
    """Torch gives some warnings (arrays that may not be written to) once per process, so that only one test would fail, or none."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_warn_always(True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data: SALQUEST_SHARED, or shared/ beside the repository."""
    folder = Path(os.environ.get("SALQUEST_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("needs the shared data folder (SALQUEST_SHARED)")
    return folder


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory) -> Path:
    """A generic folder of 12 pictures of 64 x 48, 4 observers, each fixating 5 times near coloured blobs; the same in every session.

    Only to be read: a test that changes it works on a copy.
    """
    import numpy as np
    from PIL import Image

    from salquest.gaze import blur

    folder = tmp_path_factory.mktemp("fabricated") / "tiny"
    (folder / "stimuli").mkdir(parents=True)
    draw = np.random.Generator(np.random.PCG64(2021))
    height, width = 48, 64
    rows, split = ["image,observer,index,x,y,duration_ms"], ["image,split"]
    for number in range(12):
        key = f"blobs{number:02d}.png"
        centres = np.stack([draw.uniform(8, width - 8, 2), draw.uniform(8, height - 8, 2)], axis=1)
        spots = np.zeros((2, height, width))
        spots[[0, 1], centres[:, 1].round().astype(int), centres[:, 0].round().astype(int)] = 1.0
        glow = blur(spots, 3.0)
        glow /= glow.max(axis=(1, 2), keepdims=True)
        colours = draw.uniform(-110, 110, (2, 3))
        pixels = 128 + np.tensordot(glow, colours, axes=(0, 0)) + draw.normal(0, 4, (height, width, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / "stimuli" / key)
        for observer in range(1, 5):
            at = centres[draw.integers(0, 2, 5)] + draw.normal(0, 2.0, (5, 2))
            x, y = np.clip(at[:, 0], 0, width - 1).round(1), np.clip(at[:, 1], 0, height - 1).round(1)
            durations = draw.integers(120, 400, 5)
            rows += [f"{key},{observer},{index},{x[index - 1]},{y[index - 1]},{durations[index - 1]}" for index in range(1, 6)]
        split.append(f"{key},{'train' if number < 8 else 'val' if number < 10 else 'test'}")
    meta = {"name": "tiny", "images": 12, "observers": 4, "fixations": 240, "width": width, "height": height, "pixels_per_degree": 4.0}
    (folder / "fixations.csv.gz").write_bytes(gzip.compress("\n".join([*rows, ""]).encode(), mtime=0))
    (folder / "split.csv").write_text("\n".join([*split, ""]))
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))
    return folder
