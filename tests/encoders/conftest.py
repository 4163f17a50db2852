"""What the tests of the encoders share: one thread, files beside the repository, and a cache folder of their own."""

import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def own_cache_folder(tmp_path, monkeypatch):
    folder = tmp_path / "cache-folder"
    monkeypatch.setenv("SALQUEST_CACHE", str(folder))
    return folder


@pytest.fixture
def shared():
    """The folder of material that the repository does not hold."""
    folder = Path(os.environ.get("SALQUEST_SHARED", Path(__file__).parents[3] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs the material in {folder} (or the variable SALQUEST_SHARED)")
    return folder


@pytest.fixture
def file_of():
    """The path that an environment variable names; the test is skipped where it is not set."""

    def find(variable, what):
        if variable not in os.environ:
            pytest.skip(f"needs {what}; the variable {variable} names it")
        return Path(os.environ[variable])

    return find
