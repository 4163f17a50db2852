"""What people do with a map: predict many pictures, find salient regions, crop, ask which share of attention a region has.

Everything here works with any model: a name of the catalogue or a run folder.
"""

from salquest.applications.map_outputs import Wanted
from salquest.applications.predictions import Predicted, predict_pictures
from salquest.applications.salient_regions import SalientRegion, salient_regions
from salquest.applications.scanpath import ScanpathStop, simulated_scanpath

__all__ = ["Predicted", "SalientRegion", "ScanpathStop", "Wanted", "predict_pictures", "salient_regions", "simulated_scanpath"]
