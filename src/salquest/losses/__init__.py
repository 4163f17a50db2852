"""What training lowers: pure functions of maps (B, H, W) that answer one number per picture, and sums of them written as in the papers.

A new loss is a function in the file of its family and one card in `catalogue.LOSSES`; a user's own comes from a file (`own_losses`). Torch
lives here; the yardsticks of the same name in `salquest.metrics` share no code with these on purpose: what measures must not repeat the
mistake of what is measured.
"""

from salquest.losses.binary import bce, focal, wbce
from salquest.losses.catalogue import LOSSES, LossCard
from salquest.losses.distillation import teach
from salquest.losses.distribution import bhat, chi2, cosine, js, kld, tv
from salquest.losses.expression import Expression, Term, parse
from salquest.losses.labels import LabelObjective
from salquest.losses.likelihood import ig, nll
from salquest.losses.maps import Activation, Prediction, Targets
from salquest.losses.objective import Objective
from salquest.losses.own import own_losses
from salquest.losses.perceptual import FeatureSource, df, gm
from salquest.losses.pixel import ae, ead, mlnet, mse, sigmse
from salquest.losses.presets import AS_PRINTED, PRESETS, Preset
from salquest.losses.ranking import auc, sauc
from salquest.losses.regulariser import r
from salquest.losses.saliency import cc, nss, sfne, sim
from salquest.losses.schedule import Weight
from salquest.losses.transport import emd

__all__ = [
    "AS_PRINTED",
    "LOSSES",
    "PRESETS",
    "Activation",
    "Expression",
    "FeatureSource",
    "LabelObjective",
    "LossCard",
    "Objective",
    "Prediction",
    "Preset",
    "Targets",
    "Term",
    "Weight",
    "ae",
    "auc",
    "bce",
    "bhat",
    "cc",
    "chi2",
    "cosine",
    "df",
    "ead",
    "emd",
    "focal",
    "gm",
    "ig",
    "js",
    "kld",
    "mlnet",
    "mse",
    "nll",
    "nss",
    "own_losses",
    "parse",
    "r",
    "sauc",
    "sfne",
    "sigmse",
    "sim",
    "teach",
    "tv",
    "wbce",
]
