"""A data set that trains in seconds: bright blobs on dark ground, people look at the blobs."""

from __future__ import annotations

import pytest
import torch

from salquest.datasets import DataSet, Split, load_dataset, split_by_seed
from salquest.training import TrainingPlan


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def blobs() -> DataSet:
    """24 of the embedded pictures: real gaze, and nothing to fetch."""
    data = load_dataset("osie-mini")
    return data.subset(data.keys[::5])


@pytest.fixture(scope="session")
def split(blobs: DataSet) -> Split:
    return split_by_seed(blobs.keys, val=0.25, test=0.25)


@pytest.fixture
def plan() -> TrainingPlan:
    return TrainingPlan(loss="kld", size=(64, 96), map_size=(16, 24), epochs=3, batch=4, decoder={"last_bias": -3.0, "last_scale": 0.1})
