"""Nobody downloads torch to list, to score a folder of maps, or to check data (DESIGN, section 5)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import load_dataset

# not sys.modules["torch"] = None, which array-api-compat takes for a torch that is there
BLOCKED = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "lightning_fabric"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def without_torch(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", BLOCKED + code, *words], capture_output=True, text=True, check=False)


def salquest(*words: str) -> subprocess.CompletedProcess[str]:
    return without_torch("from salquest.cli import main; main(sys.argv[1:])", *words)


@pytest.fixture(scope="module")
def maps(tiny_set, tmp_path_factory) -> Path:
    """What people looked at, as a folder of maps."""
    folder = tmp_path_factory.mktemp("maps")
    for sample in load_dataset("tiny", tiny_set):
        np.save(folder / f"{sample.stimulus.stem}.npy", sample.density(4.0))
    return folder


def test_the_light_rooms_import():
    rooms = ["gaze", "runs", "datasets", "metrics", "models", "evaluation", "report", "displays", "applications"]
    done = without_torch("import importlib; [importlib.import_module('salquest.' + room) for room in sys.argv[1:]]; print('all')", *rooms)
    assert (done.stdout, done.stderr) == ("all\n", "")


@pytest.mark.parametrize(("kind", "entry"), [("metrics", "nss"), ("datasets", "osie-mini"), ("models", "centre-bias")])
def test_catalogues_are_listed(kind, entry):
    assert entry in json.loads(salquest("list", kind, "--json").stdout)


def test_a_folder_of_maps_is_scored(maps, tiny_set):
    done = salquest("score", "--maps", str(maps), "--data", f"tiny={tiny_set}", "--metrics", "cc,nss", "--json")
    row, *limits = json.loads(done.stdout)["rows"]
    assert (done.returncode, row["scores"]["cc"]) == (0, pytest.approx([1, 1, 1], abs=1e-9))  # mean and interval
    assert [limit["kind"] for limit in limits] == ["floor", "ceiling"]


def test_a_data_set_is_checked(tiny_set):
    done = salquest("data", "check", f"tiny={tiny_set}", "--json")
    assert (done.returncode, json.loads(done.stdout)["fixations"]) == (0, 240)


def test_an_exported_network_predicts(tmp_path):
    from salquest.models.checkpoint_card import CheckpointCard
    from salquest.models.deep.network import build_network, network_spec
    from salquest.models.deep.saving import save_graph
    from salquest.models.deep.trained import TrainedNetwork

    options = {"width": 8}
    network = build_network("light", weights="none", activation="softmax", size=(64, 96), map_size=(32, 48), decoder_options=options)
    card = CheckpointCard(name="small", size=(64, 96), map_size=(32, 48), network=network_spec("light", network, options))
    save_graph(TrainedNetwork(network, name="small", card=card), tmp_path / "small.onnx")
    code = "import numpy as np, salquest; print(salquest.predict(np.zeros((20, 30, 3), np.uint8), model=sys.argv[1]).size)"
    done = without_torch(code, str(tmp_path / "small.onnx"))
    assert (done.stdout, done.stderr) == ("(20, 30)\n", "")


def test_to_load_a_model_neither_torch_nor_scipy_nor_matplotlib_is_imported():
    code = (
        "from salquest.models import load_model; print([room for room in ('torch', 'scipy', 'matplotlib', 'rich') if room in sys.modules])"
    )
    assert without_torch(code).stdout == "[]\n"


def test_a_network_asks_for_the_part_that_is_missing():
    done = salquest("list", "losses")
    assert done.returncode == 2
    assert done.stderr == (
        "salquest: this command needs a part of salquest that is not installed; install it with: pip install 'salquest[train]'\n"
    )
