"""Maps written to files and read back: what each format keeps, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import SaliencyMap, as_density
from salquest.gaze.map_files import encode_map, map_suffix, read_map


@pytest.fixture
def values():
    return SaliencyMap(np.random.default_rng(0).normal(size=(13, 9)).astype(np.float32))


@pytest.fixture
def density():
    return SaliencyMap(as_density(np.random.default_rng(1).random((13, 9)) ** 8).astype(np.float32), "density")


def written(folder: Path, saliency: SaliencyMap, form: str) -> Path:
    path = folder / f"map{map_suffix(form)}"
    path.write_bytes(encode_map(saliency, form))
    return path


def test_npy_keeps_every_float(values, tmp_path):
    np.testing.assert_array_equal(read_map(written(tmp_path, values, "npy")), values.values)


def test_png16_keeps_values_to_one_step_of_65535(values, tmp_path):
    np.testing.assert_allclose(read_map(written(tmp_path, values, "png16")) / 65535, values.display(), atol=0.5 / 65535 + 1e-12)


def test_a_density_read_back_from_png16_is_the_same_density(density, tmp_path):
    back = as_density(read_map(written(tmp_path, density, "png16")))
    # half a step of the maximum, and as much again for the sum
    np.testing.assert_allclose(back, density.values, atol=density.values.max() / 65535)


def test_png16_of_a_density_does_not_move_its_zero(tmp_path):
    flat = SaliencyMap(np.array([[0.4, 0.6]], np.float32), "density")
    assert read_map(written(tmp_path, flat, "png16"))[0].tolist() == [round(0.4 / 0.6 * 65535), 65535]


def test_png8_has_no_zero_and_spans_1_to_255(values, tmp_path):
    back = read_map(written(tmp_path, values, "png8"))
    assert (back.min(), back.max()) == (1, 255)


def test_png8_keeps_values_to_one_step_of_255(values, tmp_path):
    np.testing.assert_allclose((read_map(written(tmp_path, values, "png8")) - 0.5) / 255, values.display(), atol=0.5 / 255 + 1e-12)


def test_a_constant_map_can_be_written(tmp_path):
    assert np.unique(read_map(written(tmp_path, SaliencyMap(np.full((3, 3), 4.0)), "png8"))).tolist() == [1]


def test_an_unknown_format_is_refused_with_the_known_ones(values):
    with pytest.raises(InputError, match="no map format is called 'jpg'; there are: npy, png16, png8"):
        encode_map(values, "jpg")


def test_a_float_picture_keeps_its_values(tmp_path):
    Image.fromarray(np.array([[-1.5, 0.25]], np.float32)).save(tmp_path / "a.tif")
    assert read_map(tmp_path / "a.tif").tolist() == [[-1.5, 0.25]]


def test_of_a_colour_picture_the_first_channel_is_the_map(tmp_path):
    Image.new("RGB", (2, 1), (9, 8, 7)).save(tmp_path / "a.png")
    assert read_map(tmp_path / "a.png").tolist() == [[9, 9]]


def array_file(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def archive_of_arrays() -> bytes:
    content = io.BytesIO()
    np.savez(content, map=np.ones((2, 2)))
    return content.getvalue()


def header_without_data() -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**7)})
    return content.getvalue()


BROKEN = {
    "pickled objects": (array_file(np.array([[{}]], dtype=object)), "is not an array that can be read: Object arrays cannot be loaded"),
    "empty": (b"", "is not an array that can be read"),
    "text": (b"1,2\n3,4\n", "is not an array that can be read"),
    "an archive": (archive_of_arrays(), "is not an array that can be read"),
    "cut short": (array_file(np.ones((8, 8)))[:-9], "is not an array that can be read"),
    "73 terabytes promised": (header_without_data(), "is not an array that can be read"),
    "three dimensions": (array_file(np.ones((2, 2, 3))), r"is no map: a map is \(H, W\) of numbers; found \(2, 2, 3\) of float64"),
    "no pixels": (array_file(np.ones((0, 4))), r"is no map: a map is \(H, W\) of numbers; found \(0, 4\) of float64"),
    "complex": (array_file(np.ones((2, 2), complex)), r"found \(2, 2\) of complex128"),
    "words": (array_file(np.array([["a"]])), r"found \(1, 1\) of <U1"),
    "not finite": (array_file(np.array([[1.0, np.nan]])), "is no map: it holds NaN or infinity"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_array_file_that_is_no_map_is_refused(what, tmp_path):
    content, sentence = BROKEN[what]
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(BrokenFile, match=sentence):
        read_map(tmp_path / "a.npy")


def test_a_float_picture_that_is_not_finite_is_refused(tmp_path):
    Image.fromarray(np.array([[np.inf, 1.0]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(BrokenFile, match="is no map: it holds NaN or infinity"):
        read_map(tmp_path / "a.tif")


def test_a_broken_picture_is_no_map(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(BrokenFile, match=r"a\.png is not a picture that can be read"):
        read_map(tmp_path / "a.png")


def test_a_missing_map_is_not_found(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no map at .*a.png"):
        read_map(tmp_path / "a.png")
