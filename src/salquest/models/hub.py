"""Trained networks on the Hugging Face hub: a card and safetensors go up and come down, never code, never pickles."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salquest.errors import DataNotFound, InputError, MissingExtra, Refused, SalquestError
from salquest.models.card_page import card_page
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.runs.atomic import write_text

if TYPE_CHECKING:
    from salquest.models.deep.trained import TrainedNetwork

SCHEME = "hf://"
# nothing else is fetched, whatever lies beside it
FILES = ("card.json", "weights.safetensors")
_ADDRESS = re.compile(r"hf://(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})(?:@(?P<revision>[\w./-]{1,128}))?", re.ASCII)


def fetch(address: str) -> Path:
    """The folder of a network on the hub, fetched unless it is in the hub's own cache.

    Args:
        address: hf://owner/name, or hf://owner/name@revision for one commit, tag or branch.

    Raises:
        InputError: not such an address. MissingExtra: without huggingface_hub. DataNotFound: no such network, or no way to the hub.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or ".." in address:
        raise InputError(f"a network on the hub is named hf://owner/name or hf://owner/name@revision; found {address!r}")
    hub = _hub()
    with _told(f"{address} cannot be fetched", DataNotFound):
        folder = Path(hub.snapshot_download(found["repo"], revision=found["revision"], allow_patterns=list(FILES)))
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DataNotFound(f"{address} is no network of salquest: it has no {' and no '.join(missing)}")
    return folder


def push_to_hub(model: TrainedNetwork, repo: str, *, half: bool = False, private: bool = False, message: str = "") -> str:
    """Put a network on the hub; `load_model("hf://" + repo)` reads it. Who you are is the business of `hf auth login`.

    Args:
        model: loaded from a run folder.
        repo: owner/name; made where it is not there.
        half: store the convolutions' weights as float16.
        private: whether a repository that is made here is.
        message: of the commit.

    Returns:
        The page's address.

    Raises:
        InputError: not a repository's name, or a network of which nothing is known. MissingExtra: without huggingface_hub.
        Refused: the hub does not take it.
    """
    if _ADDRESS.fullmatch(SCHEME + repo) is None or "@" in repo or ".." in repo:
        raise InputError(f"a repository of the hub is named owner/name; found {repo!r}")
    hub = _hub()
    from salquest.models.deep.saving import card_of, save_checkpoint

    card = card_of(model)
    with tempfile.TemporaryDirectory() as place:
        folder = CheckpointFolder(Path(place) / "checkpoint")
        save_checkpoint(model, folder.root, card=card, half=half)
        write_text(folder.root / "README.md", card_page(card))
        with _told(f"{repo} was not taken by the hub", Refused):
            api = hub.HfApi()
            page = api.create_repo(repo, private=private, exist_ok=True)
            api.upload_folder(repo_id=repo, folder_path=folder.root, commit_message=message or f"{card.name}, by salquest {card.salquest}")
    return str(page)


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtra("the hub", "hub") from error
    return huggingface_hub


@contextmanager
def _told(what: str, kind: type[SalquestError]) -> Iterator[None]:
    """The hub's own errors, of which there are many kinds, as one sentence."""
    try:
        yield
    except SalquestError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise kind(f"{what}: {reason}") from error
