"""A trained network as a folder that travels: written whole, read by both runtimes with the same numbers, refused where it is broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from salquest.errors import BrokenFile, DataNotFound, InputError, Refused
from salquest.models import OnnxNetwork, load_model
from salquest.models.checkpoint_card import CheckpointCard
from salquest.models.deep.saving import card_of, save_checkpoint, save_graph
from salquest.models.deep.trained import TrainedNetwork

PIXELS = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)


@pytest.fixture
def copied(small_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_checkpoint, tmp_path / "copied"))


def change_card(folder: Path, **words: object) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **words}))


def test_every_number_is_there_once_in_half_the_bytes(small_checkpoint) -> None:
    stored = load_file(small_checkpoint / "weights.safetensors")
    assert {tensor.dtype.name for name, tensor in stored.items() if tensor.ndim == 4} == {"float16"}
    assert {tensor.dtype.name for name, tensor in stored.items() if tensor.ndim == 1} == {"float32"}
    assert (small_checkpoint / "model.onnx").stat().st_size < 0.1 * (small_checkpoint / "weights.safetensors").stat().st_size
    assert sorted(path.name for path in small_checkpoint.iterdir()) == ["card.json", "model.onnx", "weights.safetensors"]


def test_both_runtimes_have_the_same_map_and_onnx_goes_first(small_checkpoint) -> None:
    onnx, torch = load_model(small_checkpoint), load_model(small_checkpoint, runtime="torch")
    assert (type(onnx), type(torch)) == (OnnxNetwork, TrainedNetwork)
    assert onnx.name == torch.name == "small"
    assert onnx.trained_on == torch.trained_on == {"1001.jpg": "e6b4"}
    np.testing.assert_allclose(onnx.predict(PIXELS).values, torch.predict(PIXELS).values, rtol=1e-4)


def test_rounding_to_float16_hardly_moves_the_map(small_run, small_checkpoint) -> None:
    whole, half = (load_model(path).predict(PIXELS).values for path in (small_run, small_checkpoint))
    assert np.abs(whole - half).max() < 0.01 * whole.max()
    assert np.any(whole != half)


def test_weights_in_full_are_read_back_to_the_bit(small_run, tmp_path) -> None:
    run = TrainedNetwork.load(small_run)
    save_checkpoint(run, tmp_path / "full")
    again = load_model(tmp_path / "full")
    assert np.array_equal(again.predict(PIXELS).values, run.predict(PIXELS).values)
    with pytest.raises(InputError, match=r"has no model.onnx for the runtime onnx; take the runtime torch"):
        load_model(tmp_path / "full", runtime="onnx")


def test_the_card_survives_json_and_metadata(small_run) -> None:
    card = card_of(TrainedNetwork.load(small_run), title="a line", limits=["one more"])
    assert CheckpointCard.from_json(card.as_json().encode(), Path("card.json")) == card
    assert CheckpointCard.from_metadata(card.as_metadata(), Path("model.onnx")) == card
    assert card.limits[-1] == "one more"
    assert card.began_from == ""  # random weights come from nowhere
    assert card.data == {"name": "osie-mini", "edition": "1", "licence": "MIT", "source": "NUS-VIP/predicting-human-gaze-beyond-pixels"}


def test_nothing_is_written_over(small_run, small_checkpoint, small_file) -> None:
    model = TrainedNetwork.load(small_run)
    with pytest.raises(Refused, match=r"is there already; choose another name"):
        save_checkpoint(model, small_checkpoint)
    with pytest.raises(Refused, match=r"is there already; choose another name, or write over it with --force"):
        save_graph(model, small_file)


def test_a_network_put_together_by_hand_has_no_card(small_mobile, tmp_path) -> None:
    with pytest.raises(InputError, match=r"mine was not loaded from a run"):
        save_checkpoint(TrainedNetwork(small_mobile, name="mine"), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"schema": 99}, "has a card of schema 99; this salquest reads up to 1"),
        ({"schema": float("inf")}, "card.json is not the card of a network: cannot convert float infinity"),
        ({"data": {"sets": ["osie"]}}, r"a card's data sets are a list of mappings; found \['osie'\]"),
        ({"scores": {"cc": "good"}}, r"a card's scores are numbers by name; found \{'cc': 'good'\}"),
        ({"scores_by_set": {"osie": 3}}, "a card's scores are numbers by name; found 3"),
        ({"pictures": {"a.jpg": 7}}, "a card's pictures are hashes, as text, by name; found others"),
        ({"title": ["x" * 200]}, r"a card's title is text; found \['x{78}\.\.\.$"),
        ({"size": [0, 10**9]}, r"card.json is not the card of a network: a network's size is a \(height, width\) of 1 to 8192"),
        ({"size": "big"}, "a network's size is a"),
        ({"fit": "crop"}, "a network's fit is one of squash, aspect; found 'crop'"),
        ({"pictures": [1]}, "a card's pictures is a mapping of names"),
        ({"name": 3}, "a card's name is text; found 3"),
        ({"limits": 3}, "a card's limits are sentences; found 3"),
    ],
)
def test_a_card_that_cannot_be_meant_is_refused(copied, words, message) -> None:
    change_card(copied, **words)
    for runtime in ("onnx", "torch"):
        with pytest.raises(BrokenFile, match=message):
            load_model(copied, runtime=runtime)


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff", b"[1]", b"[" * 100_000, b'{"schema": ' + b"9" * 5000 + b"}"],
    ids=["cut", "bytes", "list", "deep", "digits"],
)
def test_a_card_that_is_none_is_refused(copied, content) -> None:
    (copied / "card.json").write_bytes(content)
    for runtime in ("onnx", "torch"):
        with pytest.raises(BrokenFile, match=r"card.json is not the card of a network"):
            load_model(copied, runtime=runtime)


def test_a_card_larger_than_any_is_not_read(copied, monkeypatch) -> None:
    monkeypatch.setattr("salquest.models.checkpoint_folder.MAX_BYTES", 100)
    with pytest.raises(BrokenFile, match=r"card.json is too large to be a card: more than 100 bytes"):
        load_model(copied)


def test_sizes_are_those_of_the_card_that_were_looked_at(copied) -> None:
    network = json.loads((copied / "card.json").read_text())["network"]
    change_card(copied, network={**network, "size": [10**9, 10**9], "map_size": [10**9, 1], "fit": "aspect"})
    assert load_model(copied, runtime="torch").network.size == (96, 128)


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_weights_of_another_shape_are_refused(copied, runtime) -> None:
    stored = load_file(copied / "weights.safetensors")
    save_file({**stored, "decoder.last.weight": stored["decoder.last.weight"][:, :4]}, copied / "weights.safetensors")
    with pytest.raises(
        BrokenFile, match=r"weights.safetensors does not fit the network of card.json: decoder.last.weight|dimensions do not match"
    ):
        load_model(copied, runtime=runtime)


def test_a_spec_that_asks_for_more_than_the_file_has_is_refused_before_it_is_built(copied) -> None:
    network = json.loads((copied / "card.json").read_text())["network"]
    change_card(copied, network={**network, "decoder_options": {"width": 10**7}})  # 40 GB of 1x1 convolutions
    with pytest.raises(BrokenFile, match=r"does not fit the network of card.json"):
        load_model(copied, runtime="torch")


@pytest.mark.parametrize("network", [{}, {"network": "mobile"}, {"network": "mobile", "encoder": 3}])
def test_a_spec_that_is_none_is_refused(copied, network) -> None:
    change_card(copied, network=network)
    with pytest.raises((BrokenFile, KeyError), match=r"card.json|no network is called 'None'"):
        load_model(copied, runtime="torch")


@pytest.mark.parametrize("changed", [{"size": [0, 1]}, {"size": None}, {"fit": "crop"}])
def test_a_run_whose_network_cannot_be_meant_is_refused(small_run, tmp_path, changed) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "network": {**record["network"], **changed}}))
    with pytest.raises(BrokenFile, match=r"the record of run describes no network that can be rebuilt: a network's"):
        load_model(run)


def test_missing_weights_are_named(copied) -> None:
    (copied / "weights.safetensors").unlink()
    for runtime in ("onnx", "torch"):
        with pytest.raises(DataNotFound, match=r"weights.safetensors"):
            load_model(copied, runtime=runtime)
