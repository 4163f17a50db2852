"""Which parts of pictures are what: one reader per distributed layout, all answering regions with the category names of their source.

A new layout is an `Annotations` in a file of its own and a line in `reading.py`.
"""

from salquest.dissection.annotations.reading import read_annotations
from salquest.dissection.annotations.region import Annotations, Region

__all__ = ["Annotations", "Region", "read_annotations"]
