"""OpenCV's 8-bit arithmetic, by hand and against values that OpenCV itself gave."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from salquest.models.classical import opencv


def pattern(size: tuple[int, int]) -> np.ndarray:
    """A made picture, (3, H, W) uint8, that can be made anywhere."""
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([(7 * x + 3 * y) % 256, (x * y // 5) % 256, (x * x + 11 * y) % 256]).astype(np.uint8)


def checksum(maps: np.ndarray) -> int:
    """CRC-32 of the bytes."""
    return zlib.crc32(np.ascontiguousarray(maps).tobytes())


# checksums of what opencv-python-headless 5.0.0 makes of `pattern((48, 64))`
@pytest.mark.parametrize(
    ("made", "opencv_s"),
    [
        (lambda p: opencv.grey(p[None]), 2814687529),
        (lambda p: opencv.lab(p[None]), 736849100),
        (lambda p: opencv.resize_area(p, (30, 40)), 2663627660),
        (lambda p: opencv.resize_area(p, (24, 32)), 3250918724),
        (lambda p: opencv.resize_area(p, (16, 16)), 709854974),
        (lambda p: opencv.resize_area(p, (60, 80)), 11545146),
        (lambda p: opencv.resize_area(p, (48, 64)), 1455120313),
        (lambda p: opencv.resize_linear_exact(p, (33, 33)), 2826481277),
        (lambda p: opencv.median3(p), 3879711329),
        (lambda p: opencv.gaussian_blur(p, 3, 1.0), 564342838),
        (lambda p: opencv.gaussian_blur(p, 37, 9.0), 3653581375),
        (lambda p: opencv.gaussian_blur(p, 51, 20.0), 2916864302),
        (lambda p: opencv.dilate(p, 3), 3709353636),
        (lambda p: opencv.erode(p, 2), 4052249733),
    ],
)
def test_gives_opencv_s_bytes(made, opencv_s):
    assert checksum(made(pattern((48, 64)))) == opencv_s


def test_lab_of_white_black_and_red():
    # L 100, 0 and 53.2 of 100; a and b 0 for greys, 80.1 and 67.2 for red
    pure = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8).T[None, :, :, None]
    assert opencv.lab(pure)[0, :, :, 0].T.tolist() == [[255, 128, 128], [0, 128, 128], [136, 208, 195]]


def test_halving_rounds_the_mean_of_four():
    assert opencv.resize_area(np.array([[0, 1], [0, 1]], np.uint8), (1, 1)).tolist() == [[1]]


def test_shrinking_by_three_halves_by_hand():
    # each new pixel covers one old one and half of the middle one: (2 * 30 + 90) / 3
    assert opencv.resize_area(np.array([[30, 90, 240]] * 3, np.uint8), (2, 2))[0].tolist() == [50, 190]


def test_weights_of_the_blur_sum_to_256_and_hand_on_what_rounding_took():
    assert opencv.gaussian_bytes(3, 1.0) == (70, 116, 70)
    assert sum(opencv.gaussian_bytes(51, 20.0)) == 256


def test_axes_come_with_opencv_s_signs():
    energies, axes = opencv.symmetric_axes(np.array([[60, 20, -5], [20, 90, 12], [-5, 12, 70]], np.float32))
    np.testing.assert_allclose(energies, [102.36586, 71.86188, 45.77225], rtol=1e-6)
    expected = [[0.38526073, -0.47262663, 0.7925896], [0.8830679, -0.06051652, -0.46532655], [0.26789054, 0.87918246, 0.39404678]]
    np.testing.assert_allclose(axes, expected, atol=1e-6)
