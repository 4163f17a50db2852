"""Inside networks: how units respond to annotated regions, what controls reach, and how two networks differ layer by layer.

`dissect` looks into networks, `read_annotations` opens regions of any layout that is known.
"""

from salquest.dissection.study import Dissection, dissect

__all__ = ["Dissection", "dissect"]
