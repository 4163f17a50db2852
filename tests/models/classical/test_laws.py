"""Laws that every classical model of the catalogue keeps, and the named ones that cannot."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models import MODELS, load_model

CLASSICAL = sorted(name for name, card in MODELS.items() if card.family == "classical")
# an even window has its centre between pixels, as in the originals; the mean over a spectrum whose frequency 0 stands first has borders
# that a mirror moves; drawn and learnt filters have no mirrored partners; the SaliencyToolbox's seven taps are lopsided, and Judd's features
# hold its maps
NOT_MIRRORED = {
    *("image-signature", "spectral-residual", "phase-spectrum", "spectral-residual-opencv"),
    *("edn", "aim", "sun", "saliency-toolbox", "judd"),
}
# eDN's feature of the centre outweighs one disc; SUN compares a disc with all natural pictures, not with its neighbours
NO_POP_OUT = {"edn", "sun"}


def mirrored_pair() -> tuple[np.ndarray, np.ndarray]:
    """A textured picture (96, 128, 3) uint8 and its mirror image."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:96, :128] / 16
    waves = [sum(np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-4, 4, (5, 3))) for _ in range(3)]
    picture = np.stack(waves, axis=-1)
    pixels = np.rint(255 * (picture - picture.min()) / np.ptp(picture)).astype(np.uint8)
    return pixels, np.ascontiguousarray(pixels[:, ::-1])


def one_red_among_green(*, row: int, column: int) -> np.ndarray:
    """Green discs on grey, (240, 320, 3) uint8, the one at a place red."""
    picture = np.full((240, 320, 3), 128, np.uint8)
    y, x = np.mgrid[:240, :320]
    for at_y in range(40, 240, 40):
        for at_x in range(40, 320, 40):
            inside = (y - at_y) ** 2 + (x - at_x) ** 2 < 100
            picture[inside] = (200, 60, 60) if (at_y, at_x) == (row, column) else (60, 150, 60)
    return picture


@pytest.mark.parametrize("name", [name for name in CLASSICAL if name not in NOT_MIRRORED])
def test_the_mirrored_picture_has_the_mirrored_map(name):
    picture, mirrored = mirrored_pair()
    model = load_model(name)
    np.testing.assert_allclose(model.predict(mirrored).values[:, ::-1], model.predict(picture).values, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in CLASSICAL if name not in NO_POP_OUT])
def test_the_odd_one_stands_out(name):
    found = load_model(name).predict(one_red_among_green(row=80, column=240)).values
    at_y, at_x = np.unravel_index(found.argmax(), found.shape)
    assert np.hypot(at_y - 80, at_x - 240) < 20
