"""The wheel holds what works offline, and a plain install without torch lists, scores and checks data."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    (found,) = folder.glob("salquest-*.whl")
    return found


def test_the_wheel_holds_weights_pictures_recipes_and_notices(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "salquest/encoders/embedded/mobilenet_v2.safetensors",
        "salquest/encoders/embedded/NOTICE.md",
        "salquest/datasets/embedded/osie-mini/fixations.csv.gz",
        "salquest/datasets/embedded/osie-mini/NOTICE.md",
        "salquest/recipes/demo.toml",
        "salquest/report/templates/report.html",
        "salquest/web/page/index.html",
        "salquest/web/page/demo.js",
        "salquest/py.typed",
    ):
        assert wanted in names
    assert sum(name.startswith("salquest/datasets/embedded/osie-mini/stimuli/") for name in names) == 120
    assert wheel.stat().st_size < 12_000_000


def test_a_plain_install_without_torch_lists_scores_and_checks_data(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
    assert subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    salquest = tmp_path / "env" / "bin" / "salquest"
    for words, wanted in (
        (("list", "metrics"), "auc_judd"),
        (("list", "recipes"), "demo"),
        (("list", "encoders"), "vgg16"),
        (("data", "check", "osie-mini"), "120 pictures"),
        (("score", "--model", "centre-bias", "--data", "osie-mini"), "centre-bias"),
    ):
        done = subprocess.run([salquest, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert wanted in done.stdout
    done = subprocess.run(
        [salquest, "train", "--data", "osie-mini", "--loss", "kld", "--out", "x"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "pip install 'salquest[train]'" in done.stderr
