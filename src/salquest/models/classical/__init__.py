"""Models from before deep learning, written out as arithmetic: no torch, no weights from elsewhere."""

from salquest.models.classical.adaptive_whitening import AwsLike
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.rarity import RareLike
from salquest.models.classical.saliency_toolbox import SaliencyToolbox
from salquest.models.classical.signature import ImageSignature

__all__ = ["AwsLike", "ClassicalModel", "ImageSignature", "RareLike", "SaliencyToolbox"]
