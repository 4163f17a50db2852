"""Picture files of every mode come in as RGB; what is no picture is refused by a sentence that names the file."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import pictures, read_picture, resize_picture
from salquest.gaze.pictures import as_pixels, decode_picture, is_picture, picture_digest, picture_size

RED, WHITE, BLACK = [255, 0, 0], [255, 255, 255], [0, 0, 0]


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises width x height pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def palette_picture() -> Image.Image:
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 0])
    picture.putdata([0, 1])
    return picture


def two_frames() -> list[Image.Image]:
    return [Image.new("RGB", (2, 1), (255, 0, 0)), Image.new("RGB", (2, 1), (0, 0, 255))]


MODES = {
    "grey": (Image.fromarray(np.array([[0, 255]], np.uint8)), ".png", [[BLACK, WHITE]]),
    "palette": (palette_picture(), ".png", [[RED, BLACK]]),
    "black and white": (Image.fromarray(np.array([[True, False]])), ".png", [[WHITE, BLACK]]),
    "colour": (Image.new("RGB", (1, 1), (255, 0, 0)), ".png", [[RED]]),
    "transparent on white": (Image.fromarray(np.array([[[255, 0, 0, 255], [255, 0, 0, 0]]], np.uint8)), ".png", [[RED, WHITE]]),
    "half transparent": (Image.fromarray(np.array([[[255, 0, 0, 51]]], np.uint8)), ".png", [[[255, 204, 204]]]),
    "transparent grey": (Image.fromarray(np.array([[[0, 0], [0, 255]]], np.uint8)), ".png", [[WHITE, BLACK]]),
    "print colours": (Image.new("CMYK", (1, 1), (0, 255, 255, 0)), ".tif", [[RED]]),
    # 65535 is white and 257 one step of 255
    "16 bit": (Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)), ".png", [[BLACK, [1] * 3, [128] * 3, WHITE]]),
    "32 bit": (Image.fromarray(np.array([[0, 65535]], np.int32)), ".tif", [[BLACK, WHITE]]),
    "floats": (Image.fromarray(np.array([[0.0, 0.5]], np.float32)), ".tif", [[BLACK, WHITE]]),
    "one pixel": (Image.new("L", (1, 1), 255), ".bmp", [[WHITE]]),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_picture_of_any_mode_is_read_as_rgb(mode, tmp_path):
    picture, suffix, expected = MODES[mode]
    picture.save(tmp_path / f"a{suffix}")
    found = read_picture(tmp_path / f"a{suffix}")
    assert (found.dtype, found.tolist()) == (np.uint8, expected)


def test_of_an_animation_the_first_frame_is_read(tmp_path):
    first, second = two_frames()
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert read_picture(tmp_path / "a.gif").tolist() == [[RED, RED]]


@pytest.fixture
def turned(tmp_path):
    """Stored 2 wide and 1 high, red then black; EXIF says: turn it clockwise to look at it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(np.array([[RED, BLACK]], np.uint8))
    picture.save(tmp_path / "turned.png", exif=exif)
    return tmp_path / "turned.png"


def test_a_data_set_s_picture_is_not_turned(turned):
    assert read_picture(turned).tolist() == [[RED, BLACK]]


def test_a_photograph_is_turned_as_its_exif_tag_says(turned):
    assert read_picture(turned, follow_exif=True).tolist() == [[RED], [BLACK]]


def test_a_path_handed_to_a_model_is_a_photograph(turned):
    assert as_pixels(str(turned)).shape == (2, 1, 3)


def test_the_size_is_told_height_first_from_the_header(tmp_path):
    Image.new("RGB", (7, 3)).save(tmp_path / "a.jpg")
    assert picture_size(tmp_path / "a.jpg") == (3, 7)


def truncated_jpeg() -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(content, format="JPEG")
    return content.getvalue()[:-800]


def png_of(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, format="PNG")
    return content.getvalue()


