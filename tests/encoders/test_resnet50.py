"""ResNet-50: written out a second time from the table of He 2016, in torchvision's keys, and against timm's."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from salquest.encoders import ENCODERS, build_encoder
from salquest.errors import BrokenFile

LAYERS = {1: (3, 64), 2: (4, 128), 3: (6, 256), 4: (3, 512)}


def torchvision_state():
    """Random tensors under the keys of torchvision's file, classifier and counters of batches included."""
    generator = torch.Generator().manual_seed(0)
    state = {}

    def add(convolution, norm, width, channels, kernel):
        fan = channels * kernel * kernel
        state[f"{convolution}.weight"] = torch.randn(width, channels, kernel, kernel, generator=generator) * (2 / fan) ** 0.5
        for name, middle in (("weight", 0.7), ("running_var", 1.0), ("bias", 0.0), ("running_mean", 0.0)):
            state[f"{norm}.{name}"] = middle + 0.2 * (torch.rand(width, generator=generator) - 0.5)
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)

    add("conv1", "bn1", 64, 3, 7)
    channels = 64
    for layer, (blocks, narrow) in LAYERS.items():
        for block in range(blocks):
            place = f"layer{layer}.{block}"
            add(f"{place}.conv1", f"{place}.bn1", narrow, channels, 1)
            add(f"{place}.conv2", f"{place}.bn2", narrow, narrow, 3)
            add(f"{place}.conv3", f"{place}.bn3", 4 * narrow, narrow, 1)
            if block == 0:
                add(f"{place}.downsample.0", f"{place}.downsample.1", 4 * narrow, channels, 1)
            channels = 4 * narrow
    return {**state, "fc.weight": torch.zeros(2, 2048), "fc.bias": torch.zeros(2)}


def written_out(state, pictures, *, dilated):
    """The outputs of the four layers, from functions alone."""

    def unit(features, convolution, norm, **options):
        found = F.conv2d(features, state[f"{convolution}.weight"], **options)
        return F.batch_norm(found, *(state[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")), eps=1e-5)

    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    features = F.relu(unit((pictures - mean) / std, "conv1", "bn1", stride=2, padding=3))
    features = F.max_pool2d(features, 3, 2, padding=1)
    found = []
    for layer, (blocks, _) in LAYERS.items():
        dilation = {3: 2, 4: 4}.get(layer, 1) if dilated else 1
        for block in range(blocks):
            place = f"layer{layer}.{block}"
            stride = 2 if block == 0 and layer > 1 and dilation == 1 else 1
            branch = F.relu(unit(features, f"{place}.conv1", f"{place}.bn1"))
            branch = F.relu(unit(branch, f"{place}.conv2", f"{place}.bn2", stride=stride, padding=dilation, dilation=dilation))
            branch = unit(branch, f"{place}.conv3", f"{place}.bn3")
            if block == 0:
                features = unit(features, f"{place}.downsample.0", f"{place}.downsample.1", stride=stride)
            features = F.relu(features + branch)
        found.append(features)
    return found


@pytest.fixture(scope="module")
def state():
    return torchvision_state()


@pytest.fixture(scope="module")
def file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "resnet50.pth"
    torch.save(state, path)
    return path


@pytest.mark.parametrize("dilated", [False, True])
def test_a_torchvision_file_gives_the_network_written_out(dilated, state, file):
    encoder = build_encoder("resnet50", weights=file, taps=["layer1", "layer2", "layer3", "layer4"], dilated=dilated)
    pictures = torch.rand(1, 3, 65, 97, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for ours, theirs in zip(encoder(pictures), written_out(state, pictures, dilated=dilated), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert encoder.normalisation == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert encoder.padding == "symmetric"


def test_it_is_timms_resnet50(state, file):
    timm = pytest.importorskip("timm", reason="needs the extra timm", exc_type=ImportError)
    theirs = timm.create_model("resnet50", num_classes=2, features_only=True, out_indices=(1, 2, 3, 4))
    theirs.load_state_dict({key: value for key, value in state.items() if not key.startswith("fc.")})
    encoder = build_encoder("resnet50", weights=file, taps=["layer1", "layer2", "layer3", "layer4"])
    pictures = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for ours, other in zip(encoder(pictures), theirs.eval()((pictures - encoder.mean) / encoder.std), strict=True):
            torch.testing.assert_close(ours, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("conv1.weight", "features.0.0.weight"),
        ("bn1.running_var", "features.0.1.running_var"),
        ("layer1.0.conv1.weight", "features.2.0.conv1.weight"),
        ("layer4.2.bn3.bias", "features.5.2.bn3.bias"),
        ("layer3.0.downsample.1.running_mean", "features.4.0.downsample.1.running_mean"),
    ],
)
def test_torchvisions_keys_by_hand(theirs, ours):
    assert ENCODERS["resnet50"].layouts[0].rename(theirs) == ours


def test_a_deeper_residual_network_is_refused(state, tmp_path):
    # ResNet-101 has the same keys and 17 more blocks in layer3
    torch.save({**state, "layer3.22.conv1.weight": torch.zeros(1)}, tmp_path / "resnet101.pth")
    with pytest.raises(BrokenFile, match=r"does not hold resnet50: 1 tensors belong to no layer, such as 'features.4.22.conv1.weight'"):
        build_encoder("resnet50", weights=tmp_path / "resnet101.pth")


def test_unfreezing_a_layer_lets_all_its_blocks_learn():
    encoder = build_encoder("resnet50", weights="none", taps=["layer4"]).freeze().unfreeze("layer4")
    learning = {key.split(".")[1] for key, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert learning == {"5"}
    assert all(parameter.requires_grad for parameter in encoder.features[5].parameters())
