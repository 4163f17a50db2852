"""`salquest export`: a trained network as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from salquest.errors import InputError
from salquest.models import load_model

if TYPE_CHECKING:
    from salquest.models.deep.trained import TrainedNetwork


def export(
    out: Path,
    *,
    model: Annotated[str, Parameter(help="A run folder, the folder of a checkpoint, the name of a shipped network, or hf://owner/name.")],
    half: Annotated[bool, Parameter(negative=())] = False,
    check: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Write an ONNX file that predicts without torch: pictures of any size in (uint8 RGB), log-densities out.

    The file is compared with torch before it is written; `salquest predict --model FILE.onnx` uses it.

    Args:
        out: The file, ending in .onnx.
        half: Store the weights of convolutions as float16, half the size; computed in float32.
        check: Say for some sizes by how much the written file differs from the network as it was, rounding of --half included.
        force: Write over a file that is there.
    """
    if out.suffix.lower() != ".onnx":
        raise InputError(f"an exported network is a file that ends in .onnx; found {out.name}")
    from salquest.models.deep.saving import save_graph
    from salquest.models.deep.trained import TrainedNetwork

    loaded = load_model(model, runtime="torch")
    if not isinstance(loaded, TrainedNetwork):
        raise InputError(f"{model} is an adapted network, which is no single graph; export the network that it adapts")
    save_graph(loaded, out, half=half, force=force)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    if check:
        _tell_differences(loaded, out)
    return 0


def _tell_differences(model: TrainedNetwork, path: Path) -> None:
    from salquest.models.deep.export import CHECKED_SIZES, difference
    from salquest.models.onnx_network import OnnxNetwork

    graph = OnnxNetwork.load(path).graph
    for height, width in (model.network.size, *CHECKED_SIZES):
        apart = difference(model.network, graph, (height, width))
        print(f"pictures of {width} x {height}: log-density within {apart:.1e} of torch's")
