"""SalGAN's released generator (Pan 2017): a NumPy archive of Lasagne's arrays becomes a run folder that `load_model` reads.

arr_0 ... arr_53 are weights and biases, layer by layer in the order of the network: conv1_1 ... conv5_3, uconv5_3, uconv5_2, uconv5_1,
uconv4_3 ... uconv1_1, output. Three conventions differ from ours, and all are undone here, so that the maps are the released network's:

- pictures were RGB in 0..255, reversed to BGR inside the network, less a mean: the first kernels change the order of their channels;
- Lasagne's convolution turns its kernels by 180 degrees; the encoder's were told not to, the decoder's are turned here;
- the sigmoid is the network's activation, not a layer.

The released program went on to round the map to bytes, resize it by cubics and blur it with 5 x 5 pixels; that is no part of the network.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from salquest.decoders.salgan import BLOCKS as DECODER_BLOCKS
from salquest.encoders.vgg16 import BLOCKS as ENCODER_BLOCKS
from salquest.errors import BrokenFile, DataNotFound, Refused
from salquest.models.deep.network import SaliencyNetwork, network_spec, rebuild_network
from salquest.runs import RunFolder, RunRecord, versions, write_bytes

SIZE = (192, 256)
"""What the released network was trained at."""
# subtracted from red, green and blue in 0..255
MEAN = (123.68, 116.779, 103.939)
# a header of NumPy's format is some 100 bytes; what is longer than this beside its numbers is no array of ours
HEADER = 4096


def salgan_layout() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """(our name, shape) of the archive's arrays, in their order: 54 of them with 31 787 009 numbers."""
    layers: list[tuple[str, int, int, int]] = []
    maps, place = 3, 0
    for block in ENCODER_BLOCKS:
        for wide in block:
            layers.append((f"encoder.features.{place}", wide, maps, 3))
            maps, place = wide, place + 2  # a ReLU behind each
        place += 1  # and a pooling behind each block
    for number, mirrored in enumerate(DECODER_BLOCKS):
        for step, wide in enumerate(mirrored):
            layers.append((f"decoder.blocks.{number}.{2 * step}", wide, maps, 3))
            maps = wide
    layers.append(("decoder.last", 1, maps, 1))
    found: list[tuple[str, tuple[int, ...]]] = []
    for name, wide, into, side in layers:
        found += [(f"{name}.weight", (wide, into, side, side)), (f"{name}.bias", (wide,))]
    return tuple(found)


def read_salgan_archive(path: Path) -> dict[str, NDArray[np.float32]]:
    """The archive's arrays by our names, as they stand in it.

    Nothing is unpacked before names, shapes, types and lengths of all arrays are those of the layout, and no pickle is ever read.

    Raises:
        DataNotFound: no such file. BrokenFile: no archive, another network's, or numbers that are none.
    """
    if not path.is_file():
        raise DataNotFound(f"there is no file {path}; SalGAN's generator is a NumPy archive such as gen_modelWeights0090.npz")
    layout = salgan_layout()
    try:
        with zipfile.ZipFile(path) as archive:
            found = {info.filename: info for info in archive.infolist()}
            wanted = [f"arr_{number}.npy" for number in range(len(layout))]
            if len(archive.infolist()) != len(found) or found.keys() != set(wanted):
                raise BrokenFile(
                    f"{path} does not hold SalGAN's generator: expected the {len(wanted)} arrays arr_0 to arr_{len(wanted) - 1}; "
                    f"found {len(archive.infolist())}, such as {', '.join(sorted(found)[:3]) or 'none'}"
                )
            for member, (name, shape) in zip(wanted, layout, strict=True):
                with archive.open(member) as stream:
                    _check(path, member, name, shape, stream, found[member].file_size)
            arrays: dict[str, NDArray[np.float32]] = {}
            for member, (name, _) in zip(wanted, layout, strict=True):
                with archive.open(member) as stream:
                    values = np.lib.format.read_array(stream, allow_pickle=False).astype(np.float32)
                if not np.isfinite(values).all():
                    raise BrokenFile(f"{path}: {member} ({name}) holds values that are no finite numbers")
                arrays[name] = values
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BrokenFile(f"{path} cannot be read as a NumPy archive (.npz): {reason or type(error).__name__}") from error
    return arrays


