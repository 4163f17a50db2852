"""The feature cache: the same numbers with and without it, nothing broken is believed, nothing foreign is mixed in."""

import json

import numpy as np
import pytest
import torch

from salquest.encoders import FeatureCache, build_encoder
from salquest.errors import InputError, Refused

SIZE = (48, 64)
PICTURE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture
def encoder():
    return build_encoder("mobilenet_v2", taps=["features.6", "features.13"]).freeze()


def pixels():
    return PICTURE


def never():
    raise AssertionError("the picture was encoded again")


def equal(some, others):
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


def test_with_and_without_a_disk_and_read_back_the_numbers_are_the_encoders_own(encoder, tmp_path):
    with torch.no_grad():
        own = [tap[0] for tap in encoder(torch.from_numpy(PICTURE).permute(2, 0, 1)[None].float() / 255)]
    computed = FeatureCache(None, encoder, SIZE).taps("a", False, pixels)
    written = FeatureCache(tmp_path, encoder, SIZE).taps("a", False, pixels)
    read = FeatureCache(tmp_path, encoder, SIZE).taps("a", False, never)
    assert [tap.shape for tap in read] == [(32, 6, 8), (96, 3, 4)]
    assert equal(own, computed)
    assert equal(own, written)
    assert equal(own, read)
    assert not any(tap.requires_grad for tap in computed + written + read)


def test_without_a_disk_nothing_is_written(encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FeatureCache(None, encoder, SIZE).taps("a", False, pixels)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_that_may_not_be_written_to_is_encoded_without_a_warning(encoder, mirrored):
    # Pillow hands out such arrays; that torch warns of them is an error here
    locked = PICTURE.copy()
    locked.setflags(write=False)
    cache = FeatureCache(None, encoder, SIZE)
    assert equal(cache.taps("a", mirrored, lambda: locked), cache.taps("a", mirrored, pixels))
    assert not locked.flags.writeable


def test_the_mirrored_picture_is_mirrored_here_and_kept_apart(encoder, tmp_path):
    cache = FeatureCache(tmp_path, encoder, SIZE)
    mirrored = cache.taps("a", True, pixels)
    plain = cache.taps("a", False, pixels)
    assert equal(mirrored, FeatureCache(None, encoder, SIZE).taps("b", False, lambda: PICTURE[:, ::-1]))
    assert not equal(mirrored, plain)
    assert sorted(path.name for path in cache.folder.iterdir()) == ["a-mirrored.safetensors", "a.safetensors", "key.json"]
    assert equal(mirrored, cache.taps("a", True, never))


def flip_a_bit(content):
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:4],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        flip_a_bit,
    ],
    ids=["empty", "header cut", "half", "last byte", "one bit"],
)
def test_a_damaged_file_is_computed_again_and_written_again(damage, encoder, tmp_path):
    cache = FeatureCache(tmp_path, encoder, SIZE)
    right = cache.taps("a", False, pixels)
    path = cache.folder / "a.safetensors"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert equal(right, cache.taps("a", False, pixels))
    assert path.read_bytes() == whole


def test_the_folder_name_can_be_read_and_its_key_is_whole(encoder, tmp_path):
    cache = FeatureCache(tmp_path, encoder, SIZE)
    assert cache.folder.name == "mobilenet_v2_77bd69f5fd03_features.6+features.13_48x64_float32_v1"
    key = json.loads((cache.folder / "key.json").read_text())
    assert key["weights"] == encoder.weights_digest
    assert key["size"] == [48, 64]
    assert key["padding"] == "same"


def test_other_sizes_taps_dtypes_and_weights_have_folders_of_their_own(encoder, tmp_path):
    caches = [
        FeatureCache(tmp_path, encoder, SIZE),
        FeatureCache(tmp_path, encoder, (64, 48)),
        FeatureCache(tmp_path, encoder, SIZE, "float16"),
        FeatureCache(tmp_path, build_encoder("mobilenet_v2", taps=["features.6"]).freeze(), SIZE),
        FeatureCache(tmp_path, build_encoder("mobilenet_v2", weights="none", seed=1).freeze(), SIZE),
        FeatureCache(tmp_path, build_encoder("mobilenet_v2", weights="none", seed=2).freeze(), SIZE),
    ]
    assert len({cache.folder for cache in caches}) == 6


def test_a_key_that_says_something_else_is_refused_and_the_field_named(encoder, tmp_path):
    cache = FeatureCache(tmp_path, encoder, SIZE)
    path = cache.folder / "key.json"
    path.write_text(json.dumps({**cache.key, "padding": "symmetric"}))
    with pytest.raises(Refused, match="padding is 'symmetric' there and 'same' here") as caught:
        FeatureCache(tmp_path, encoder, SIZE)
    assert "size" not in str(caught.value)


def test_a_broken_key_is_refused(encoder, tmp_path):
    path = FeatureCache(tmp_path, encoder, SIZE).folder / "key.json"
    path.write_text("{")
    with pytest.raises(Refused, match="is not the key of a feature cache"):
        FeatureCache(tmp_path, encoder, SIZE)


def test_an_encoder_that_was_trained_cannot_pass_for_its_weights_file(encoder, tmp_path):
    FeatureCache(tmp_path, encoder, SIZE)
    with torch.no_grad():
        encoder.features[0][0].weight[0, 0, 0, 0] += 1
    with pytest.raises(Refused, match=r"parameters is '[0-9a-f]{64}' there"):
        FeatureCache(tmp_path, encoder, SIZE)


def test_an_encoder_that_learns_is_refused():
    with pytest.raises(InputError, match="only a frozen encoder's features can be kept"):
        FeatureCache(None, build_encoder("mobilenet_v2", weights="none"), SIZE)


@pytest.mark.parametrize(
    "picture",
    [PICTURE[:, :-1], PICTURE.astype(np.float32), PICTURE[..., 0], PICTURE.transpose(1, 0, 2)],
    ids=["size", "dtype", "grey", "turned"],
)
def test_other_pictures_than_the_cache_was_made_for_are_refused(picture, encoder):
    with pytest.raises(InputError, match=r"keeps uint8 pictures of \(48, 64, 3\)"):
        FeatureCache(None, encoder, SIZE).taps("a", False, lambda: picture)


def test_half_precision_rounds_freshly_computed_taps_in_the_same_way(encoder, tmp_path):
    exact = FeatureCache(None, encoder, SIZE).taps("a", False, pixels)
    computed = FeatureCache(None, encoder, SIZE, "float16").taps("a", False, pixels)
    cache = FeatureCache(tmp_path, encoder, SIZE, "float16")
    written, read = cache.taps("a", False, pixels), cache.taps("a", False, never)
    assert all(tap.dtype == torch.float32 for tap in (*computed, *written, *read))
    assert equal(computed, written)
    assert equal(computed, read)
    assert not equal(exact, computed)
    for one, other in zip(exact, computed, strict=True):
        torch.testing.assert_close(one, other, rtol=2**-11, atol=1e-6)  # half a step of 11 bits


def test_another_dtype_is_refused(encoder):
    with pytest.raises(InputError, match="float32 or float16, not 'int8'"):
        FeatureCache(None, encoder, SIZE, "int8")
