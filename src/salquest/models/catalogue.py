"""The models by name, and the door through which a name or a run folder becomes something that predicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from salquest.errors import DataNotFound, InputError, UnknownName
from salquest.models.baselines import CentreDistance, Uniform, embedded_centre_bias
from salquest.models.centre_bias import GaussianCentreBias
from salquest.models.classical import (
    AwsLike,
    BooleanMaps,
    BooleanMaps2013,
    EnsembleOfDeepNetworks,
    FastGbvs,
    Gbvs,
    ImageSignature,
    InformationMaximisation,
    IttiBundle,
    Judd,
    NaturalStatistics,
    OpenCVSpectralResidual,
    PhaseSpectrum,
    QuaternionPhase,
    RareLike,
    SaliencyToolbox,
    SpectralResidual,
)
from salquest.models.contract import Model
from salquest.runs import RunFolder, versions

Family = Literal["baseline", "classical", "deep"]


@dataclass(frozen=True)
class ModelCard:
    """What is known about a model.

    Attributes:
        build: makes it, or None for a network that has to be trained first.
        title, source, licence: for people.
        family: what it is compared as: "deep", "classical" or "baseline" (a map that does not depend on the picture).
    """

    build: Callable[[], Model] | None
    title: str
    source: str
    licence: str = "MIT"
    family: Family = "baseline"


MODELS: Mapping[str, ModelCard] = {
    "centre-bias": ModelCard(
        embedded_centre_bias, "the mean density of osie-mini's training part, stretched to the picture", "ours, from OSIE (Xu 2014)"
    ),
    "centre-paraboloid": ModelCard(CentreDistance, "falls with the squared distance from the middle", "MIT saliency benchmark, center.mat"),
    "centre-gaussian": ModelCard(
        lambda: GaussianCentreBias(0.25, name="centre-gaussian"), "a Gaussian, its standard deviation a quarter of the sides", "-"
    ),
    "centre-distance": ModelCard(lambda: CentreDistance("distance"), "falls with the distance from the middle", "Judd 2009"),
    "uniform": ModelCard(Uniform, "every pixel alike: chance", "-"),
    "image-signature": ModelCard(
        ImageSignature, "the signs of the cosine transform, squared", "Hou, Harel and Koch 2012", family="classical"
    ),
    "gbvs": ModelCard(
        Gbvs, "graph-based visual saliency: walkers between unlike pixels", "Harel, Koch and Perona 2006", family="classical"
    ),
    "gbvs-fast": ModelCard(FastGbvs, "GBVS with fewer channels, one level and smaller maps", "Harel 2012, gbvs_fast", family="classical"),
    "itti": ModelCard(
        IttiBundle,
        "centre and surround in colour, intensity and orientation, as in the GBVS bundle",
        "Itti 1998, Harel 2012",
        family="classical",
    ),
    "saliency-toolbox": ModelCard(
        SaliencyToolbox, "Itti-Koch-Niebur as the SaliencyToolbox computes it", "Itti 1998, Walther and Koch 2006", family="classical"
    ),
    "rare2012-like": ModelCard(
        RareLike,
        "rarity of colours and textures over scales; not the original, which is p-code only",
        "after Riche 2013, RARE2012",
        family="classical",
    ),
    "aws-like": ModelCard(
        AwsLike,
        "whitened colours and scales; not the original, which is p-code only",
        "after Garcia-Diaz 2012, AWS",
        family="classical",
    ),
    "judd": ModelCard(
        Judd, "a linear machine on 29 features, trained by us on OSIE's training part", "Judd 2009; OSIE (Xu 2014)", family="classical"
    ),
    "aim": ModelCard(
        InformationMaximisation,
        "self-information of independent components (ours) within the picture",
        "Bruce and Tsotsos 2006",
        family="classical",
    ),
    "sun": ModelCard(
        NaturalStatistics,
        "self-information of independent components (ours) under natural statistics",
        "Zhang, Tong, Marks, Shan and Cottrell 2008",
        family="classical",
    ),
    "bms": ModelCard(BooleanMaps, "what Boolean maps surround, of whitened colours", "Zhang and Sclaroff 2016", family="classical"),
    "bms-2013": ModelCard(BooleanMaps2013, "what closed Boolean maps surround", "Zhang and Sclaroff 2013", family="classical"),
    "edn": ModelCard(
        EnsembleOfDeepNetworks,
        "six networks of random filters and the authors' linear readout",
        "Vig, Dorr and Cox 2014",
        family="classical",
    ),
    "spectral-residual": ModelCard(
        SpectralResidual, "what the log amplitude has beyond its local mean", "Hou and Zhang 2007", family="classical"
    ),
    "phase-spectrum": ModelCard(PhaseSpectrum, "the phase of the spectrum alone (PFT)", "Guo, Ma and Zhang 2008", family="classical"),
    "pqft": ModelCard(QuaternionPhase, "the phase of a quaternion spectrum of colours", "Guo and Zhang 2010", family="classical"),
    "spectral-residual-opencv": ModelCard(
        OpenCVSpectralResidual, "spectral residual as OpenCV computes it", "OpenCV, after Hou and Zhang 2007", family="classical"
    ),
    "bruckert": ModelCard(None, "the loss paper's network on any encoder, to be trained", "Bruckert 2021, section 3.1", family="deep"),
    "light": ModelCard(None, "a light multi-scale readout on any encoder, to be trained", "ours", family="deep"),
    "mobile": ModelCard(
        None, "four scales of a small encoder, a learned blur and centre prior (2 M parameters), to be trained", "ours", family="deep"
    ),
    "salgan": ModelCard(
        None, "SalGAN's generator on VGG-16 (--encoder vgg16) or any other encoder, to be trained", "Pan 2017, section 3.1", family="deep"
    ),
    "sam-vgg": ModelCard(
        None,
        "SAM: attentive LSTM and learned priors on a dilated VGG-16 (--encoder vgg16), to be trained",
        "Cornia 2018, SAM-VGG",
        family="deep",
    ),
    "sam-resnet": ModelCard(
        None, "SAM on a dilated ResNet-50 (--encoder resnet50) reduced to 512 maps, to be trained", "Cornia 2018, SAM-ResNet", family="deep"
    ),
    "sam-mobilenet": ModelCard(
        None, "SAM in small, for two cores: 64 maps on a dilated MobileNetV2, to be trained", "after Cornia 2018", family="deep"
    ),
}

# until a trained model ships
DEFAULT = "centre-bias"


def load_model(name: str | Path, *, device: str = "cpu") -> Model:
    """A model by its name, or the network of a run folder.

    Args:
        name: from `salquest list models`, or a path.
        device: of a network: "cpu", "cuda", "mps"...

    Raises:
        UnknownName: neither a model nor a folder. InputError: a network that has not been trained. DataNotFound, BrokenFile: the folder's content.
    """
    if str(name) in MODELS:
        build = MODELS[str(name)].build
        if build is None:
            raise InputError(
                f"{name} is a network without trained weights; train it (salquest train --network {name} --out RUN) and name its run folder"
            )
        return build()
    path = Path(name).expanduser()
    if path.is_dir():
        RunFolder(path).read()  # says what a folder lacks before torch is loaded
        from salquest.models.deep.trained import TrainedNetwork

        return TrainedNetwork.load(path, device=device)
    raise UnknownName("model or run folder", str(name), MODELS)


def fingerprint(name: str | Path) -> str:
    """What tells whether a model still answers as it did: a name of the catalogue with this version of salquest, or sixteen hexadecimal
    digits of a run folder's network and weights, wherever it lies.

    Raises:
        UnknownName, DataNotFound, BrokenFile: as `load_model`.
    """
    if str(name) in MODELS:
        return f"{name} of salquest {versions('salquest').get('salquest', 'uninstalled')}"
    path = Path(name).expanduser()
    if not path.is_dir():
        raise UnknownName("model or run folder", str(name), MODELS)
    folder = RunFolder(path)
    digest = hashlib.sha256(json.dumps(folder.read().network, sort_keys=True).encode())
    if not folder.weights.is_file():
        raise DataNotFound(f"{path} has no weights.safetensors: the run has not finished its first epoch")
    with folder.weights.open("rb") as content:
        digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]
