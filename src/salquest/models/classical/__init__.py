"""Models from before deep learning, written out as arithmetic: no torch."""

from salquest.models.classical.aim import InformationMaximisation
from salquest.models.classical.bms import BooleanMaps, BooleanMaps2013
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.edn import EnsembleOfDeepNetworks
from salquest.models.classical.signature import ImageSignature
from salquest.models.classical.spectral import OpenCVSpectralResidual, PhaseSpectrum, QuaternionPhase, SpectralResidual
from salquest.models.classical.sun import NaturalStatistics

__all__ = [
    "BooleanMaps",
    "BooleanMaps2013",
    "ClassicalModel",
    "EnsembleOfDeepNetworks",
    "ImageSignature",
    "InformationMaximisation",
    "NaturalStatistics",
    "OpenCVSpectralResidual",
    "PhaseSpectrum",
    "QuaternionPhase",
    "SpectralResidual",
]
