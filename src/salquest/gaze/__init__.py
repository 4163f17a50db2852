"""What was shown, where people looked, and what a map is.

Coordinates: x right, y down, 0-based, pixel centres at integers; a picture of width W covers -0.5 <= x < W - 0.5.
Sizes are (height, width). Pictures are RGB. Only numpy, scipy and Pillow live here; torch has a twin of `maps` in the losses.
"""

from salquest.gaze.blur_width import BlurWidth, recover_blur
from salquest.gaze.density import blur, fixation_density, gaussian_operator, mean_density
from salquest.gaze.fixations import Fixations
from salquest.gaze.maps import SaliencyMap, as_density, pool_counts, resize_map
from salquest.gaze.pictures import read_picture, resize_picture
from salquest.gaze.regions import Box, Regions
from salquest.gaze.stimulus import Stimulus

__all__ = [
    "BlurWidth",
    "Box",
    "Fixations",
    "Regions",
    "SaliencyMap",
    "Stimulus",
    "as_density",
    "blur",
    "fixation_density",
    "gaussian_operator",
    "mean_density",
    "pool_counts",
    "read_picture",
    "recover_blur",
    "resize_map",
    "resize_picture",
]
