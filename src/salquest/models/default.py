"""The model that predicts when none is named, and the shortest way to a map."""

from __future__ import annotations

import sys
from pathlib import Path

from salquest.gaze import SaliencyMap
from salquest.models.catalogue import DEFAULT, load_model
from salquest.models.contract import Model, Picture

NOTICE = (
    f"salquest: no trained model ships yet; the default is {DEFAULT}, where people look in any photograph. "
    "Train a network and name its run folder (--model RUN, or model=)."
)


def predict(picture: Picture, model: Model | str | Path | None = None, *, device: str = "cpu") -> SaliencyMap:
    """Where people look in a picture.

    Args:
        picture: a path, a PIL image, or an array (H, W, 3).
        model: a name, a run folder, or a loaded model; the default one where it is left out, which says on stderr what it is.
        device: of a network that is loaded here.

    Returns:
        A SaliencyMap of the picture's size.
    """
    if model is None:
        print(NOTICE, file=sys.stderr)
    chosen = model if isinstance(model, Model) else load_model(model or DEFAULT, device=device)
    return chosen.predict(picture)
