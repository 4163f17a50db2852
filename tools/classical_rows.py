"""What `classical_scores.py` compares with: published numbers, and the rows of the project's sheet with the way to repeat each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from salquest.metrics.conventions import Convention
from salquest.models import MODELS, Model, load_model


@dataclass(frozen=True)
class Entry:
    """A model as it is scored.

    Attributes:
        title: of its row.
        model: its name in the catalogue.
        changes: fields that differ from the catalogue's model.
        step: score every so many pictures.
        skips_grey: leave out pictures without colour.
    """

    title: str
    model: str
    changes: tuple[tuple[str, Any], ...] = ()
    step: int = 1
    skips_grey: bool = False

    def load(self) -> Model:
        """The model with its changes."""
        model = load_model(self.model)
        return replace(model, **dict(self.changes)) if self.changes else model  # type: ignore[type-var]


@dataclass(frozen=True)
class SheetRow:
    """A row of the sheet's tables: its scores in the order of SHEET_METRICS, and the standard error of its NSS."""

    entry: Entry
    scores: tuple[float, float, float, float, float]
    error: float


# Bruckert 2021, Table 1: MIT1003, test part of 299 or 303 pictures
TABLE_1: Mapping[str, Mapping[str, float]] = {
    "Itti": {"cc": 0.28, "sim": 0.35, "auc_judd": 0.71, "auc_borji": 0.71, "nss": 0.79},
    "Rare2012": {"cc": 0.46, "sim": 0.43, "auc_judd": 0.78, "auc_borji": 0.79, "nss": 1.40},
    "GBVS": {"cc": 0.49, "sim": 0.44, "auc_judd": 0.81, "auc_borji": 0.81, "nss": 1.38},
    "AWS": {"cc": 0.39, "sim": 0.40, "auc_judd": 0.75, "auc_borji": 0.76, "nss": 1.22},
}
# our model -> the paper's; it does not say which form of Itti's model it ran
IN_TABLE_1 = {"itti": "Itti", "saliency-toolbox": "Itti", "rare2012-like": "Rare2012", "gbvs": "GBVS", "aws-like": "AWS"}

