"""Models from before deep learning, written out as arithmetic: no torch; weights are our own but for those of eDN, which its authors published."""

from salquest.models.classical.adaptive_whitening import AwsLike
from salquest.models.classical.aim import InformationMaximisation
from salquest.models.classical.bms import BooleanMaps, BooleanMaps2013
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.edn import EnsembleOfDeepNetworks
from salquest.models.classical.gbvs import FastGbvs, Gbvs
from salquest.models.classical.itti_bundle import IttiBundle
from salquest.models.classical.judd import Judd, JuddWeights, train_judd
from salquest.models.classical.judd_features import judd_features
from salquest.models.classical.rarity import RareLike
from salquest.models.classical.saliency_toolbox import SaliencyToolbox
from salquest.models.classical.signature import ImageSignature
from salquest.models.classical.spectral import OpenCVSpectralResidual, PhaseSpectrum, QuaternionPhase, SpectralResidual
from salquest.models.classical.sun import NaturalStatistics

__all__ = [
    "AwsLike",
    "BooleanMaps",
    "BooleanMaps2013",
    "ClassicalModel",
    "EnsembleOfDeepNetworks",
    "FastGbvs",
    "Gbvs",
    "ImageSignature",
    "InformationMaximisation",
    "IttiBundle",
    "Judd",
    "JuddWeights",
    "NaturalStatistics",
    "OpenCVSpectralResidual",
    "PhaseSpectrum",
    "QuaternionPhase",
    "RareLike",
    "SaliencyToolbox",
    "SpectralResidual",
    "judd_features",
    "train_judd",
]
