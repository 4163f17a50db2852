"""The study of adaptation writes a page whose shares are those of the scores on it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("adapt_study", ROOT / "tools" / "adapt_study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> tuple[Path, Path]:
    import torch
    from safetensors.torch import save_file

    from salquest.models.deep.network import build_network, network_spec
    from salquest.runs import RunFolder, RunRecord

    torch.set_num_threads(1)
    options, folders = {"width": 8}, []
    for seed in (0, 1):
        network = build_network(
            "light", weights="none", activation="softmax", size=(32, 48), map_size=(16, 24), decoder_options=options, seed=seed
        )
        folder = RunFolder(tmp_path_factory.mktemp("runs") / f"run{seed}")
        folder.write(RunRecord(plan={}, identity="0", network=network_spec("light", network, options)))
        save_file(network.state_dict(), folder.weights)
        folders.append(folder.root)
    return folders[0], folders[1]


def numbers(line: str) -> list[float]:
    return [float(cell.split("<sub>")[0].strip(" *%_")) for cell in line.strip("|").split("|")[1:]]


def test_the_page_has_scores_shares_and_numbers_in_words(tool, runs, tiny_set, tmp_path) -> None:
    page = tmp_path / "adapt.md"
    base, full = map(str, runs)
    words = ["--base", base, "--full", full, "--data", f"tiny={tiny_set}", "--images", "5,8", "--out", str(tmp_path / "out")]
    assert tool.main([*words, "--page", str(page)]) == 0
    told = page.read_text()
    assert "brought to it by 14 numbers" in told
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tiny-5", "tiny-8"]
    table = [line for line in told.splitlines() if line.startswith("| ")]
    scores = {line.split("|")[1].strip(): numbers(line) for line in table[1:5]}
    assert list(scores) == ["as it was", "adapted, 5 pictures", "adapted, 8 pictures", "trained on it"]
    shares = numbers(table[-1])
    cc = [scores[name][1] for name in ("as it was", "adapted, 8 pictures", "trained on it")]
    assert shares[1] / 100 == pytest.approx((cc[1] - cc[0]) / (cc[2] - cc[0]), rel=0.2, abs=0.2)  # the page rounds
    assert told.count("validation pictures gained") == 2


def test_a_request_that_cannot_be_met_is_one_sentence(tool, runs, tmp_path, capsys) -> None:
    words = ["--base", str(runs[0]), "--full", str(runs[1]), "--data", "tiny=/nowhere", "--page", str(tmp_path / "page.md")]
    assert tool.main(words) == 2
    assert capsys.readouterr().err.startswith("there is no folder /nowhere")
    assert not (tmp_path / "page.md").exists()
