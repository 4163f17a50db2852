"""Models from before deep learning, written out as arithmetic: no torch, no weights from elsewhere."""

from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.gbvs import FastGbvs, Gbvs
from salquest.models.classical.itti_bundle import IttiBundle
from salquest.models.classical.signature import ImageSignature

__all__ = ["ClassicalModel", "FastGbvs", "Gbvs", "ImageSignature", "IttiBundle"]
