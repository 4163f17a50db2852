"""Networks as ONNX files: pictures of any size in, log-densities out, the same numbers as torch's."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from numpy.typing import NDArray
from torch import Tensor, nn

from salquest.encoders.padded import SameConv2d, SameMaxPool2d, same_padding
from salquest.errors import InputError, MissingExtra
from salquest.losses import Prediction
from salquest.models.checkpoint_folder import WEIGHTS
from salquest.models.deep.network import COUNTED, SaliencyNetwork
from salquest.models.onnx_network import INPUT, OUTPUT, OnnxGraph

if TYPE_CHECKING:
    import onnx

OPSET = 18
# before the names of the network's tensors while it is traced
PREFIX = "network."
# the example that the exporter follows: odd sides, so that no two grids agree by accident
EXAMPLE = (133, 187)
# where file and network are compared, besides the network's own size; two pictures each
CHECKED_SIZES = ((128, 96), (101, 165))
TOLERANCE = 1e-4
# of the uniform density: differences of densities below it are told as shares of this, since the logarithm of nearly nothing says nothing
LEAST = 1e-2


def export_network(network: SaliencyNetwork, metadata: Mapping[str, str] | None = None, *, apart: bool = False) -> bytes:
    """The content of an ONNX file that answers as the network does.

    The file's input `pictures` is (B, H, W, 3) uint8 RGB, what a decoder of pictures gives: scaling, order of axes and normalisation are in
    the graph, so none of them can be got wrong. Its output `log_density` is (B, h, w) float32, the natural logarithm of a density that sums to 1
    over the cells (-inf where a rectified map is 0). B, H and W are free. Bringing a picture to the network's size and the map to the
    picture's is left to the caller, as `OnnxNetwork` does it; `size`, `map_size` and `fit` in the metadata say how.

    Convolutions whose weights float16 holds exactly (`with_half_weights`) are stored so and computed in float32. Batch norm stands behind its
    convolution as it is: ONNX Runtime folds it in when it loads the file, which keeps the file's numbers those of the network. Tensors of the
    network go by their names in its state dict.

    Args:
        network: it is left as it is.
        metadata: text by name, for the file's `metadata_props`.
        apart: leave those tensors out, for a graph that lies beside the network's safetensors and is loaded with them.

    Raises:
        MissingExtra: without the package onnx. InputError: a network whose ONNX form does not answer as it does, which is measured here.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtra("writing ONNX files", "export") from error
    plain = copy.deepcopy(network).cpu().float().eval()
    model = onnx.load_from_string(_traced(_FromBytes(_with_onnx_padding(copy.deepcopy(plain)))))
    stored = stored_tensors(plain)
    _name_tensors(model, stored)
    model.producer_name = "salquest"
    onnx.helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model, full_check=True)
    tensors = _take_out(model, stored) if apart else {}
    content: bytes = model.SerializeToString()
    graph = OnnxGraph(content, tensors=tensors)
    largest = max(difference(network, graph, size) for size in (*CHECKED_SIZES, network.size))
    if not largest <= TOLERANCE:
        raise InputError(f"the exported network differs from torch's by {largest:.2g} in log-density, more than {TOLERANCE:g}")
    return content


def stored_tensors(network: SaliencyNetwork) -> dict[str, Tensor]:
    """The tensors of the state dict as files keep them: convolutions' weights as float16 where that loses nothing, the rest as they are.

    What batch norm counts while it is trained is left out: nothing reads it.
    """
    stored = {}
    for name, tensor in network.state_dict().items():
        if name.endswith(COUNTED):
            continue
        kept = tensor.detach().cpu().contiguous()
        stored[name] = kept.half() if tensor.ndim == 4 and torch.equal(kept.half().float(), kept) else kept
    return stored


def difference(network: SaliencyNetwork, graph: OnnxGraph, size: tuple[int, int], *, pictures: int = 2, seed: int = 0) -> float:
    """The largest difference between the log-densities of a network and of a graph, over random pictures of (height, width).

    It is that of log(p + LEAST / cells): the logarithm where a density is not nearly 0, and finite where a rectified map is empty.
    """
    drawn = np.random.default_rng(seed).integers(0, 256, (pictures, *size, 3), dtype=np.uint8)
    plain = copy.deepcopy(network).cpu().float().eval()
    with torch.inference_mode():
        expected = _log_density(plain, torch.from_numpy(drawn)).numpy()
    found = graph.log_density(drawn)
    if found.shape != expected.shape:
        return float("inf")
    least = LEAST / (found.shape[1] * found.shape[2])
    one, other = (np.log(np.exp(maps.astype(np.float64)) + least) for maps in (expected, found))
    return float(np.abs(one - other).max())


def with_half_weights(network: SaliencyNetwork) -> SaliencyNetwork:
    """A copy whose convolutions' weights are rounded to what float16 holds; the rest, a fiftieth of the numbers, stays as it is.

    Raises:
        InputError: a weight that float16 cannot hold.
    """
    rounded = copy.deepcopy(network)
    with torch.no_grad():
        for name, tensor in rounded.state_dict().items():
            if tensor.ndim == 4:
                half = tensor.half().float()
                if not bool(half.isfinite().all()):
                    raise InputError(f"{name} holds numbers beyond float16; export it without --half")
                tensor.copy_(half)
    return rounded


