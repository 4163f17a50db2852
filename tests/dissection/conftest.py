"""What the tests of dissection share: a network whose units were made by hand, and pictures with known regions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from planted_squares import COLOURS, HEIGHT, PICTURES, SIDE, UNITS, WIDTH, one_stage

from salquest.datasets import DataSet, load_dataset
from salquest.dissection import Subject


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def planted_folder(tmp_path_factory) -> Path:
    """Grey pictures of 32 x 24 with a red and a blue square of 6 x 6, labelled so, each looked at five times; the background is one grey."""
    root = tmp_path_factory.mktemp("planted") / "planted"
    (root / "stimuli").mkdir(parents=True)
    (root / "labels").mkdir()
    draw = np.random.Generator(np.random.PCG64(7))
    fixations, attributes = ["image,observer,index,x,y,duration_ms"], ["image,value,red,blue"]
    for number in range(PICTURES):
        pixels, labels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
        halves = draw.permutation(2)
        for value, (name, half) in enumerate(zip(COLOURS, halves, strict=True), start=1):
            top, left = draw.integers(0, HEIGHT - SIDE + 1), int(half) * WIDTH // 2 + draw.integers(0, WIDTH // 2 - SIDE + 1)
            pixels[top : top + SIDE, left : left + SIDE] = COLOURS[name]
            labels[top : top + SIDE, left : left + SIDE] = value
            for index in range(1, 6):
                x, y = left + draw.integers(0, SIDE), top + draw.integers(0, SIDE)
                fixations.append(f"p{number}.png,{value},{index},{x},{y},200")
            attributes.append(f"p{number}.png,{value},{int(name == 'red')},{int(name == 'blue')}")
        Image.fromarray(pixels).save(root / "stimuli" / f"p{number}.png")
        Image.fromarray(labels).save(root / "labels" / f"p{number}.png")
    (root / "fixations.csv").write_text("\n".join([*fixations, ""]))
    (root / "attributes.csv").write_text("\n".join([*attributes, ""]))
    (root / "meta.json").write_text(json.dumps({"name": "planted", "images": PICTURES}))
    return root


@pytest.fixture
def planted(planted_folder) -> DataSet:
    return load_dataset("planted", planted_folder)


@pytest.fixture
def colours() -> Subject:
    """A network whose units see what UNITS says."""
    return Subject("hand-made", one_stage(*UNITS.values()))
