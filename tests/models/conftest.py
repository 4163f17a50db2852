"""A run folder of a small network that nobody trained, and the ONNX file that it becomes: what shipping, exporting and loading have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from salquest.models.deep.network import SaliencyNetwork, build_network, network_spec
from salquest.runs import RunFolder, RunRecord

OPTIONS = {"width": 8}


@pytest.fixture(scope="session")
def small_mobile() -> SaliencyNetwork:
    """Only to be read."""
    torch.set_num_threads(1)
    network = build_network(
        "mobile", weights="none", activation="softmax", size=(96, 128), map_size=(48, 64), fit="aspect", decoder_options=OPTIONS
    )
    return network.eval()


@pytest.fixture(scope="session")
def small_run(small_mobile: SaliencyNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only to be read."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "small")
    folder.write(
        RunRecord(
            plan={"network": "mobile", "encoder": "mobilenet_v2", "loss": "kld - cc", "epochs": 1},
            identity="0" * 12,
            status="finished",
            versions={"salquest": "0.1.0"},
            data={"name": "osie-mini", "edition": "1", "root": "/somewhere/private"},
            network=network_spec("mobile", small_mobile, OPTIONS),
            scores={"cc": 0.5, "nss": 1.25},
            trained_on={"name": "osie-mini", "pictures": {"1001.jpg": "e6b4"}},
        )
    )
    save_file(small_mobile.state_dict(), folder.weights)
    return folder.root


@pytest.fixture(scope="session")
def small_file(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network as an ONNX file with float32 weights. Only to be read."""
    from salquest.models.deep.saving import save_graph
    from salquest.models.deep.trained import TrainedNetwork

    path = tmp_path_factory.mktemp("files") / "small.onnx"
    save_graph(TrainedNetwork.load(small_run), path)
    return path


@pytest.fixture(scope="session")
def small_checkpoint(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network as a folder with card, float16 weights and graph. Only to be read."""
    from salquest.models.deep.saving import save_checkpoint
    from salquest.models.deep.trained import TrainedNetwork

    root = tmp_path_factory.mktemp("checkpoints") / "small"
    save_checkpoint(TrainedNetwork.load(small_run), root, half=True, graph=True)
    return root
