"""The trained networks that travel inside the package: every folder below `shipped/` with a card is one, under the folder's name.

`python tools/ship_model.py RUN --name NAME` puts one there; catalogue, default and list know it from then on.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from salquest.models.checkpoint_folder import CheckpointFolder

SHIPPED = Path(str(resources.files("salquest.models"))) / "shipped"
# of all of them together
MAX_BYTES = 16_000_000
# the one that predicts where none is named
PREFERRED = "mobile"


def shipped_networks(root: Path = SHIPPED) -> dict[str, CheckpointFolder]:
    """Name -> folder of the networks that are here, by name."""
    if not root.is_dir():
        return {}
    folders = [CheckpointFolder(path) for path in sorted(root.iterdir()) if path.is_dir()]
    return {folder.root.name: folder for folder in folders if folder.exists()}
