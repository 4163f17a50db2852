"""Every network of ours as an ONNX file: the same numbers on pictures of any size, in batches of any size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from salquest.errors import BrokenFile, InputError
from salquest.models.deep.export import TOLERANCE, difference, export_network, stored_tensors, with_half_weights
from salquest.models.deep.network import NETWORKS, SaliencyNetwork, build_network
from salquest.models.onnx_network import OnnxGraph

SMALL = {"bruckert": {"reduction": 8, "branch": 4}, "salgan": {"width": 0.03, "init": "he"}}
# of the last layer, where filters drawn at random make maps so steep that float32 itself is off by 1e-4, or so flat that pictures hardly matter
SCALES = {"salgan": {"last_scale": 0.1}, "mobile": {"last_scale": 10.0}}
SIZES = [(64, 64), (97, 161), (240, 320)]


def small(name: str, activation: str = "softmax", encoder: str | None = "mobilenet_v2") -> SaliencyNetwork:
    # a rectified map that is nearly empty is noise divided by nearly nothing: there the last layer's bias keeps it above 0
    options = {**SMALL.get(name, {"width": 8}), **SCALES.get(name, {}), "last_bias": 1.0 if activation == "relu" else 0.0}
    return build_network(
        name, encoder=encoder, weights="none", activation=activation, size=(96, 128), map_size=(33, 48), decoder_options=options
    ).eval()


def assert_answers_alike(network: SaliencyNetwork) -> None:
    graph = OnnxGraph(export_network(network))
    assert max(difference(network, graph, size) for size in SIZES) <= TOLERANCE
    assert difference(network, graph, (96, 128), pictures=1) <= TOLERANCE


@pytest.mark.parametrize("name", ["bruckert", "light", "mobile", "salgan", "sam-mobilenet"])
def test_a_network_on_the_small_encoder_answers_alike(name: str) -> None:
    assert_answers_alike(small(name))


def test_the_shipped_network_on_the_other_small_encoder_answers_alike() -> None:
    assert_answers_alike(small("mobile", encoder="efficientnet_lite0"))


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "efficientnet_lite0"])
def test_onnx_runtime_folds_every_batch_norm_of_half_weights_into_its_convolution(encoder: str, tmp_path) -> None:
    content = export_network(with_half_weights(small("mobile", encoder=encoder)))
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4  # it would say that the optimised file is for this machine alone
    onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    before, after = (
        Counter(node.op_type for node in model.graph.node)
        for model in (onnx.load_from_string(content), onnx.load(tmp_path / "optimised.onnx"))
    )
    assert before["BatchNormalization"] > 50
    assert after["BatchNormalization"] == 0
    assert after["Conv"] == before["Conv"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_on_its_own_encoder_answers_alike(name: str) -> None:
    assert_answers_alike(small(name, encoder=None))


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_logarithm_of_other_activations_is_that_of_their_density(activation: str) -> None:
    network = small("light", activation)
    graph = OnnxGraph(export_network(network))
    found = graph.log_density(np.random.default_rng(1).integers(0, 256, (2, 97, 161, 3), dtype=np.uint8))
    assert np.exp(found).sum(axis=(1, 2)) == pytest.approx([1, 1], abs=1e-5)
    assert difference(network, graph, (97, 161)) <= TOLERANCE


def test_the_map_has_its_share_of_any_size(small_file) -> None:
    graph = OnnxGraph(small_file.read_bytes())  # 48 x 64 for 96 x 128
    for (height, width), expected in {(96, 128): (48, 64), (101, 67): (51, 34), (33, 40): (17, 20)}.items():
        assert graph.log_density(np.zeros((3, height, width, 3), np.uint8)).shape == (3, *expected)


def test_a_picture_of_a_batch_has_the_numbers_that_it_has_alone(small_file) -> None:
    graph = OnnxGraph(small_file.read_bytes())
    pictures = np.random.default_rng(2).integers(0, 256, (3, 70, 90, 3), dtype=np.uint8)
    alone = np.concatenate([graph.log_density(picture[None]) for picture in pictures])
    np.testing.assert_allclose(graph.log_density(pictures), alone, atol=2e-5)


def test_half_weights_are_stored_in_half_the_bytes_and_change_no_number(small_mobile) -> None:
    rounded = with_half_weights(small_mobile)
    content = export_network(rounded)
    assert len(content) < 0.6 * len(export_network(small_mobile))
    assert difference(rounded, OnnxGraph(content), (96, 128)) <= TOLERANCE
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(content).graph.initializer}
    name = "encoder.features.0.0.weight"
    assert stored[name].dtype == np.float16
    np.testing.assert_array_equal(stored[name].astype(np.float32), rounded.state_dict()[name].numpy())


def test_a_graph_without_its_tensors_takes_them_from_elsewhere(small_mobile) -> None:
    content = export_network(small_mobile, apart=True)
    assert len(content) < 300_000
    with pytest.raises(BrokenFile, match="the graph cannot be loaded as an ONNX file"):
        OnnxGraph(content)
    tensors = {name: tensor.numpy() for name, tensor in stored_tensors(small_mobile).items()}
    assert difference(small_mobile, OnnxGraph(content, tensors=tensors), (97, 161)) <= TOLERANCE
    tensors["decoder.last.weight"] = tensors["decoder.last.weight"][:, :-1]
    with pytest.raises(BrokenFile, match="dimensions do not match"):
        OnnxGraph(content, tensors=tensors)


def test_a_weight_beyond_float16_is_named(small_mobile) -> None:
    import copy

    network = copy.deepcopy(small_mobile)
    with torch.no_grad():
        network.decoder.last.weight[0, 0] = 1e6
    with pytest.raises(InputError, match=r"decoder.last.weight holds numbers beyond float16; export it without --half"):
        with_half_weights(network)


def test_exporting_leaves_the_network_as_it_was(small_mobile) -> None:
    before = {name: tensor.clone() for name, tensor in small_mobile.state_dict().items()}
    export_network(small_mobile)
    assert all(torch.equal(tensor, before[name]) for name, tensor in small_mobile.state_dict().items())
    assert not small_mobile.training


def test_a_file_that_answers_otherwise_is_not_written(small_mobile, monkeypatch) -> None:
    other = build_network("light", weights="none", activation="softmax", size=(96, 128), map_size=(48, 64), decoder_options={"width": 8})
    content = export_network(other.eval())
    monkeypatch.setattr("salquest.models.deep.export._traced", lambda module: content)
    with pytest.raises(InputError, match=r"the exported network differs from torch's by \d.* in log-density, more than 0.0001"):
        export_network(small_mobile)
