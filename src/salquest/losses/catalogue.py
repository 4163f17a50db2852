"""The losses by name. Adding one is a function in the file of its family, a card here, and a golden value in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from salquest.losses.binary import bce, focal, least_bce, least_focal, least_wbce, wbce
from salquest.losses.distillation import teach, teach_of_log
from salquest.losses.distribution import bhat, bhat_of_log, chi2, cosine, js, kld, kld_of_log, least_kld, tv
from salquest.losses.likelihood import greatest_ig, ig, ig_of_log, least_nll, nll, nll_of_log
from salquest.losses.perceptual import df, gm
from salquest.losses.pixel import ae, ead, mlnet, mse, sigmse
from salquest.losses.ranking import auc, sauc
from salquest.losses.regulariser import r
from salquest.losses.saliency import cc, greatest_nss, nss, sfne, sim
from salquest.losses.transport import emd

TargetForm = Literal["saliency", "density", "counts", "prior", "elsewhere", "teacher"]


@dataclass(frozen=True)
class LossCard:
    """What is known about a loss; command line, tables, tests and objectives read this and nothing else.

    Attributes:
        compute: (prediction, target, *further targets, [features], **arguments) -> one number per picture, (B,). Arguments are given by
            name and have a default; one that Python keeps for itself ends in an underscore (`lambda_`), which expressions leave out.
        prediction: the form of the map that it takes: "raw" (z, any activation), "values" (any activation, any scale), "unit" (values in
            0..1), "density" or "logits".
        against: the form of the target: "saliency" (maximum 1), "density" (sum 1), "counts" (fixations per cell), "prior" (the centre
            bias), "elsewhere" (fixations of other pictures) or "teacher" (the density that other networks give).
        direction: "down" if less is better, "up" if more is.
        family: what kind of question it asks of a map.
        range: of the value, for people.
        source: who defined it, and the equation.
        title: one line for people.
        also: further forms of the target, handed over after `against`.
        features: whether it asks for a feature source, handed over last.
        best: the greatest value of a loss that rises, the least of one that falls; None is 0, for one that falls. Where it depends on the
            picture it is a function of the targets and of the arguments that the term gives by name, and answers (B,).
        of_log_density: the same loss of a density's logarithm, for softmax maps; None leaves it to `compute`.
    """

    compute: Callable[..., Tensor]
    prediction: Literal["raw", "values", "unit", "density", "logits"]
    against: TargetForm
    direction: Literal["down", "up"]
    family: Literal["pixel", "distribution", "saliency", "perceptual", "regulariser", "ranking"]
    range: str
    source: str
    title: str
    also: tuple[TargetForm, ...] = ()
    features: bool = False
    best: float | Callable[..., Tensor] | None = None
    of_log_density: Callable[..., Tensor] | None = None


LOSSES: Mapping[str, LossCard] = {
    "mse": LossCard(mse, "unit", "saliency", "down", "pixel", "0..1", "Bruckert 2021, eq. 1", "mean squared error"),
    "ead": LossCard(ead, "unit", "saliency", "down", "pixel", "0..1.719", "Bruckert 2021, eq. 2", "exponential absolute difference"),
    "ae": LossCard(ae, "unit", "saliency", "down", "pixel", "0..1", "Bruckert 2021, eq. 3", "absolute error"),
    "mlnet": LossCard(
        mlnet, "unit", "saliency", "down", "pixel", "0..10", "Bruckert 2021, eq. 4; Cornia 2016", "squared error, salient pixels first"
    ),
    "sigmse": LossCard(
        sigmse, "unit", "saliency", "down", "pixel", "0..10", "Bruckert 2021, eq. 4", "squared error, pixels above lambda only"
    ),
    "bce": LossCard(
        bce,
        "logits",
        "saliency",
        "down",
        "pixel",
        "entropy of the target..inf",
        "Bruckert 2021, eq. 7",
        "binary cross-entropy",
        best=least_bce,
    ),
    "wbce": LossCard(
        wbce, "logits", "saliency", "down", "pixel", "0..inf", "Bruckert 2021, eq. 8", "weighted binary cross-entropy", best=least_wbce
    ),
    "focal": LossCard(
        focal, "logits", "saliency", "down", "pixel", "0..inf", "Lin 2017; Bruckert 2021, eq. 9", "focal loss", best=least_focal
    ),
    "kld": LossCard(
        kld,
        "values",
        "density",
        "down",
        "distribution",
        "0..inf nats",
        "Bruckert 2021, eq. 5",
        "Kullback-Leibler divergence",
        best=least_kld,
        of_log_density=kld_of_log,
    ),
    "bhat": LossCard(
        bhat,
        "values",
        "density",
        "down",
        "distribution",
        "0..inf",
        "Jetley 2016; Bruckert 2021, eq. 6",
        "Bhattacharyya distance",
        of_log_density=bhat_of_log,
    ),
    "js": LossCard(js, "density", "density", "down", "distribution", "0..0.6932 nats", "Lin 1991", "Jensen-Shannon divergence"),
    "tv": LossCard(tv, "density", "density", "down", "distribution", "0..1", "Jetley 2016", "total variation"),
    "chi2": LossCard(chi2, "density", "density", "down", "distribution", "0..2", "Jetley 2016", "chi-square distance"),
    "cosine": LossCard(cosine, "density", "density", "down", "distribution", "0..1", "Jetley 2016", "cosine distance"),
    "teach": LossCard(
        teach,
        "values",
        "teacher",
        "down",
        "distribution",
        "0..inf nats",
        "Hinton 2015",
        "divergence from the teachers' density",
        of_log_density=teach_of_log,
    ),
    "emd": LossCard(
        emd,
        "density",
        "density",
        "down",
        "distribution",
        "0..39 bins",
        "Feydy 2019; Cuturi 2013",
        "earth mover's distance (Sinkhorn divergence)",
    ),
    "nll": LossCard(
        nll,
        "values",
        "counts",
        "down",
        "distribution",
        "0..inf nats",
        "Kümmerer 2015; Bruckert 2021, eq. 10",
        "negative log-likelihood",
        best=least_nll,
        of_log_density=nll_of_log,
    ),
    "ig": LossCard(
        ig,
        "values",
        "counts",
        "up",
        "distribution",
        "any",
        "Kümmerer 2015",
        "information gain over the centre bias, in bits",
        also=("prior",),
        best=greatest_ig,
        of_log_density=ig_of_log,
    ),
    "cc": LossCard(cc, "values", "density", "up", "saliency", "-1..1", "Bruckert 2021, eq. 12", "Pearson's correlation", best=1.0),
    "nss": LossCard(
        nss, "values", "counts", "up", "saliency", "any", "Bruckert 2021, eq. 11", "normalised scanpath saliency", best=greatest_nss
    ),
    "sim": LossCard(sim, "values", "density", "up", "saliency", "0..1", "Judd 2012", "similarity", best=1.0),
    "sfne": LossCard(
        sfne, "values", "density", "down", "saliency", "0..inf", "Ding 2022", "error of standard scores at fixations", also=("counts",)
    ),
    "auc": LossCard(auc, "raw", "counts", "down", "ranking", "0..inf", "Burges 2005", "smooth area under the curve"),
    "sauc": LossCard(
        sauc, "raw", "counts", "down", "ranking", "0..inf", "Burges 2005", "smooth shuffled area under the curve", also=("elsewhere",)
    ),
    "df": LossCard(df, "unit", "saliency", "down", "perceptual", "0..inf", "Bruckert 2021, eq. 13", "deep features", features=True),
    "gm": LossCard(
        gm, "unit", "saliency", "down", "perceptual", "0..inf", "Bruckert 2021, eq. 15", "Gram matrices of deep features", features=True
    ),
    "r": LossCard(r, "unit", "prior", "down", "regulariser", "0..inf", "Bruckert 2021, eq. 16", "centre-bias regulariser"),
}
