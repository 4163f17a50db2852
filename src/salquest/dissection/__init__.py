"""Inside networks: how units respond to annotated regions, what controls reach, and how two networks differ layer by layer.

`read_annotations` opens regions of any layout that is known, `dissect` looks into networks, `write_dissection` leaves tables and page. What
compares two representations is in `similarity`, and needs neither networks nor pictures.
"""

from salquest.dissection.ablation import UnitAblation, ablate_units
from salquest.dissection.annotations import Annotations, Region, read_annotations
from salquest.dissection.attribution import Attribution, Place, RegionShare, attribute, randomisation_check, region_shares
from salquest.dissection.change import Change, change_split, over_layers, split_table
from salquest.dissection.gathering import Settings
from salquest.dissection.importance import Importance, remove_best
from salquest.dissection.scores import SCORES, ScoreCard
from salquest.dissection.study import Dissection, LayerResult, dissect
from salquest.dissection.subjects import Subject, open_subject
from salquest.dissection.tables import best_layers, drift_table, health_table, layer_table, unit_table
from salquest.dissection.writing import check_folder, write_dissection

__all__ = [
    "SCORES",
    "Annotations",
    "Attribution",
    "Change",
    "Dissection",
    "Importance",
    "LayerResult",
    "Place",
    "Region",
    "RegionShare",
    "ScoreCard",
    "Settings",
    "Subject",
    "UnitAblation",
    "ablate_units",
    "attribute",
    "best_layers",
    "change_split",
    "check_folder",
    "dissect",
    "drift_table",
    "health_table",
    "layer_table",
    "open_subject",
    "over_layers",
    "randomisation_check",
    "read_annotations",
    "region_shares",
    "remove_best",
    "split_table",
    "unit_table",
    "write_dissection",
]
