"""docs/networks-elsewhere.md is true: its Python runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PAGE = (Path(__file__).parents[2] / "docs" / "networks-elsewhere.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def names(small_run, small_file, tmp_path, monkeypatch) -> dict[str, object]:
    """The names that the page's code leaves, run beside the files that it asks for."""
    shutil.copytree(small_run, tmp_path / "runs" / "mine")
    shutil.copy(small_file, tmp_path / "network.onnx")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    for code in BLOCKS:
        exec(compile(code, "docs/networks-elsewhere.md", "exec"), found)
    return found


def test_its_python_runs_and_does_what_it_says(names) -> None:
    assert names["log_density"].shape == (1, 120, 160)
    assert np.exp(names["log_density"]).sum() == pytest.approx(1, abs=1e-4)
    assert names["share"].shape == (2,)
    assert names["pictures"].grad.abs().max() > 0
