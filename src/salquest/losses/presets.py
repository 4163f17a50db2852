"""Presets: sums of losses that a paper or a released code is known by, written out. A name stands for its expression and nothing else.

Released codes without an eps answer NaN for a constant or an empty map, where ours stay finite: standard scores carry a guard of 1e-8 of the
deviation at most (see `maps.deviation`). Apart from this, and from constants that the note names, a preset has its source's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from salquest.losses.maps import Activation


@dataclass(frozen=True)
class Preset:
    """A named sum of losses.

    Attributes:
        expression: what the name stands for.
        activation: what its source pairs it with; `parse` leaves the choice to whoever trains.
        source: the paper or code.
        title: one line for people.
        note: how it differs from the plain losses, and what cannot be reproduced.
    """

    expression: str
    activation: Activation
    source: str
    title: str
    note: str = ""


LC1 = "10*kld - 2*cc - nss"

AS_PRINTED: Mapping[str, str] = {
    "kld": "kld(norm=false, order='printed')",
    "bhat": "bhat(form='printed')",
    "bce": "bce(reduce='sum')",
    "wbce": "wbce(reduce='sum')",
    "focal": "focal(form='printed', reduce='sum')",
    "nll": "nll(norm=false)",
    "nss": "-nss(divisor='pixels')",
    "r": "r(reduce='sum')",
}
"""Bruckert 2021's formulas to the letter, where the letter differs from what is meant: equations 5 to 11 and 16, by the loss.

Equations 11 and 12 print scores without a sign; section 3.2.6 gives them the coefficients -1 and -2, so that they are raised.
"""

_PRINTED_NOTES = {
    "kld": "eq. 5: arguments the other way round, maps not scaled; the least value lies at the saliency divided by e",
    "bhat": "eq. 6: a similarity of unscaled maps that is lowered; the least value is the empty map",
    "bce": "eq. 7: summed over pixels, so that the step grows with the map",
    "wbce": "eq. 8: summed over pixels; give w as an argument of the loss",
    "focal": "eq. 9: 1 - p^gamma in place of (1 - p)^gamma, summed over pixels",
    "nll": "eq. 10: of a sigmoid's values; the least value is the map that is 1 everywhere",
    "nss": "eq. 11: divided by the number of pixels, so that it nearly vanishes beside other terms",
    "r": "eq. 16: summed over pixels, one reading of 'for each pixel'; outweighs the loss that it is added to",
}

PRESETS: Mapping[str, Preset] = {
    "lc1": Preset(LC1, "sigmoid", "Bruckert 2021, section 3.2.6", "first linear combination"),
    "lc1r": Preset(
        f"{LC1} + r", "sigmoid", "Bruckert 2021, Tables 2 to 4", "first linear combination with R", "the tables call this one LC 1 as well"
    ),
    "lc2": Preset(
        f"{LC1} + df + gm + sigmse",
        "sigmoid",
        "Bruckert 2021, section 3.2.6",
        "second linear combination",
        "maps go into VGG-16 as they are, in 0..1: the paper does not say, and 0..255 would leave nothing but gm",
    ),
    "lc2r": Preset(
        f"{LC1} + df + gm + sigmse + r",
        "sigmoid",
        "Bruckert 2021, Tables 2 to 4",
        "second linear combination with R",
        "the tables call this one LC 2 as well",
    ),
    **{
        f"bruckert-as-printed-{name}": Preset(
            expression, "sigmoid", "Bruckert 2021, section 3.2", f"{name} to the letter", _PRINTED_NOTES[name]
        )
        for name, expression in AS_PRINTED.items()
    },
    "sam": Preset(
        "10*kld(maxnorm=true, norm_eps=1e-07) - 2*cc - nss(distinct=true, eps=1e-07, maxnorm=true)",
        "relu",
        "Cornia 2018, released code",
        "SAM's sum",
        "the map is divided by its maximum in all three terms, without an eps there: NaN for an empty map, which here stays finite",
    ),
    "ml-net": Preset(
        "mlnet(maxnorm=true)",
        "relu",
        "Cornia 2016, released code",
        "ML-Net's loss",
        "its penalty on the learned prior belongs to the network, not to the map; `mlnet` by itself is Bruckert's form, without the maximum",
    ),
    "salgan": Preset(
        "bce(downsample=4)",
        "sigmoid",
        "Pan 2017, released code",
        "SalGAN's content loss",
        "probabilities and targets averaged over 4 x 4 pixels; the adversarial term is the discriminator's",
    ),
    "pdp": Preset("bhat", "softmax", "Jetley 2016", "PDP's Bhattacharyya distance", "its other distances are chi2, tv, cosine and kld"),
    "emlnet": Preset(
        "kld(eps=1e-06) - cc - nss(ddof=1, distinct=true)",
        "sigmoid",
        "Jia 2020, released code",
        "EML-NET's sum",
        "the code adds 1 and the NSS of the fixation map itself, which no gradient sees",
    ),
    "unisal": Preset(
        "kld - 0.1*cc - 0.1*nss(ddof=1, distinct=true)",
        "softmax",
        "Droste 2020, released code",
        "UNISAL's sum",
        "a picture without fixations scores an NSS of 1 there and 0 here, without a gradient in both",
    ),
    "transalnet": Preset(
        "10*kld(eps=2.2204e-16) - 2*cc - nss(ddof=1, distinct=true) - sim(form='minmax')",
        "sigmoid",
        "Lou 2022, released code",
        "TranSalNet's sum",
        "a picture without fixations gives NaN there and an NSS of 0 here",
    ),
    "deepgaze": Preset(
        "1.4426950408889634*nll",
        "softmax",
        "Kümmerer 2016, released code",
        "DeepGaze's log-likelihood in bits",
        "the code subtracts the uniform map's, log2 of the number of pixels, which no gradient sees",
    ),
}
