"""Networks of timm: without timm a sentence, with timm the same contract as ours."""

import sys

import pytest
import torch

from salquest.encoders import build_encoder, rebuild_encoder
from salquest.errors import BrokenFile, DataNotFound, MissingExtra, UnknownName


def test_without_timm_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not there
    with pytest.raises(MissingExtra, match=r"timm:convnext_tiny needs .* pip install 'salquest\[timm\]'"):
        build_encoder("timm:convnext_tiny")


@pytest.fixture
def timm():
    return pytest.importorskip("timm", reason="needs the extra timm", exc_type=ImportError)


@pytest.mark.parametrize("network", ["convnext_atto", "resnet18", "swin_tiny_patch4_window7_224"])
def test_taps_have_the_declared_channels_and_strides(timm, network):
    encoder = build_encoder(f"timm:{network}", weights="none")
    with torch.no_grad():
        found = [tuple(tap.shape[1:]) for tap in encoder(torch.rand(1, 3, 224, 224))]
    assert found == [(channels, 224 // stride, 224 // stride) for channels, stride in zip(encoder.channels, encoder.strides, strict=True)]
    assert encoder.strides == (8, 16, 32)


def test_taps_by_name_freezing_and_rebuilding(timm):
    encoder = build_encoder("timm:resnet18", weights="none", taps=["layer2", "layer1"], seed=3).freeze().train()
    assert encoder.taps == ("layer1", "layer2")
    assert encoder.stages[-1] == "layer2"
    assert not any(module.training for module in encoder.modules() if isinstance(module, torch.nn.BatchNorm2d))
    again = rebuild_encoder(encoder.spec())
    again.load_state_dict(encoder.state_dict())
    pictures = torch.rand(1, 3, 64, 64)
    assert all(torch.equal(one, other) for one, other in zip(encoder(pictures), again(pictures), strict=True))
    encoder.unfreeze("layer2")
    assert {key.split(".")[1] for key, parameter in encoder.named_parameters() if parameter.requires_grad} == {"layer2"}


def test_weights_from_a_file(timm, tmp_path):
    state = timm.create_model("resnet18").state_dict()
    torch.save(state, tmp_path / "resnet18.pth")
    encoder = build_encoder("timm:resnet18", weights=tmp_path / "resnet18.pth")
    assert torch.equal(encoder.features.conv1.weight, state["conv1.weight"])
    with pytest.raises(BrokenFile, match="does not hold resnet50"):
        build_encoder("timm:resnet50", weights=tmp_path / "resnet18.pth")
    with pytest.raises(DataNotFound, match="there is no weights file"):
        build_encoder("timm:resnet18", weights=tmp_path / "none.pth")


def test_names_that_timm_does_not_know(timm):
    with pytest.raises(UnknownName, match="did you mean 'resnet18'"):
        build_encoder("timm:resnet1888")
    with pytest.raises(UnknownName, match="no tap is called 'layer9'"):
        build_encoder("timm:resnet18", weights="none", taps=["layer9"])
