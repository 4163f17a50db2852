"""The models by name, and the door through which a name or a run folder becomes something that predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal

from salquest.errors import BrokenFile, DataNotFound, InputError, UnknownName
from salquest.models.adapted_network import AdaptedFolder, AdaptedNetwork
from salquest.models.checkpoint_folder import CheckpointFolder
from salquest.models.contract import Model, Network
from salquest.models.loading import Runtime, check_runtime, load_checkpoint, load_graph
from salquest.models.network_digest import network_digest
from salquest.models.shipped import PREFERRED, shipped_networks
from salquest.runs import RunFolder

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


def _late(module: str, name: str, /, *args: object, **options: object) -> Callable[[], Model]:
    """Builds a model whose module is imported when it is wanted: to know the names costs nothing."""
    return lambda: getattr(import_module(f"salquest.models.{module}"), name)(*args, **options)


_classical = partial(_late, "classical")


def _shipped_card(folder: CheckpointFolder) -> ModelCard:
    card = folder.read()
    return ModelCard(partial(load_checkpoint, folder.root), card.title, card.source, card.licence, family="deep")


_SHIPPED = shipped_networks()

MODELS: Mapping[str, ModelCard] = {
    **{name: _shipped_card(folder) for name, folder in _SHIPPED.items()},
    "centre-bias": ModelCard(
        _late("baselines", "embedded_centre_bias"),
        "the mean density of osie-mini's training part, stretched to the picture",
        "ours, from OSIE (Xu 2014)",
    ),
    "centre-paraboloid": ModelCard(
        _late("baselines", "CentreDistance"), "falls with the squared distance from the middle", "MIT saliency benchmark, center.mat"
    ),
    "centre-gaussian": ModelCard(
        _late("centre_bias", "GaussianCentreBias", 0.25, name="centre-gaussian"),
        "a Gaussian, its standard deviation a quarter of the sides",
        "-",
    ),
    "centre-distance": ModelCard(_late("baselines", "CentreDistance", "distance"), "falls with the distance from the middle", "Judd 2009"),
    "uniform": ModelCard(_late("baselines", "Uniform"), "every pixel alike: chance", "-"),
    "image-signature": ModelCard(
        _classical("ImageSignature"), "the signs of the cosine transform, squared", "Hou, Harel and Koch 2012", family="classical"
    ),
    "gbvs": ModelCard(
        _classical("Gbvs"), "graph-based visual saliency: walkers between unlike pixels", "Harel, Koch and Perona 2006", family="classical"
    ),
    "gbvs-fast": ModelCard(
        _classical("FastGbvs"), "GBVS with fewer channels, one level and smaller maps", "Harel 2012, gbvs_fast", family="classical"
    ),
    "itti": ModelCard(
        _classical("IttiBundle"),
        "centre and surround in colour, intensity and orientation, as in the GBVS bundle",
        "Itti 1998, Harel 2012",
        family="classical",
    ),
    "saliency-toolbox": ModelCard(
        _classical("SaliencyToolbox"),
        "Itti-Koch-Niebur as the SaliencyToolbox computes it",
        "Itti 1998, Walther and Koch 2006",
        family="classical",
    ),
    "rare2012-like": ModelCard(
        _classical("RareLike"),
        "rarity of colours and textures over scales; not the original, which is p-code only",
        "after Riche 2013, RARE2012",
        family="classical",
    ),
    "aws-like": ModelCard(
        _classical("AwsLike"),
        "whitened colours and scales; not the original, which is p-code only",
        "after Garcia-Diaz 2012, AWS",
        family="classical",
    ),
    "judd": ModelCard(
        _classical("Judd"),
        "a linear machine on 29 features, trained by us on OSIE's training part",
        "Judd 2009; OSIE (Xu 2014)",
        family="classical",
    ),
    "aim": ModelCard(
        _classical("InformationMaximisation"),
        "self-information of independent components (ours) within the picture",
        "Bruce and Tsotsos 2006",
        family="classical",
    ),
    "sun": ModelCard(
        _classical("NaturalStatistics"),
        "self-information of independent components (ours) under natural statistics",
        "Zhang, Tong, Marks, Shan and Cottrell 2008",
        family="classical",
    ),
    "bms": ModelCard(
        _classical("BooleanMaps"), "what Boolean maps surround, of whitened colours", "Zhang and Sclaroff 2016", family="classical"
    ),
    "bms-2013": ModelCard(
        _classical("BooleanMaps2013"), "what closed Boolean maps surround", "Zhang and Sclaroff 2013", family="classical"
    ),
    "edn": ModelCard(
        _classical("EnsembleOfDeepNetworks"),
        "six networks of random filters and the authors' linear readout",
        "Vig, Dorr and Cox 2014",
        family="classical",
    ),
    "spectral-residual": ModelCard(
        _classical("SpectralResidual"), "what the log amplitude has beyond its local mean", "Hou and Zhang 2007", family="classical"
    ),
    "phase-spectrum": ModelCard(
        _classical("PhaseSpectrum"), "the phase of the spectrum alone (PFT)", "Guo, Ma and Zhang 2008", family="classical"
    ),
    "pqft": ModelCard(
        _classical("QuaternionPhase"), "the phase of a quaternion spectrum of colours", "Guo and Zhang 2010", family="classical"
    ),
    "spectral-residual-opencv": ModelCard(
        _classical("OpenCVSpectralResidual"),
        "spectral residual as OpenCV computes it",
        "OpenCV, after Hou and Zhang 2007",
        family="classical",
    ),
    "bruckert": ModelCard(None, "the loss paper's network on any encoder, to be trained", "Bruckert 2021, section 3.1", family="deep"),
    "light": ModelCard(None, "a light multi-scale readout on any encoder, to be trained", "ours", family="deep"),
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

DEFAULT = PREFERRED


def load_model(name: str | Path = DEFAULT, *, device: str = "cpu", runtime: Runtime | None = None) -> Model:
    """A model by its name, or the network of a folder, of a file, or of the Hugging Face hub; without a name the one that predicts by default.

    Args:
        name: from `salquest list models`; the path of a run folder, of the folder of a checkpoint or of an adapted network, or of an ONNX
            file; or hf://owner/name.
        device: of a network: "cpu", "cuda", "mps"...
        runtime: of a network that has both: "onnx" (ONNX Runtime, which needs no torch) or "torch"; the first of them where it is not given.

    Raises:
        UnknownName: neither a model nor a path. InputError: a network that has not been trained, or a runtime that it does not have.
        DataNotFound, BrokenFile: the folder's or the file's content.
    """
    check_runtime(runtime)
    word = str(name)
    if word in _SHIPPED:
        return load_checkpoint(_SHIPPED[word].root, name=word, device=device, runtime=runtime)
    if word in MODELS:
        build = MODELS[word].build
        if build is None:
            raise InputError(
                f"{name} is a network without trained weights; train it (salquest train --network {name} --out RUN) and name its run folder"
            )
        if runtime is not None:
            raise InputError(f"{name} is no network; it runs by itself, without a runtime")
        return build()
    if word.startswith("hf:"):
        from salquest.models.hub import fetch

        return load_checkpoint(fetch(word), name=word, device=device, runtime=runtime)
    path = Path(name).expanduser()
    if path.is_dir():
        return _adapted(AdaptedFolder(path), device, runtime) if AdaptedFolder(path).exists() else _of_folder(path, device, runtime)
    if path.suffix.lower() == ".onnx" or path.is_file():
        return _of_file(path, device, runtime)
    raise UnknownName("model or run folder", word, MODELS)


def _of_folder(path: Path, device: str, runtime: Runtime | None) -> Model:
    if CheckpointFolder(path).exists():
        return load_checkpoint(path, device=device, runtime=runtime)
    RunFolder(path).read()  # says what a folder lacks before torch is loaded
    if runtime == "onnx":
        raise InputError(
            f"{path} is a run folder, which runs by torch; `salquest export --model {path} FILE.onnx` makes a file for the runtime onnx"
        )
    from salquest.models.deep.trained import TrainedNetwork

    return TrainedNetwork.load(path, device=device)


def _adapted(folder: AdaptedFolder, device: str, runtime: Runtime | None) -> AdaptedNetwork:
    record = folder.read()
    if record.found == "name":
        if record.network not in _SHIPPED:
            raise DataNotFound(f"{folder.root} adapts {record.network}, and no network of that name ships with this salquest; adapt again")
        root = _SHIPPED[record.network].root
    else:
        root = folder.network_path(record)
        if not (CheckpointFolder(root).exists() or RunFolder(root).exists()):
            raise DataNotFound(f"{folder.root} adapts the network in {root}, which is not there; put it back, or adapt again")
    if (now := network_digest(root)) != record.fingerprint:
        raise BrokenFile(
            f"{folder.root} adapts the network in {root} as it was; it has changed since ({record.fingerprint}, now {now}): adapt again"
        )
    network = _of_folder(root, device, runtime)
    assert isinstance(network, Network)
    return AdaptedNetwork(network, record.adaptation, name=folder.root.resolve().name, pictures=record.pictures)


def _of_file(path: Path, device: str, runtime: Runtime | None) -> Model:
    if path.suffix.lower() != ".onnx":
        raise BrokenFile(f"{path} is no model: a model is a name, a run folder, the folder of a checkpoint, or an .onnx file")
    if runtime == "torch":
        raise InputError(f"{path} runs by ONNX Runtime only; for torch name the run folder that it was exported from")
    return load_graph(path, device=device)
