"""`salquest export`: a run folder becomes a file that predicts, or a sentence says why not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.cli import main
from salquest.gaze.map_files import read_map


def run(capsys, *words: object) -> tuple[int, str, str]:
    status = 0
    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.fixture
def small_run(tmp_path) -> Path:
    import torch
    from safetensors.torch import save_file

    from salquest.models.deep.network import build_network, network_spec
    from salquest.runs import RunFolder, RunRecord

    torch.set_num_threads(1)
    options = {"width": 8}
    network = build_network("light", weights="none", activation="softmax", size=(64, 96), map_size=(32, 48), decoder_options=options)
    folder = RunFolder(tmp_path / "run")
    folder.write(RunRecord(plan={}, identity="0", network=network_spec("light", network, options)))
    save_file(network.state_dict(), folder.weights)
    return folder.root


def test_a_run_is_exported_checked_and_predicts(small_run, tmp_path, capsys) -> None:
    out = tmp_path / "light.onnx"
    status, told, _ = run(capsys, "export", "--model", small_run, out, "--half", "--check")
    assert (status, told.splitlines()[0]) == (0, f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    assert told.splitlines()[1].startswith("pictures of 96 x 64: log-density within ")
    assert out.stat().st_size < 4_500_000

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(tmp_path / "noise.png")
    assert run(capsys, "predict", tmp_path / "noise.png", "--model", out, "--out", tmp_path / "maps", "--format", "npy")[0] == 0
    assert read_map(tmp_path / "maps" / "noise.npy").shape == (50, 70)

    status, _, error = run(capsys, "export", "--model", small_run, out)
    assert (status, error) == (2, f"salquest: {out} is there already; choose another name, or write over it with --force\n")


@pytest.mark.parametrize(
    ("model", "out", "sentence"),
    [
        ("gbvs", "m.onnx", "gbvs is no network; it runs by itself, without a runtime"),
        ("light", "m.onnx", "light is a network without trained weights"),
        ("absent", "m.onnx", "no model or run folder is called 'absent'"),
        ("gbvs", "m.bin", "an exported network is a file that ends in .onnx; found m.bin"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(model, out, sentence, tmp_path, capsys) -> None:
    status, _, error = run(capsys, "export", "--model", model, tmp_path / out)
    assert status == 2
    assert error.startswith(f"salquest: {sentence}")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_onnx_the_extra_is_named(small_run, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    status, _, error = run(capsys, "export", "--model", small_run, tmp_path / "m.onnx")
    assert (status, "pip install 'salquest[export]'" in error) == (2, True)
