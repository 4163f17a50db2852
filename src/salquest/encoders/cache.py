"""FeatureCache: what a frozen encoder sees in a picture is computed once and kept on disk, a file per picture."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from salquest.encoders.encoder import Encoder
from salquest.errors import InputError, Refused
from salquest.runs import write_bytes, write_json

FORMAT_VERSION = 1
Dtype = Literal["float32", "float16"]


class FeatureCache:
    """Raw taps of a frozen encoder, on disk or not, with the same numbers in either case.

    Pictures are encoded one at a time, so that nothing depends on what else is in a batch: with float32 a stored tap is bit for bit
    what encoding gives again on the same machine.

    A folder of `root` belongs to one key (encoder and its form, weights, taps, size, dtype, format version): its name shows the key, its
    `key.json` holds the whole of it. A file in it belongs to one picture: `DIGEST.safetensors`, or `DIGEST-mirrored.safetensors`.

    Args:
        root: the folder of all caches, made where it is missing; None keeps nothing and computes always.
        encoder: frozen; it may lie on any device.
        size: of the pictures that `pixels` will give, (height, width).
        dtype: on disk. "float16" halves the files and rounds the features, by 1 part in 2048; with it,
            freshly computed taps are rounded in the same way.

    Raises:
        InputError: the encoder is not frozen, or the dtype is neither of the two.
        Refused: the folder's `key.json` says something else; names the fields that differ.
    """

    def __init__(self, root: Path | None, encoder: Encoder, size: tuple[int, int], dtype: Dtype = "float32") -> None:
        if not encoder.is_frozen:
            raise InputError(f"only a frozen encoder's features can be kept, and {encoder.name} has stages that learn; call freeze() first")
        if dtype not in get_args(Dtype):
            raise InputError(f"features are kept as float32 or float16, not {dtype!r}")
        self.encoder, self.size, self.dtype = encoder, (int(size[0]), int(size[1])), dtype
        self.key = self._key()
        self.folder = None if root is None else Path(root) / self._folder_name()
        if self.folder is not None:
            self._claim(self.folder / "key.json")

    def taps(self, digest: str, mirrored: bool, pixels: Callable[[], NDArray[np.uint8]]) -> tuple[Tensor, ...]:
        """The taps of one picture, read from its file or else computed and written.

        Args:
            digest: of the picture's file (SHA-256); names it in the cache.
            mirrored: left-right. The mirroring is done here.
            pixels: called only when the picture has to be encoded; gives it un-mirrored, RGB uint8, (H, W, 3) of `size`.

        Returns:
            One float32 tensor (C, h, w) per tap, on the CPU.

        Raises:
            InputError: `pixels` gave another shape or type.
            Refused: the file cannot be written.
        """
        if self.folder is None:
            return tuple(tap.float() for tap in self._encode(pixels(), mirrored))
        path = self.folder / f"{digest}{'-mirrored' if mirrored else ''}.safetensors"
        found = self._read(path)
        if found is None:
            found = self._encode(pixels(), mirrored)
            tensors = {f"tap.{index}": tap for index, tap in enumerate(found)}
            write_bytes(path, save(tensors, metadata={"crc32": str(_crc32(found))}))
        return tuple(tap.float() for tap in found)

    def _encode(self, picture: NDArray[np.uint8], mirrored: bool) -> tuple[Tensor, ...]:
        if picture.shape != (*self.size, 3) or picture.dtype != np.uint8:
            raise InputError(f"this cache keeps uint8 pictures of {(*self.size, 3)}; found {picture.dtype} of {picture.shape}")
        pixels = torch.from_numpy(np.array(picture[:, ::-1] if mirrored else picture))  # a decoded picture may not be written to
        batch = pixels.to(self.encoder.mean.device).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            taps = self.encoder(batch)
        return tuple(tap[0].to("cpu", getattr(torch, self.dtype)).contiguous() for tap in taps)

    def _read(self, path: Path) -> tuple[Tensor, ...] | None:
        """The stored taps, or None where there is no file or not a whole one."""
        try:
            with safe_open(path, framework="pt") as opened:
                taps = tuple(opened.get_tensor(f"tap.{index}") for index in range(len(self.encoder.taps)))
                stored = (opened.metadata() or {}).get("crc32")
        except (FileNotFoundError, SafetensorError):
            return None
        return taps if stored == str(_crc32(taps)) else None

    def _key(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder.name,
            "weights": self.encoder.weights_digest,
            "parameters": self.encoder.parameters_digest(),
            "taps": list(self.encoder.taps),
            "mean": list(self.encoder.normalisation.mean),
            "std": list(self.encoder.normalisation.std),
            "padding": self.encoder.padding,
            "size": list(self.size),
            "dtype": self.dtype,
            "format_version": FORMAT_VERSION,
            # named only where it is so: the plain form's folders are older than the choice
            **({"dilated": True} if self.encoder.dilated else {}),
        }

    def _folder_name(self) -> str:
        weights = self.encoder.weights_digest
        short = weights if weights.startswith("random-seed-") else weights[:12]
        taps = "+".join(self.encoder.taps)
        form = "-dilated" if self.encoder.dilated else ""
        readable = f"{self.encoder.name}{form}_{short}_{taps}_{self.size[0]}x{self.size[1]}_{self.dtype}_v{FORMAT_VERSION}"
        return readable.replace(":", "-").replace("/", "-")

    def _claim(self, path: Path) -> None:
        if not path.is_file():
            write_json(path, self.key)
            return
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            stored = None
        if not isinstance(stored, dict):
            raise Refused(f"{path} is not the key of a feature cache; delete {path.parent} to start it afresh")
        differing = [field for field in self.key if stored.get(field) != self.key[field]]
        if differing:
            told = "; ".join(f"{field} is {stored.get(field)!r} there and {self.key[field]!r} here" for field in differing)
            raise Refused(f"{path.parent} holds the features of something else: {told}; delete it or choose another folder")


def _crc32(taps: tuple[Tensor, ...]) -> int:
    checksum = 0
    for tap in taps:
        checksum = zlib.crc32(tap.numpy().data, checksum)
    return checksum
