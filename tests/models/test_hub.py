"""Networks on the hub, with a folder in the hub's place: what goes up comes down, and nothing else does."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from salquest.errors import DataNotFound, InputError, MissingExtra, Refused
from salquest.models import load_model, push_to_hub
from salquest.models.deep.trained import TrainedNetwork

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


class FolderHub(SimpleNamespace):
    """As much of huggingface_hub as is used, on a folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(root=root, made=[], HfApi=lambda: self)

    def create_repo(self, repo: str, *, private: bool, exist_ok: bool) -> str:
        self.made.append((repo, private, exist_ok))
        return f"https://hub/{repo}"

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        shutil.copytree(folder_path, self.root / repo_id, dirs_exist_ok=True)

    def snapshot_download(self, repo: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        there = self.root / repo
        if revision not in (None, "main") or not there.is_dir():
            raise OSError("404: no such repository\nand much more")
        taken = self.root / "cache" / repo
        taken.mkdir(parents=True, exist_ok=True)
        for name in allow_patterns:
            if (there / name).exists():
                shutil.copy(there / name, taken / name)
        return str(taken)


@pytest.fixture
def hub(tmp_path, monkeypatch) -> FolderHub:
    fake = FolderHub(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    return fake


def test_what_goes_up_comes_down(hub, small_run) -> None:
    run = TrainedNetwork.load(small_run)
    assert push_to_hub(run, "someone/small", private=True) == "https://hub/someone/small"
    assert hub.made == [("someone/small", True, True)]
    found = load_model("hf://someone/small@main")
    assert found.name == "hf://someone/small@main"
    assert np.array_equal(found.predict(PIXELS).values, run.predict(PIXELS).values)


def test_only_the_card_and_safetensors_are_fetched_and_a_page_goes_up_with_them(hub, small_run, tmp_path) -> None:
    push_to_hub(TrainedNetwork.load(small_run), "someone/small", half=True)
    there = tmp_path / "someone" / "small"
    assert sorted(path.name for path in there.iterdir()) == ["README.md", "card.json", "weights.safetensors"]
    assert "| osie-mini | 0.500 | 1.250 |" in (there / "README.md").read_text()
    (there / "evil.pkl").write_bytes(b"\x80")
    (there / "model.onnx").write_bytes(b"\x80")
    load_model("hf://someone/small")
    assert sorted(path.name for path in (tmp_path / "cache" / "someone" / "small").iterdir()) == ["card.json", "weights.safetensors"]


def test_a_network_that_is_not_there_is_one_sentence(hub) -> None:
    with pytest.raises(DataNotFound, match=r"^hf://someone/absent cannot be fetched: 404: no such repository$"):
        load_model("hf://someone/absent")


def test_a_repository_of_something_else_is_named(hub, tmp_path) -> None:
    (tmp_path / "someone" / "else").mkdir(parents=True)
    with pytest.raises(DataNotFound, match=r"is no network of salquest: it has no card.json and no weights.safetensors"):
        load_model("hf://someone/else")


@pytest.mark.parametrize("address", ["hf://", "hf://one", "hf:one/two", "hf://a/b/c", "hf://../b", "hf://a/b@..", "hf://a/b\n"])
def test_an_address_that_is_none_is_refused(hub, address) -> None:
    with pytest.raises(InputError, match=r"a network on the hub is named hf://owner/name or hf://owner/name@revision"):
        load_model(address)


def test_a_hub_that_refuses_is_one_sentence(hub, small_run, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise RuntimeError("401: who are you?\nlog in")

    monkeypatch.setattr(hub, "create_repo", refuse)
    with pytest.raises(Refused, match=r"^someone/small was not taken by the hub: 401: who are you\?$"):
        push_to_hub(TrainedNetwork.load(small_run), "someone/small")


def test_without_its_package_the_hub_asks_for_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"pip install 'salquest\[hub\]'"):
        load_model("hf://someone/small")
