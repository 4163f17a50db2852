"""Search displays with a known target: drawn here or read as published, scored by how soon a model's map finds the target.

`draw_display` draws one, `make_set` a folder of them, `read_displays` opens such a folder or a published one, `score_map` scores one map,
`score_displays` many models on all of them, `report_displays` writes the page.
"""

from salquest.displays.benchmark import BenchmarkResult, Entrant, enter, score_displays
from salquest.displays.display import Display, DisplayRecord, draw_display
from salquest.displays.families import ASYMMETRIES, FAMILIES, FamilyCard
from salquest.displays.reading import read_displays
from salquest.displays.reporting import report_displays
from salquest.displays.scoring import score_map
from salquest.displays.search import fixations_to_find
from salquest.displays.sets import SETS, SetPlan, make_set, plan_set
from salquest.displays.shown import DisplaySet, ShownDisplay

__all__ = [
    "ASYMMETRIES",
    "FAMILIES",
    "SETS",
    "BenchmarkResult",
    "Display",
    "DisplayRecord",
    "DisplaySet",
    "Entrant",
    "FamilyCard",
    "SetPlan",
    "ShownDisplay",
    "draw_display",
    "enter",
    "fixations_to_find",
    "make_set",
    "plan_set",
    "read_displays",
    "report_displays",
    "score_displays",
    "score_map",
]
