"""An adapted network as a folder: a model everywhere, one sentence where its network is gone or another, and nothing that a hostile file could do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from salquest.errors import BrokenFile, DataNotFound, InputError, Refused, SalquestError
from salquest.models import load_model
from salquest.models.adaptation import Adaptation
from salquest.models.adapted_network import AdaptedFolder, AdaptedNetwork, AdaptedRecord, grid_size
from salquest.models.fingerprint import fingerprint
from salquest.models.network_digest import network_digest

PIXELS = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
ADAPTATION = Adaptation(scales=(0.5, 1.0), weights=(0.25, 0.75), slopes=(1, 1, 1.5, 1), centre=(0.1, 0, -0.5, 0), spread=0.01, lapses=0.02)


def record_of(folder: AdaptedFolder, network: Path, adaptation: Adaptation = ADAPTATION, **words: object) -> AdaptedRecord:
    told = {"network": folder.path_to(network), "found": "path", "fingerprint": network_digest(network), "adaptation": adaptation}
    return AdaptedRecord(**{**told, **words})


@pytest.fixture
def adapted(small_run: Path, tmp_path: Path) -> AdaptedFolder:
    """Beside a copy of a run folder, which may be changed."""
    folder = AdaptedFolder(tmp_path / "mine")
    folder.write(record_of(folder, Path(shutil.copytree(small_run, tmp_path / "run")), pictures={"a.jpg": "00"}))
    return folder


def change(folder: AdaptedFolder, **words: object) -> None:
    folder.path.write_text(json.dumps({**json.loads(folder.path.read_text()), **words}))


def test_the_folder_is_a_model_of_densities(adapted: AdaptedFolder, small_run: Path) -> None:
    model = load_model(adapted.root)
    assert isinstance(model, AdaptedNetwork)
    assert (model.name, model.is_density, model.adaptation) == ("mine", True, ADAPTATION)
    assert model.trained_on == {**load_model(small_run).trained_on, "a.jpg": "00"}
    found = model.predict(PIXELS)
    assert (found.kind, found.size) == ("density", (120, 200))
    assert not np.allclose(found.values, load_model(small_run).predict(PIXELS).values, rtol=0.01)


def test_numbers_that_change_nothing_give_the_networks_own_bits(small_run: Path, tmp_path: Path) -> None:
    folder = AdaptedFolder(tmp_path / "same")
    folder.write(record_of(folder, small_run, Adaptation(scales=(0.5, 1.0, 2.0), weights=(0.0, 1.0, 0.0))))
    assert np.array_equal(load_model(folder.root).predict(PIXELS).values, load_model(small_run).predict(PIXELS).values)


def test_numbers_that_change_next_to_nothing_move_the_map_next_to_nothing(small_run: Path) -> None:
    network = load_model(small_run)
    nearly = AdaptedNetwork(network, Adaptation(lapses=1e-9))  # goes through the grid and the formula
    np.testing.assert_allclose(nearly.predict(PIXELS).values, network.predict(PIXELS).values, rtol=0.05)


def test_scales_of_no_weight_are_not_asked_for(small_run: Path) -> None:
    network, asked = load_model(small_run), []
    plain = network.predict_pixels
    network.predict_pixels = lambda pixels, *, scale, size: asked.append((scale, size)) or plain(pixels, scale=scale, size=size)
    AdaptedNetwork(network, Adaptation(scales=(0.5, 1.0, 2.0), weights=(0.4, 0.6, 0.0))).predict(PIXELS)
    assert asked == [(0.5, (96, 160)), (1.0, (96, 160))]


@pytest.mark.parametrize(("picture", "grid"), [((1200, 2000), (96, 160)), ((48, 64), (48, 64)), ((1, 20000), (1, 160))])
def test_the_grid_has_the_pictures_shape(picture: tuple[int, int], grid: tuple[int, int]) -> None:
    assert grid_size(picture) == grid


def test_a_network_by_its_nearest_neighbour_runs_by_both_runtimes(small_checkpoint: Path, tmp_path: Path) -> None:
    folder = AdaptedFolder(tmp_path / "mine")
    folder.write(record_of(folder, small_checkpoint))
    onnx, torch = (load_model(folder.root, runtime=runtime).predict(PIXELS).values for runtime in ("onnx", "torch"))
    np.testing.assert_allclose(onnx, torch, rtol=1e-3)


def test_what_is_written_is_read_back_equal_and_moves_with_its_network(adapted: AdaptedFolder, tmp_path: Path) -> None:
    record = adapted.read()
    assert (record.network, record.adaptation, record.pictures) == ("../run", ADAPTATION, {"a.jpg": "00"})
    assert adapted.path.stat().st_size < 2000
    before = load_model(adapted.root).predict(PIXELS).values
    (tmp_path / "elsewhere").mkdir()
    for name in ("run", "mine"):
        shutil.move(tmp_path / name, tmp_path / "elsewhere" / name)
    assert np.array_equal(load_model(tmp_path / "elsewhere" / "mine").predict(PIXELS).values, before)


def test_the_fingerprint_follows_the_numbers_and_the_network(adapted: AdaptedFolder, small_run: Path) -> None:
    first = fingerprint(adapted.root)
    assert first == fingerprint(adapted.root) != fingerprint(small_run)
    adapted.write(record_of(adapted, adapted.root.parent / "run", Adaptation(lapses=0.1)))
    assert fingerprint(adapted.root) != first


def test_a_network_that_is_gone_is_one_sentence(adapted: AdaptedFolder) -> None:
    run = adapted.root.parent / "run"
    shutil.rmtree(run)
    with pytest.raises(DataNotFound, match=f"mine adapts the network in {run}, which is not there; put it back, or adapt again$"):
        load_model(adapted.root)


def test_a_network_that_has_changed_is_one_sentence(adapted: AdaptedFolder) -> None:
    path = adapted.root.parent / "run" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenFile, match=r"as it was; it has changed since \([0-9a-f]{16}, now [0-9a-f]{16}\): adapt again$"):
        load_model(adapted.root)


def test_a_network_that_ships_no_longer_is_one_sentence(adapted: AdaptedFolder) -> None:
    change(adapted, found="name", network="mobile-of-old")
    with pytest.raises(DataNotFound, match="adapts mobile-of-old, and no network of that name ships with this salquest; adapt again"):
        load_model(adapted.root)


def numbers(**words: object) -> dict:
    plain = {"scales": [1.0], "weights": [1.0], "slopes": [1, 1, 1, 1], "centre": [0, 0, 0, 0], "spread": 0, "lapses": 0}
    return {"adaptation": {**plain, **words}}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"format": "salquest adapted 2"}, "has the format 'salquest adapted 2'; this salquest reads 'salquest adapted 1'"),
        ({"network": "/etc"}, "the path of a network is relative"),
        ({"network": "\\\\host\\share"}, "the path of a network is relative"),
        ({"network": "C:run"}, "the path of a network is relative"),
        ({"network": "~/run"}, "the path of a network is relative"),
        ({"network": ""}, "the path of a network is relative"),
        ({"network": "hf://owner/name"}, "the path of a network is relative"),
        ({"network": 3}, "Expected `str`, got `int`"),
        ({"found": "url"}, "Invalid enum value 'url'"),
        ({"surprise": 1}, "unknown field `surprise`"),
        (numbers(weights=[2.0]), r"weights lie in 0..1; found 2"),
        (numbers(spread=1e308), r"spread lie in 0..0.25"),
        (numbers(scales=[1.0] * 9, weights=[1 / 9] * 9), "1 to 8 scales"),
        (numbers(scales=[1e9]), r"scales lie in 0.25..4"),
        (numbers(slopes="many"), "Expected `array`, got `str`"),
        (numbers(code="x"), "unknown field `code`"),
    ],
)
def test_a_hostile_file_is_refused(adapted: AdaptedFolder, words: dict, sentence: str) -> None:
    change(adapted, **words)
    with pytest.raises(BrokenFile, match=sentence):
        load_model(adapted.root)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b"[" * 100_000, b'{"format": "salquest adapted 1", "adaptation": {"spread": NaN}}']
)
def test_a_file_that_is_none_is_refused(adapted: AdaptedFolder, content: bytes) -> None:
    adapted.path.write_bytes(content)
    with pytest.raises(BrokenFile, match=r"adapted.json (is not an adaptation|has the format)"):
        load_model(adapted.root)


def test_a_file_that_is_huge_is_not_read(adapted: AdaptedFolder) -> None:
    with adapted.path.open("ab") as file:
        file.truncate(1 << 30)
    with pytest.raises(BrokenFile, match="too large to be an adaptation"):
        load_model(adapted.root)


@pytest.mark.parametrize("network", [".", "../mine", "../../../../../../../../etc"])
def test_a_path_to_no_network_leads_nowhere(adapted: AdaptedFolder, network: str) -> None:
    change(adapted, network=network)
    with pytest.raises(SalquestError, match="which is not there"):
        load_model(adapted.root)


def test_an_adapted_network_that_names_itself_is_not_followed(adapted: AdaptedFolder) -> None:
    shutil.copy(adapted.root.parent / "run" / "run.json", adapted.root)
    shutil.copy(adapted.root.parent / "run" / "weights.safetensors", adapted.root)
    change(adapted, network=".")
    assert isinstance(load_model(adapted.root), AdaptedNetwork)  # of the run that lies in the same folder, once


def test_nothing_is_written_over_unasked(adapted: AdaptedFolder, small_run: Path) -> None:
    with pytest.raises(Refused, match="holds an adapted network already; choose another folder, or write over it with --force"):
        adapted.check_free()
    adapted.check_free(force=True)
    with pytest.raises(Refused, match="is there already and holds something else; choose another folder"):
        AdaptedFolder(small_run).check_free(force=True)


def test_a_folder_without_the_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"holds no adapted network: it has no adapted.json"):
        AdaptedFolder(tmp_path).read()


def test_a_path_that_cannot_be_recorded_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rename it or move it"):
        AdaptedFolder(tmp_path / "out").path_to(tmp_path / "a:b")