def convert_salgan(archive: str | Path, out: str | Path, *, force: bool = False) -> RunRecord:
    """Write the released generator as a run folder: run.json and weights.safetensors.

    Args:
        archive: the released file.
        out: the folder; `load_model(out)` then is the network, at 192 x 256.
        force: replace what stands in `out`.

    Raises:
        Refused: something stands in `out`. Others as `read_salgan_archive`.
    """
    source, folder = Path(archive).expanduser(), RunFolder(Path(out).expanduser())
    if folder.root.exists() and (not folder.root.is_dir() or any(folder.root.iterdir())) and not force:
        raise Refused(f"{folder.root} is not empty; choose another folder, or replace what is there with --force")
    arrays = read_salgan_archive(source)
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    network = _network(digest)
    network.load_state_dict(_ours(arrays))
    record = RunRecord(
        plan={"network": "salgan", "encoder": "vgg16", "weights": source.name, "unfreeze": "conv4_1", "loss": "", "activation": "sigmoid"},
        identity=digest[:12],
        status="finished",
        reason="",
        versions=versions("salquest", "torch", "numpy"),
        data={"name": "salicon"},
        network=network_spec("salgan", network, {}),
    )
    if force and folder.exists():
        # what a run left that stood here belongs to another network
        for left in (folder.state, folder.figures):
            shutil.rmtree(left, ignore_errors=True)
        for path in (folder.log, folder.validation, folder.gradients, folder.scores):
            path.unlink(missing_ok=True)
    write_bytes(folder.weights, save({name: value.contiguous() for name, value in network.state_dict().items()}))
    folder.write(record)
    return record


def _check(path: Path, member: str, name: str, shape: tuple[int, ...], stream: IO[bytes], size: int) -> None:
    """See that one array's header says what the layout says, before its numbers are read."""
    version = np.lib.format.read_magic(stream)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise BrokenFile(f"{path}: {member} has version {version} of NumPy's format; 1.0 and 2.0 are read")
    found, _, kind = read(stream)
    if found != shape:
        raise BrokenFile(f"{path} does not hold SalGAN's generator: {member} ({name}) should be {shape} and is {found}")
    if kind.kind != "f" or kind.itemsize not in (4, 8):
        raise BrokenFile(f"{path}: {member} ({name}) should hold float32 and holds {kind}")
    if size > int(np.prod(shape)) * kind.itemsize + HEADER:
        raise BrokenFile(f"{path}: {member} ({name}) is longer than its {int(np.prod(shape))} numbers")


def _ours(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, torch.Tensor]:
    state = {}
    for name, values in arrays.items():
        if name == "encoder.features.0.weight":
            values = values[:, ::-1]
        elif name.startswith("decoder.") and values.ndim == 4:
            values = values[:, :, ::-1, ::-1]
        state[name] = torch.from_numpy(values.copy())
    return state


def _network(digest: str) -> SaliencyNetwork:
    """The network without its numbers, in the encoder's form that the archive wants."""
    spec: dict[str, Any] = {
        "network": "salgan",
        "encoder": {
            "name": "vgg16",
            "taps": ["relu5_3"],
            "weights_digest": digest,
            "mean": [value / 255 for value in MEAN],
            "std": [1 / 255] * 3,
            "padding": "symmetric",
            "batch_norm": "eval",
            "dilated": False,
        },
        "activation": "sigmoid",
        "size": list(SIZE),
        "map_size": list(SIZE),
        "decoder_options": {},
    }
    return rebuild_network(spec)
