"""The catalogue of families, and which of them people find easier than the same with roles exchanged."""

from __future__ import annotations

from collections.abc import Mapping

from salquest.displays.families.card import FamilyCard
from salquest.displays.families.colour import COLOUR
from salquest.displays.families.fields import FIELDS
from salquest.displays.families.form import FORM
from salquest.displays.families.gratings import GRATINGS
from salquest.displays.families.orientation import ORIENTATION
from salquest.displays.families.search import SEARCH

FAMILIES: Mapping[str, FamilyCard] = {**COLOUR, **ORIENTATION, **FORM, **GRATINGS, **SEARCH, **FIELDS}

# easy, hard: the first is found faster than the second (Treisman and Gormican 1988; Treisman and Souther 1985; Wolfe 2001)
ASYMMETRIES: tuple[tuple[str, str], ...] = (
    ("tilted-among-vertical", "vertical-among-tilted"),
    ("longer", "shorter"),
    ("q-among-o", "o-among-q"),
    ("open-among-closed", "closed-among-open"),
    ("curved-among-straight", "straight-among-curved"),
    ("magenta-among-red", "red-among-magenta"),
    ("brighter", "dimmer"),
    ("flipped-among-upright", "upright-among-flipped"),
)
