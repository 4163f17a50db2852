"""What displays there are, by family: one file per kind of difference between target and distractors, and the catalogue that names them.

A new family is a function from a Request to a Scene in one of these files, and a card in its list.
"""

from salquest.displays.families.card import FamilyCard
from salquest.displays.families.cards import ASYMMETRIES, FAMILIES

__all__ = ["ASYMMETRIES", "FAMILIES", "FamilyCard"]
