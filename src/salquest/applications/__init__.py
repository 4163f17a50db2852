"""What people do with a map: predict many pictures, find salient regions, crop, ask which share of attention a region has.

Everything here works with any model: a name of the catalogue or a run folder.
"""

from salquest.applications.attention import AttentionStudy, attention_shares, study_attention
from salquest.applications.crop import Crop, best_crop
from salquest.applications.map_outputs import Wanted
from salquest.applications.predictions import Predicted, predict_pictures
from salquest.applications.region_file import NamedRegion, read_regions
from salquest.applications.salient_regions import SalientRegion, salient_regions
from salquest.applications.scanpath import ScanpathStop, simulated_scanpath
from salquest.applications.share_precision import SharePrecision, share_precision
from salquest.applications.thumbnails import Cropped, crop_pictures

__all__ = [
    "AttentionStudy",
    "Crop",
    "Cropped",
    "NamedRegion",
    "Predicted",
    "SalientRegion",
    "ScanpathStop",
    "SharePrecision",
    "Wanted",
    "attention_shares",
    "best_crop",
    "crop_pictures",
    "predict_pictures",
    "read_regions",
    "salient_regions",
    "share_precision",
    "simulated_scanpath",
    "study_attention",
]
