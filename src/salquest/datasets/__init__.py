"""Real eye movements, read from the folders in which people have them.

One reader per distributed layout answers a DataSet; the catalogue knows the sets by name. A new set is a card in `catalogue.py`,
a new layout is a function from a folder to a DataSet in a file of its own.
"""

from salquest.datasets.catalogue import DATASETS, DataSetCard, load_dataset
from salquest.datasets.checking import CheckReport, check_dataset
from salquest.datasets.dataset import DataSet, Problem, Sample
from salquest.datasets.duplicates import Duplicate, find_duplicates
from salquest.datasets.joined import JoinedSets, join
from salquest.datasets.labels import PictureLabels, read_labels
from salquest.datasets.released_maps import released_blur
from salquest.datasets.splits import Split, divide, split_by_seed, split_from_file
from salquest.datasets.table import import_table

__all__ = [
    "DATASETS",
    "CheckReport",
    "DataSet",
    "DataSetCard",
    "Duplicate",
    "JoinedSets",
    "PictureLabels",
    "Problem",
    "Sample",
    "Split",
    "check_dataset",
    "divide",
    "find_duplicates",
    "import_table",
    "join",
    "load_dataset",
    "read_labels",
    "released_blur",
    "split_by_seed",
    "split_from_file",
]
