"""SalGAN's released file: a fabricated archive of the exact layout converts, gives the released network's maps, and hostile ones are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from salquest.cli import main
from salquest.errors import BrokenFile, DataNotFound, Refused
from salquest.models import load_model
from salquest.models.deep.salgan_archive import MEAN, convert_salgan, read_salgan_archive, salgan_layout
from salquest.runs import RunFolder

LAYOUT = salgan_layout()


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def arrays() -> list[np.ndarray]:
    """Numbers of the size that keeps activations alive through 27 layers."""
    draw = np.random.default_rng(0)
    found = []
    for _, shape in LAYOUT:
        spread = np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.01
        found.append((spread * draw.standard_normal(shape, dtype=np.float32)).astype(np.float32))
    found[0] /= 100  # the first sees pictures of 0..255
    return found


@pytest.fixture(scope="module")
def archive(arrays: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("released") / "gen_modelWeights0090.npz"
    np.savez(path, *arrays)
    return path


def released(arrays: list[np.ndarray], pictures: Tensor) -> Tensor:
    """What the released network does with RGB in 0..255, written out anew: (B, 3, H, W) to (B, H, W)."""
    layers = iter([(torch.from_numpy(arrays[i]), torch.from_numpy(arrays[i + 1])) for i in range(0, len(arrays), 2)])
    features = pictures.flip(1) - torch.tensor(MEAN[::-1]).view(1, 3, 1, 1)
    for block, convolutions in enumerate((2, 2, 3, 3, 3)):
        if block:
            features = F.max_pool2d(features, 2)
        for _ in range(convolutions):
            weight, bias = next(layers)
            features = F.conv2d(features, weight, bias, padding=1).relu()
    for block, convolutions in enumerate((3, 3, 3, 2, 2)):
        if block:
            features = features.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        for _ in range(convolutions):
            weight, bias = next(layers)
            features = F.conv2d(features, weight.flip(2, 3), bias, padding=1).relu()
    weight, bias = next(layers)
    return F.conv2d(features, weight, bias).sigmoid()[:, 0]


def member(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, values, allow_pickle=True)
    return content.getvalue()


def test_the_layout_has_54_arrays_with_the_numbers_of_the_printed_network() -> None:
    assert len(LAYOUT) == 54
    assert sum(int(np.prod(shape)) for _, shape in LAYOUT) == 31_787_009
    assert LAYOUT[26] == ("decoder.blocks.0.0.weight", (512, 512, 3, 3))
    assert LAYOUT[52] == ("decoder.last.weight", (1, 64, 1, 1))


@pytest.mark.slow
def test_the_converted_network_answers_the_released_networks_maps(archive: Path, arrays: list[np.ndarray], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert", "salgan", str(archive), "--out", str(tmp_path / "salgan")])
    assert ended.value.code == 0
    model = load_model(tmp_path / "salgan")
    picture = torch.randint(0, 256, (1, 3, 192, 256), generator=torch.Generator().manual_seed(0)).float()
    with torch.no_grad():
        ours = model.network(picture / 255).sigmoid()
        theirs = released(arrays, picture)
    assert theirs.std() > 1e-4
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-3)
    assert model.predict(np.zeros((30, 50, 3), np.uint8)).size == (30, 50)
    record = RunFolder(tmp_path / "salgan").read()
    assert (record.status, record.network["size"], record.data["name"]) == ("finished", [192, 256], "salicon")
    with pytest.raises(Refused, match="is not empty; choose another folder, or replace what is there with --force"):
        convert_salgan(archive, tmp_path / "salgan")
    convert_salgan(archive, tmp_path / "salgan", force=True)


def test_a_file_with_fewer_layers_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "short.npz", *(np.zeros(1, np.float32) for _ in range(4)))
    with pytest.raises(BrokenFile, match=r"expected the 54 arrays arr_0 to arr_53; found 4, such as arr_0.npy"):
        read_salgan_archive(tmp_path / "short.npz")


@pytest.fixture(scope="module")
def hollow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout's names, each with one number: only headers are looked at."""
    path = tmp_path_factory.mktemp("hollow") / "hollow.npz"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(len(LAYOUT)):
            file.writestr(f"arr_{number}.npy", member(np.zeros(1, np.float32)))
    return path


def test_shapes_are_looked_at_before_anything_is_unpacked(hollow: Path) -> None:
    with pytest.raises(BrokenFile, match=r"arr_0.npy \(encoder.features.0.weight\) should be \(64, 3, 3, 3\) and is \(1,\)"):
        read_salgan_archive(hollow)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (member(np.array([{"a": 1}], dtype=object)), r"should be \(64, 3, 3, 3\) and is \(1,\)"),
        (member(np.full((64, 3, 3, 3), None, dtype=object)), "should hold float32 and holds object"),
        (member(np.zeros((64, 3, 3, 3), np.int64)), "should hold float32 and holds int64"),
        (member(np.zeros((64, 3, 3, 3), np.float32)) + bytes(10**6), "is longer than its 1728 numbers"),
        (b"\x80\x04K\x01.", "cannot be read as a NumPy archive"),
    ],
)
def test_pickles_other_types_and_stuffing_are_refused(content: bytes, message: str, hollow: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.npz"
    with zipfile.ZipFile(hollow) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for info in before.infolist():
            file.writestr(info.filename, content if info.filename == "arr_0.npy" else before.read(info))
    with pytest.raises(BrokenFile, match=message):
        read_salgan_archive(path)


def test_what_is_no_archive_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("weights")
    with pytest.raises(BrokenFile, match=r"cannot be read as a NumPy archive \(.npz\): File is not a zip file"):
        read_salgan_archive(tmp_path / "text.npz")
    with pytest.raises(DataNotFound, match=r"SalGAN's generator is a NumPy archive such as gen_modelWeights0090.npz"):
        read_salgan_archive(tmp_path / "nothing.npz")
    with zipfile.ZipFile(tmp_path / "path.npz", "w") as file:
        file.writestr("../evil.npy", b"x")
    with pytest.raises(BrokenFile, match=r"found 1, such as ../evil.npy"):
        read_salgan_archive(tmp_path / "path.npz")


def test_nothing_is_written_where_the_file_is_refused(hollow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert", "salgan", str(hollow), "--out", str(tmp_path / "salgan")])
    assert ended.value.code == 2
    assert "does not hold SalGAN's generator" in capsys.readouterr().err
    assert not (tmp_path / "salgan").exists()
