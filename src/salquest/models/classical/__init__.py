"""Models from before deep learning, written out as arithmetic: no torch, no weights but those that we trained."""

from salquest.models.classical.adaptive_whitening import AwsLike
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.gbvs import FastGbvs, Gbvs
from salquest.models.classical.itti_bundle import IttiBundle
from salquest.models.classical.judd import Judd, JuddWeights, train_judd
from salquest.models.classical.judd_features import judd_features
from salquest.models.classical.rarity import RareLike
from salquest.models.classical.saliency_toolbox import SaliencyToolbox
from salquest.models.classical.signature import ImageSignature

__all__ = [
    "AwsLike",
    "ClassicalModel",
    "FastGbvs",
    "Gbvs",
    "ImageSignature",
    "IttiBundle",
    "Judd",
    "JuddWeights",
    "RareLike",
    "SaliencyToolbox",
    "judd_features",
    "train_judd",
]
