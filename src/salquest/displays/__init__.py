"""Search displays with a known target: drawn here or read as published, scored by how soon a model's map finds the target.

`draw_display` draws one, `make_set` a folder of them, `read_displays` opens such a folder or a published one, `score_map` scores one map,
`score_displays` many models on all of them, `report_displays` writes the page.
"""

from salquest.displays.display import Display, DisplayRecord, draw_display
from salquest.displays.families import ASYMMETRIES, FAMILIES, FamilyCard
from salquest.displays.sets import SETS, SetPlan, make_set, plan_set

__all__ = ["ASYMMETRIES", "FAMILIES", "SETS", "Display", "DisplayRecord", "FamilyCard", "SetPlan", "draw_display", "make_set", "plan_set"]
