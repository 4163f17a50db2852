"""ONNX files as models: torch's maps without torch, and files from others that are no networks of ours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.models import OnnxNetwork, load_model
from salquest.models.deep.trained import TrainedNetwork
from salquest.models.onnx_network import OnnxGraph

# taller, wider, smaller and larger than the network's 96 x 128, and one that nearly is no picture
SIZES = [(240, 320), (400, 150), (30, 200), (1, 1)]


def pixels(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)


def graph_file(path, nodes, inputs, outputs, initializers=(), **props) -> None:
    model = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, initializers), opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    helper.set_model_props(model, props)
    path.write_bytes(model.SerializeToString())


def test_made_for_several_threads_it_answers_them_at_the_same_time_and_the_same(small_checkpoint) -> None:
    alone = OnnxNetwork.load(small_checkpoint)
    shared = alone.for_threads(2)
    assert (alone.bears_threads, shared.bears_threads, alone.for_threads(1)) == (False, True, alone)
    pictures = [np.full((48, 64, 3), grey, dtype=np.uint8) for grey in (0, 60, 120, 180)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.predict_pixels, pictures))
    for picture, one in zip(pictures, found, strict=True):
        np.testing.assert_allclose(one.values, alone.predict_pixels(picture).values, rtol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_the_map_is_that_of_torch(small_run, small_file, size) -> None:
    expected = TrainedNetwork.load(small_run).predict_pixels(pixels(size))
    found = load_model(small_file).predict_pixels(pixels(size))
    assert (found.kind, found.size) == ("density", size)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4)


def test_a_larger_look_is_that_of_torch(small_run, small_file) -> None:
    expected = TrainedNetwork.load(small_run).network.predict_pixels(pixels((240, 320)), scale=1.5)
    np.testing.assert_allclose(load_model(small_file).predict_pixels(pixels((240, 320)), scale=1.5).values, expected.values, rtol=1e-4)


def test_the_file_tells_what_it_is(small_file) -> None:
    model = OnnxNetwork.load(small_file)
    assert (model.name, model.is_density, model.trained_on) == ("small", True, {"1001.jpg": "e6b4"})
    assert (model.card.size, model.card.map_size, model.card.fit) == ((96, 128), (48, 64), "aspect")
    props = {entry.key: entry.value for entry in onnx.load(small_file).metadata_props}
    assert (props["name"], props["family"], props["size"]) == ("small", "deep", "[96, 128]")
    assert "MIT" in props["licence"]
    assert "private" not in str(props)  # where a data set lay is nobody's business


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(DataNotFound, match=r"there is no file at .*absent.onnx; `salquest export` writes ONNX files"):
        OnnxNetwork.load(tmp_path / "absent.onnx")


@pytest.mark.parametrize("content", [b"", b"not protobuf", b"\x80\x04pickle"], ids=["empty", "text", "pickle"])
def test_a_file_that_is_no_onnx_is_named(tmp_path, content) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(BrokenFile, match=r"broken.onnx cannot be loaded as an ONNX file"):
        load_model(path)


def test_a_file_cut_short_is_named(tmp_path, small_file) -> None:
    path = tmp_path / "short.onnx"
    path.write_bytes(small_file.read_bytes()[:-1000])
    with pytest.raises(BrokenFile, match=r"short.onnx cannot be loaded as an ONNX file|short.onnx is not the card|has no card"):
        load_model(path)


def test_a_graph_of_somebody_else_is_refused(tmp_path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in ("x", "y")]
    path = tmp_path / "other.onnx"
    graph_file(path, [helper.make_node("Identity", ["x"], ["y"])], values[:1], values[1:])
    with pytest.raises(
        BrokenFile, match=r"other.onnx is an ONNX file, but no network of salquest: it reads \[\('x', 'tensor\(float\)', 2\)\]"
    ):
        load_model(path)


def test_a_graph_without_a_card_is_refused(tmp_path) -> None:
    path = tmp_path / "bare.onnx"
    constant_answer(path, 0.0)
    with pytest.raises(BrokenFile, match=r"bare.onnx is not the card of a network: 'schema'"):
        load_model(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_graph_that_answers_no_numbers_is_refused(tmp_path, value) -> None:
    path = tmp_path / "nan.onnx"
    constant_answer(path, value, schema="1", name="n", size="[32, 32]", map_size="[8, 8]")
    with pytest.raises(BrokenFile, match=r"nan.onnx answers no densities"):
        load_model(path).predict_pixels(pixels((32, 32)))


def test_weights_outside_the_file_are_not_read(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(b"\0" * 256)
    outside = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1, 8, 8], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "secret"), ("offset", "0"), ("length", "256")):
        outside.external_data.add(key=key, value=value)
    path = tmp_path / "outside.onnx"
    ends = ends_of_a_network()
    graph_file(path, [helper.make_node("Identity", ["c"], ["log_density"])], *ends, [outside])
    with pytest.raises(BrokenFile, match=r"outside.onnx cannot be loaded as an ONNX file: .*External data path"):
        load_model(path)


def test_another_device_is_told_which_runtime_has_it(small_file) -> None:
    with pytest.raises(InputError, match=r"the runtime onnx runs on the CPU; for the device 'cuda' take the runtime torch"):
        load_model(small_file, device="cuda")


def test_pictures_of_another_form_are_refused(small_file) -> None:
    graph = OnnxGraph(small_file.read_bytes())
    with pytest.raises(InputError, match=r"reads pictures of \(B, H, W, 3\) uint8; found \(1, 3, 96, 128\) of float32"):
        graph.log_density(np.zeros((1, 3, 96, 128), np.float32))


def ends_of_a_network() -> tuple[list, list]:
    return (
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["b", "h", "w", 3])],
        [helper.make_tensor_value_info("log_density", TensorProto.FLOAT, ["b", "r", "c"])],
    )


def constant_answer(path, value: float, **props: str) -> None:
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [1, 8, 8], [value] * 64)
    graph_file(path, [helper.make_node("Identity", ["c"], ["log_density"])], *ends_of_a_network(), [tensor], **props)
