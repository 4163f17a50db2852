"""A trained network as a folder that travels: its card, its weights, and where it has one its ONNX file. Shipped and downloaded ones have this form.

card.json             what it is (`models.checkpoint_card`)
weights.safetensors   its tensors, convolutions' weights as float16 where that was asked for; computed in float32
model.onnx            the graph for ONNX Runtime, which takes its tensors from weights.safetensors: each number is there once
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from salquest.errors import BrokenFile, DataNotFound
from salquest.models.checkpoint_card import MAX_BYTES, CheckpointCard

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class CheckpointFolder:
    """The paths of one trained network."""

    root: Path

    @property
    def card_path(self) -> Path:
        """card.json."""
        return self.root / "card.json"

    @property
    def weights(self) -> Path:
        """weights.safetensors."""
        return self.root / WEIGHTS

    @property
    def graph(self) -> Path:
        """model.onnx."""
        return self.root / "model.onnx"

    def exists(self) -> bool:
        """Whether a network lies here."""
        return self.card_path.is_file()

    def read(self) -> CheckpointCard:
        """Read card.json.

        Raises:
            DataNotFound: no network here. BrokenFile: not a card, or one of a newer salquest.
        """
        try:
            if self.card_path.stat().st_size > MAX_BYTES:
                raise BrokenFile(f"{self.card_path} is too large to be a card: more than {MAX_BYTES:,} bytes")
            return CheckpointCard.from_json(self.card_path.read_bytes(), self.card_path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DataNotFound(f"{self.root} holds no trained network: it has no card.json") from error
        except OSError as error:
            raise BrokenFile(f"{self.card_path} cannot be opened: {error.strerror or error}") from error