class _FromBytes(nn.Module):
    """Pictures (B, H, W, 3) uint8 to log-densities (B, h, w)."""

    def __init__(self, network: SaliencyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return _log_density(self.network, pictures)


def _log_density(network: SaliencyNetwork, pictures: Tensor) -> Tensor:
    prediction = Prediction(network(pictures.permute(0, 3, 1, 2).float() / 255), network.activation)
    return prediction.log_density if network.activation == "softmax" else prediction.density.log()


def _traced(module: nn.Module) -> bytes:
    """The module as ONNX, by the exporter that follows a trace (docs/decisions/0012)."""
    example = torch.zeros(2, *EXAMPLE, 3, dtype=torch.uint8)
    free = {INPUT: {0: "batch", 1: "height", 2: "width"}, OUTPUT: {0: "batch", 1: "rows", 2: "columns"}}
    with tempfile.TemporaryDirectory() as place, _quiet(), torch.no_grad():
        path = Path(place) / "traced.onnx"
        torch.onnx.export(
            module,
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes=free,
            # every tensor of the network stays what it is: batch norm is not folded in, nor anything else; ONNX Runtime does it while loading
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        return path.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    # of the trace: that checks of sizes are made once; that the exporter is the old one. The comparison afterwards is what counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _SamePadded(torch.autograd.Function):
    """A convolution padded as TensorFlow's SAME, which ONNX has a word for: the padding is then read from the picture at hand."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, stride: int, groups: int) -> Tensor:
        (top, bottom), (left, right) = (same_padding(int(side), weight.shape[-1], stride) for side in features.shape[-2:])
        return F.conv2d(F.pad(features, (left, right, top, bottom)), weight, None, stride, groups=groups)

    @staticmethod
    def symbolic(g: Any, features: Any, weight: Any, stride: int, groups: int) -> Any:
        kernel = weight.type().sizes()[-2:]
        return g.op("Conv", features, weight, auto_pad_s="SAME_UPPER", strides_i=[stride] * 2, kernel_shape_i=kernel, group_i=groups)


class _SamePooled(torch.autograd.Function):
    """A max-pooling padded as TensorFlow's SAME."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, kernel: int, stride: int) -> Tensor:
        return SameMaxPool2d(kernel, stride)(features)

    @staticmethod
    def symbolic(g: Any, features: Any, kernel: int, stride: int) -> Any:
        return g.op("MaxPool", features, auto_pad_s="SAME_UPPER", strides_i=[stride] * 2, kernel_shape_i=[kernel] * 2)


class _OnnxConvolution(nn.Module):
    def __init__(self, layer: SameConv2d) -> None:
        super().__init__()
        self.weight, self.stride, self.groups = layer.weight, layer.stride[0], layer.groups

    def forward(self, features: Tensor) -> Tensor:
        padded: Tensor = _SamePadded.apply(features, self.weight, self.stride, self.groups)  # type: ignore[no-untyped-call]
        return padded


class _OnnxPooling(nn.Module):
    def __init__(self, layer: SameMaxPool2d) -> None:
        super().__init__()
        self.kernel, self.stride = layer.kernel, layer.stride

    def forward(self, features: Tensor) -> Tensor:
        pooled: Tensor = _SamePooled.apply(features, self.kernel, self.stride)  # type: ignore[no-untyped-call]
        return pooled


def _with_onnx_padding(network: SaliencyNetwork) -> SaliencyNetwork:
    """The network, its layers with TensorFlow's padding exchanged for their ONNX forms."""
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, SameConv2d):
                setattr(parent, name, _OnnxConvolution(layer))
            elif isinstance(layer, SameMaxPool2d):
                setattr(parent, name, _OnnxPooling(layer))
    return network


def _name_tensors(model: onnx.ModelProto, stored: Mapping[str, Tensor]) -> None:
    """Let the graph's initializers go by the names of the state dict, in the types that they are stored in; float16 is cast before it is used."""
    import onnx

    casts, names = [], {}
    for tensor in model.graph.initializer:
        key = tensor.name.removeprefix(PREFIX)
        if not tensor.name.startswith(PREFIX) or key not in stored:
            continue
        is_half = stored[key].dtype == torch.float16
        names[tensor.name] = f"{key}.float" if is_half else key
        tensor.CopyFrom(onnx.numpy_helper.from_array(stored[key].numpy(), key))
        if is_half:
            casts.append(onnx.helper.make_node("Cast", [key], [names[f"{PREFIX}{key}"]], to=onnx.TensorProto.FLOAT))
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _take_out(model: onnx.ModelProto, stored: Mapping[str, Tensor]) -> dict[str, NDArray]:
    """Leave of those tensors only name, type and shape in the graph, and answer them."""
    import onnx

    taken = {}
    for tensor in model.graph.initializer:
        if tensor.name in stored:
            taken[tensor.name] = stored[tensor.name].numpy()
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=WEIGHTS)
    return taken
