"""GBVS against the original's maps and by its laws."""

from __future__ import annotations

import numpy as np
import pytest
from test_classical_contracts import popout, scene

from salquest.errors import InputError
from salquest.models.classical import FastGbvs, Gbvs
from salquest.models.classical.arrays import min_max


@pytest.fixture(scope="module")
def pictures(photographs) -> np.ndarray:
    return Gbvs(longest=None).prepared(photographs)


@pytest.mark.parametrize(
    ("key", "model", "count", "atol"),
    [
        ("gbvs", Gbvs(longest=None), 20, 1e-6),
        ("gbvs_noblur", Gbvs(longest=None, blur=0), 5, 1e-6),
        ("gbvs_cio", Gbvs(longest=None, channels="CIO"), 5, 2.5e-4),  # float16
        ("gbvs_fast", FastGbvs(longest=None), 20, 2.5e-4),
    ],
)
def test_maps_agree_with_the_original(key, model, count, atol, pictures, reference):
    np.testing.assert_allclose(model.native_maps(pictures[:count]), reference("gbvs")[key][:count], atol=atol)


def test_channels_agree_with_the_original(pictures, reference):
    model = Gbvs(longest=None)
    channels = model.channel_sums(model.activation(model.features(pictures[:3])))
    found = np.stack([min_max(channels[letter]) for letter in "DIO"], axis=-1)
    np.testing.assert_allclose(found, reference("gbvs")["channels_DIO"][:3], atol=2.5e-4)


@pytest.mark.parametrize(("file", "place"), [("intermediate_1001", 0), ("intermediate_1071", 3)])
def test_activation_and_normalised_maps_agree_with_the_original(file, place, pictures, reference):
    model = Gbvs(longest=None)
    activation = model.activation(model.features(pictures[place : place + 1]))
    found = np.concatenate([activation[letter][0] for letter in "DIO"])
    np.testing.assert_allclose(min_max(found), reference(file)["activation_minmax"], atol=1e-6)
    np.testing.assert_allclose(min_max(model.normalised(found)), reference(file)["normalised_minmax"], atol=2.5e-4)


def test_the_equilibrium_lies_near_where_the_original_stops(pictures, reference):
    found, stock = Gbvs(longest=None, walk="equilibrium").native_maps(pictures), reference("gbvs")["gbvs"]
    # the tolerance of the original stops early, in two pictures by more than .0251; that ours is the equilibrium is shown in test_markov
    distances = np.abs(found - stock).max(axis=(1, 2))
    assert (distances < 0.0251).sum() == 18
    assert distances.max() < 0.038
    assert min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(found, stock, strict=True)) > 0.9995


@pytest.mark.parametrize("changes", [{}, {"walk": "equilibrium"}, {"channels": "CIOR"}, {"lattices": (1,)}, {"normalisation": "peaks"}])
def test_a_mirrored_picture_has_the_mirrored_map(changes):
    model = Gbvs(longest=None, **changes)
    picture = scene((128, 192))
    found, mirrored = (model.native_maps(model.prepared(one[None]))[0] for one in (picture, picture[:, ::-1]))
    np.testing.assert_allclose(mirrored, found[:, ::-1], atol=2e-4)


@pytest.mark.parametrize("model", [Gbvs(), Gbvs(normalisation="mass"), Gbvs(normalisation="peaks"), FastGbvs()])
def test_the_odd_disc_is_found(model):
    found = model.predict(popout())
    y, x = np.unravel_index(found.values.argmax(), found.size)
    assert np.hypot(y - 60, x - 240) < 15


def test_weights_and_order_of_channels():
    pictures = Gbvs().prepared(scene((120, 160))[None])
    alone = Gbvs(channels="D").native_maps(pictures)
    np.testing.assert_allclose(Gbvs(channels="DO", weights={"O": 0.0}).native_maps(pictures), alone, atol=1e-9)
    np.testing.assert_allclose(Gbvs(channels="OID").native_maps(pictures), Gbvs().native_maps(pictures), atol=1e-12)


def test_options_change_the_map():
    pictures = Gbvs().prepared(scene((120, 160))[None])
    stock = Gbvs().native_maps(pictures)
    for changes in ({"normalises_channels": True}, {"undoes_centre_bias": True}, {"normalisation": "mass", "rounds": 2}, {"levels": (3,)}):
        changed = Gbvs(**changes).native_maps(pictures)
        assert changed.shape == stock.shape
        assert np.abs(changed - stock).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channels": "DIX"}, "letters among C, D, I, O, R; found: X"),
        ({"channels": ""}, "found: none"),
        ({"weights": {"Z": 1.0}}, "found: Z"),
        ({"levels": (0, 2)}, r"levels from 1 up and an angle; found levels \(0, 2\)"),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Gbvs(**changes)
