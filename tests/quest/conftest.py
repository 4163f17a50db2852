"""One tiny quest, carried out once for all tests of this room: two ways, two seeds, rows that learn, and three that do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_quest import RECIPE, TinyQuest, carry_out

from salquest.datasets import DataSet, load_dataset


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny(tiny_set: Path) -> DataSet:
    """The fabricated data set as the tiny quest's recipe names it."""
    return load_dataset("tiny", tiny_set)


@pytest.fixture(scope="session")
def away(tiny_set: Path) -> DataSet:
    """Data on which the tiny quest's rows are scored without learning from them."""
    data = load_dataset("away", tiny_set)
    return data.subset(data.keys[:3])


@pytest.fixture(scope="session")
def tiny_quest(tiny: DataSet, away: DataSet, tmp_path_factory: pytest.TempPathFactory) -> TinyQuest:
    """RECIPE, carried out; only to be read: a test that goes on with it works on a copy."""
    home = tmp_path_factory.mktemp("tiny-quest")
    path = home / "tiny.toml"
    path.write_text(RECIPE)
    return carry_out(path, tiny, {"away": away}, home / "quest")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the tiny quest go to one process of several, which carries it out once."""
    for item in items:
        if "tiny_quest" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("tiny quest"))