# its "AUC-Judd" counts ties half and pixels with fixations too, which is the exact AUC; maps are shifted to a minimum of 0 before they are shared out
SHEET_METRICS = ("nss", "cc", "auc", "sim", "kl")
SHEET_RULES = Convention(
    name="sheet", title="the project's sheet of classical models", settings={"sim": {"scaling": "range"}, "kl": {"scaling": "range"}}
)
_AS_STORED = (("longest", None),)
_ENTRIES = {
    "gbvs": Entry("GBVS", "gbvs", _AS_STORED),
    "closed": Entry("GBVS, closed form", "gbvs", (*_AS_STORED, ("walk", "equilibrium"))),
    "bms": Entry("BMS 2016", "bms"),
    "bms-2013": Entry("BMS 2013", "bms-2013"),
    "itti": Entry("Itti bundle, blur .03", "itti", _AS_STORED, skips_grey=True),
    "sharp": Entry("Itti bundle, blur 0", "itti", (*_AS_STORED, ("blur", 0.0)), skips_grey=True),
    "signature": Entry("Image Signature, Lab", "image-signature"),
    "edn": Entry("eDN, every fourth of these", "edn", step=4),
    "rare": Entry("RARE-like", "rare2012-like"),
    "aws": Entry("AWS-like", "aws-like"),
    "residual": Entry("spectral residual", "spectral-residual"),
    "phase": Entry("phase only", "phase-spectrum"),
    "opencv": Entry("OpenCV spectral residual", "spectral-residual-opencv"),
    "iterative": Entry("SaliencyToolbox, iterative", "saliency-toolbox", _AS_STORED),
    "localmax": Entry("SaliencyToolbox, LocalMax", "saliency-toolbox", (*_AS_STORED, ("normalisation", "localmax"))),
    "gaussian": Entry("centre: Gaussian, .25 of the sides", "centre-gaussian"),
    "distance": Entry("centre: 1 - distance", "centre-distance"),
    "paraboloid": Entry("centre: MIT paraboloid", "centre-paraboloid"),
}
# how many pictures the sheet measured on; and the rows of its section 21, in its order
SHEET_PICTURES = {"mit1003": 90, "osie": 261}
_MEASURED: Mapping[str, tuple[tuple[str, tuple[float, float, float, float, float], float], ...]] = {
    "mit1003": (
        ("gbvs", (1.318, 0.511, 0.819, 0.487, 0.850), 0.053),
        ("closed", (1.315, 0.510, 0.818, 0.487, 0.851), 0.053),
        ("bms", (1.305, 0.439, 0.793, 0.448, 1.009), 0.085),
        ("bms-2013", (1.239, 0.430, 0.789, 0.447, 1.022), 0.080),
        ("itti", (1.213, 0.466, 0.791, 0.465, 0.918), 0.054),
        ("gaussian", (1.188, 0.493, 0.802, 0.458, 0.954), 0.035),
        ("signature", (1.153, 0.414, 0.771, 0.430, 1.032), 0.079),
        ("edn", (1.153, 0.492, 0.821, 0.425, 1.039), 0.041),
        ("sharp", (1.112, 0.405, 0.771, 0.450, 0.987), 0.058),
        ("rare", (1.027, 0.360, 0.743, 0.412, 1.121), 0.077),
        ("aws", (1.027, 0.337, 0.743, 0.415, 1.132), 0.092),
        ("paraboloid", (0.982, 0.414, 0.802, 0.381, 1.216), 0.020),
        ("residual", (0.915, 0.323, 0.723, 0.411, 1.177), 0.079),
        ("phase", (0.904, 0.320, 0.721, 0.408, 1.170), 0.082),
        ("opencv", (0.790, 0.256, 0.704, 0.382, 1.326), 0.075),
        ("localmax", (0.567, 0.174, 0.632, 0.353, 1.370), 0.084),
        ("iterative", (0.526, 0.141, 0.551, 0.335, 1.457), 0.095),
    ),
    "osie": (
        ("bms", (1.681, 0.495, 0.849, 0.437, 1.020), 0.042),
        ("bms-2013", (1.519, 0.471, 0.837, 0.431, 1.045), 0.039),
        ("signature", (1.349, 0.430, 0.805, 0.405, 1.154), 0.040),
        ("gbvs", (1.260, 0.411, 0.799, 0.413, 1.136), 0.035),
        ("closed", (1.258, 0.410, 0.798, 0.413, 1.137), 0.035),
        ("itti", (1.148, 0.373, 0.783, 0.400, 1.181), 0.038),
        ("residual", (1.139, 0.355, 0.769, 0.397, 1.221), 0.045),
        ("phase", (1.129, 0.353, 0.769, 0.392, 1.226), 0.046),
        ("opencv", (1.107, 0.319, 0.760, 0.376, 1.330), 0.047),
        ("sharp", (1.085, 0.332, 0.771, 0.391, 1.245), 0.041),
        ("gaussian", (0.860, 0.304, 0.738, 0.363, 1.342), 0.025),
        ("distance", (0.804, 0.284, 0.725, 0.335, 1.436), 0.022),
        ("paraboloid", (0.786, 0.280, 0.738, 0.323, 1.488), 0.017),
        ("localmax", (0.783, 0.225, 0.683, 0.329, 1.512), 0.045),
        ("iterative", (0.747, 0.194, 0.587, 0.311, 1.605), 0.051),
    ),
}


def sheet_rows(data: str) -> list[SheetRow]:
    """The sheet's rows on a data set for models that the catalogue has; none for a set that the sheet does not measure."""
    rows = [SheetRow(_ENTRIES[key], scores, error) for key, scores, error in _MEASURED.get(data, ())]
    return [row for row in rows if row.entry.model in MODELS]
