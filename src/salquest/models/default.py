"""The model that predicts when none is named, and the shortest way to a map."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import overload

from salquest.gaze import SaliencyMap
from salquest.models.catalogue import DEFAULT, MODELS, load_model
from salquest.models.contract import Model, Picture


@cache
def _named(name: str, device: str) -> Model:
    """A model of the catalogue, kept: to load it takes longer than to ask it."""
    return load_model(name, device=device)


@overload
def predict(picture: list[Picture], model: Model | str | Path | None = None, *, device: str = "cpu") -> list[SaliencyMap]: ...
@overload
def predict(picture: Picture, model: Model | str | Path | None = None, *, device: str = "cpu") -> SaliencyMap: ...
def predict(
    picture: Picture | list[Picture], model: Model | str | Path | None = None, *, device: str = "cpu"
) -> SaliencyMap | list[SaliencyMap]:
    """Where people look in a picture.

    Args:
        picture: a path (turned as its EXIF tag says), a PIL image (as it is), or an array (H, W, 3); or a list of them.
        model: a name, a path (see `load_model`), or a loaded model; the network that ships where it is left out.
        device: of a network that is loaded here.

    Returns:
        A SaliencyMap of the picture's size; a list gives a list.
    """
    if model is None:
        model = DEFAULT
    if not isinstance(model, Model):
        model = _named(str(model), device) if str(model) in MODELS else load_model(model, device=device)
    return model.predict(picture)