BROKEN = {
    "empty": (b"", "a.jpg is empty: not a picture"),
    "truncated": (truncated_jpeg(), "a.jpg is a broken or truncated picture: image file is truncated"),
    "text": (b"hello, I am not a picture", "a.jpg is not a picture that can be read .its content is of no known image format"),
    "beyond the limit": (png_that_claims(16_000, 12_000), r"a.jpg is too large to be opened: more than 178,956,970 pixels"),
    "a bomb": (png_that_claims(2**31 - 1, 2**31 - 1), "a.jpg is too large to be opened: more than 178,956,970 pixels"),
    "promises more than it holds": (png_that_claims(500, 500), "a.jpg is a broken or truncated picture"),
    "cut within the header": (png_that_claims(5, 5)[:20], "a.jpg is (not a picture that can be read|a broken or truncated picture)"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_bytes_in_memory_are_refused_for_the_same_reasons(what):
    content, sentence = BROKEN[what]
    with pytest.raises(BrokenFile, match=sentence):
        decode_picture(content, name="a.jpg")


def test_bytes_are_decoded_as_their_file_is(turned):
    for follow_exif in (False, True):
        expected = read_picture(turned, follow_exif=follow_exif)
        np.testing.assert_array_equal(decode_picture(turned.read_bytes(), follow_exif=follow_exif), expected)


def test_a_lower_limit_of_pixels_is_kept_before_they_are_unpacked():
    assert decode_picture(png_of(5, 4), max_pixels=20).shape == (4, 5, 3)
    with pytest.raises(BrokenFile, match="the picture is too large to be opened: more than 19 pixels"):
        decode_picture(png_of(5, 4), max_pixels=19)


def test_no_file_starts_ghostscript(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(BrokenFile, match="is not a picture that can be read"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_picture_is_refused_by_name_and_reason(what, tmp_path):
    content, sentence = BROKEN[what]
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(BrokenFile, match=sentence):
        read_picture(tmp_path / "a.jpg")


def test_the_size_of_a_bomb_is_refused_too(tmp_path):
    (tmp_path / "a.png").write_bytes(png_that_claims(60_000, 60_000))
    with pytest.raises(BrokenFile, match="is too large to be opened"):
        picture_size(tmp_path / "a.png")


@pytest.mark.parametrize("read", [read_picture, picture_size])
def test_a_missing_picture_is_not_found(read, tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no picture at .*nowhere.jpg; check the path"):
        read(tmp_path / "nowhere.jpg")


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(DataNotFound, match="is a folder, not a picture"):
        read_picture(tmp_path)


def test_a_path_through_a_file_is_not_found(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataNotFound, match="there is no picture at"):
        read_picture(tmp_path / "file" / "a.jpg")


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 255]], np.uint8), [[BLACK, WHITE]]),
        (np.array([[[1.0, 0.0, 0.0]]]), [[RED]]),
        (np.array([[[1.0, 0.0, 0.0, 0.0]]], np.float32), [[WHITE]]),
        (Image.new("L", (1, 1), 255), [[WHITE]]),
    ],
    ids=["grey bytes", "floats", "transparent floats", "PIL"],
)
def test_arrays_and_pil_images_are_pictures(array, expected):
    assert as_pixels(array).tolist() == expected


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((4, 4, 2), np.uint8), r"an array of \(H, W\), \(H, W, 3\) or \(H, W, 4\); found shape \(4, 4, 2\)"),
        (np.zeros((3, 4, 4, 3), np.uint8), r"found shape \(3, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"found shape \(0, 4, 3\)"),
        (np.full((2, 2), 200.0), r"a picture of floats holds values in 0..1; divide by 255 or hand over uint8"),
        (np.full((2, 2), np.nan), r"a picture of floats holds values in 0..1"),
        (np.zeros((2, 2), np.uint16), r"a picture is uint8, or floats in 0..1; found uint16"),
    ],
)
def test_an_array_that_is_no_picture_is_refused(array, sentence):
    with pytest.raises(InputError, match=sentence):
        as_pixels(array)


def test_a_resized_picture_has_the_size_asked_for_height_first():
    assert resize_picture(np.zeros((4, 6, 3), np.uint8), (2, 9)).shape == (2, 9, 3)


@pytest.mark.parametrize(
    ("name", "known"), [("a.JPG", True), ("a.webp", True), (".hidden.jpg", False), ("Thumbs.db", False), ("jpg", False)]
)
def test_a_picture_is_known_by_its_ending(name, known, tmp_path):
    assert is_picture(tmp_path / name) is known


def test_a_float_picture_that_is_not_finite_is_refused(tmp_path):
    Image.fromarray(np.array([[np.inf, 1.0]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="a picture of floats holds finite numbers; found NaN or infinity"):
        read_picture(tmp_path / "a.tif")


def test_a_bomb_is_refused_where_a_program_has_lifted_pillow_s_own_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    (tmp_path / "a.png").write_bytes(png_that_claims(16_000, 12_000))
    with pytest.raises(BrokenFile, match="too large to be opened: more than 178,956,970 pixels"):
        read_picture(tmp_path / "a.png")


def test_a_photograph_whose_exif_is_broken_is_taken_as_it_is_stored(tmp_path):
    # a block of EXIF that is none; Pillow raises SyntaxError when it is asked for the turn
    Image.new("RGB", (2, 1), (255, 0, 0)).save(tmp_path / "a.webp", lossless=True, exif=b"Exif\0\0MM\xd7\xe2\xa8\xd3\0*")
    assert read_picture(tmp_path / "a.webp", follow_exif=True).tolist() == [[RED, RED]]


def test_a_file_that_is_longer_than_any_picture_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 9)
    (tmp_path / "a.jpg").write_bytes(b"x" * 10)
    for read in (read_picture, picture_digest):
        with pytest.raises(BrokenFile, match=r"a.jpg is too large to be opened: more than 9 bytes"):
            read(tmp_path / "a.jpg")


def test_a_digest_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"abc")
    assert picture_digest(tmp_path / "a.jpg") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(DataNotFound, match="there is no picture at"):
        picture_digest(tmp_path / "b.jpg")
