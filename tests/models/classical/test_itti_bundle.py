"""The bundle's Itti-Koch model against the original's maps and by its laws."""

from __future__ import annotations

import numpy as np
import pytest
from test_classical_contracts import popout, scene

from salquest.errors import InputError
from salquest.models.classical import IttiBundle
from salquest.models.classical.arrays import min_max


@pytest.mark.parametrize(
    ("key", "changes", "atol"),
    [
        ("itti_blur003", {}, 5e-8),
        ("itti_noblur", {"blur": 0.0}, 2.5e-4),  # float16
        ("itti_blur003_delta23", {"deltas": (2, 3)}, 2.5e-4),
    ],
)
def test_maps_agree_with_the_original(key, changes, atol, photographs, reference):
    model = IttiBundle(longest=None, **changes)
    np.testing.assert_allclose(model.native_maps(model.prepared(photographs)), reference("itti_bundle")[key], atol=atol)


def test_differences_of_levels_agree_with_the_original(photographs, reference):
    stored = reference("intermediate_1001")
    model = IttiBundle(longest=None, deltas=(2, 3))
    found = model.centre_surround(model.prepared(photographs[:1]))
    keys = sorted(key for key in stored if key.startswith("itti_act_"))
    assert keys
    seen = dict.fromkeys("CIO", 0)
    for key in keys:
        _, _, _, channel, level, delta = key.split("_")
        letter = "CIO"[int(channel) - 1]
        maps = found[letter][(int(level) - 2) * 2 + int(delta) - 2][0]
        distances = [np.abs(min_max(one) - stored[key]).max() for one in maps if one.shape == stored[key].shape]
        assert min(distances) < 5e-4
        seen[letter] += 1
    assert all(seen.values())


@pytest.mark.parametrize("changes", [{}, {"channels": "DIO", "size": 32}, {"blur": 0.0}])
def test_a_mirrored_picture_has_the_mirrored_map(changes):
    model = IttiBundle(longest=None, **changes)
    picture = scene((128, 192))
    found, mirrored = (model.native_maps(model.prepared(one[None]))[0] for one in (picture, picture[:, ::-1]))
    np.testing.assert_allclose(mirrored, found[:, ::-1], atol=1e-4)


@pytest.mark.parametrize("model", [IttiBundle(), IttiBundle(blur=0.0), IttiBundle(deltas=(2, 3)), IttiBundle(channels="DIO", size=32)])
def test_the_odd_disc_is_found(model):
    found = model.predict(popout())
    y, x = np.unravel_index(found.values.argmax(), found.size)
    assert np.hypot(y - 60, x - 240) < 15


def test_the_map_is_an_eighth_of_the_picture_or_as_wide_as_asked():
    pictures = IttiBundle().prepared(scene((300, 400))[None])
    assert IttiBundle().native_maps(pictures).shape == (1, 60, 80)
    assert IttiBundle(size=32).native_maps(pictures).shape == (1, 24, 32)


def test_grey_pictures_have_no_colour_and_still_a_map():
    grey = scene((120, 160)).mean(axis=-1, keepdims=True).astype(np.uint8).repeat(3, axis=-1)
    pictures = IttiBundle().prepared(grey[None])
    np.testing.assert_allclose(IttiBundle().native_maps(pictures), IttiBundle(channels="IO").native_maps(pictures), atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": "RGB"}, "letters among C, D, I, O, R; found: B, G"),
        ({"deltas": ()}, r"needs centres and deltas from 1 up and an angle; found centres \(2, 3\), deltas \(\)"),
        ({"centres": (0,)}, "from 1 up"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        IttiBundle(**changes)
