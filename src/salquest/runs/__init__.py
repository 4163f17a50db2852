"""What work leaves on the disk: run folders with a schema version, tables of columns, and writing that is whole or not at all.

Light to import: the standard library, and rich where a bar is shown.
Nothing in memory is the truth: a run is its folder, and every number of a report is read back from one.
"""

from salquest.runs.atomic import write_bytes, write_folder, write_json, write_text
from salquest.runs.cache import cache_folder
from salquest.runs.columns import Cell, Columns
from salquest.runs.folder import SCHEMA, RunFolder, RunRecord, Status, identity, versions
from salquest.runs.progress import ProgressDisplay

__all__ = [
    "SCHEMA",
    "Cell",
    "Columns",
    "ProgressDisplay",
    "RunFolder",
    "RunRecord",
    "Status",
    "cache_folder",
    "identity",
    "versions",
    "write_bytes",
    "write_folder",
    "write_json",
    "write_text",
]
