"""Columns and pictures become tables, figures and one HTML page that a person can read. The only room that draws.

What a column means (title, unit, which direction is better) is handed in; the report computes nothing but ranks.
"""

from salquest.report.comparison_figures import PictureScatter, RankLine, critical_difference_figure, scatter_figure
from salquest.report.figures import Curves, contact_sheet, learning_curves, overlay, score_figure
from salquest.report.page import Gallery, quest_page, score_page
from salquest.report.pair_table import PairRow, PairTable
from salquest.report.table import ColumnSpec, Row, Score, ScoreTable
from salquest.report.tuning_figures import TrialPoint, front_figure, search_figure

__all__ = [
    "ColumnSpec",
    "Curves",
    "Gallery",
    "PairRow",
    "PairTable",
    "PictureScatter",
    "RankLine",
    "Row",
    "Score",
    "ScoreTable",
    "TrialPoint",
    "contact_sheet",
    "critical_difference_figure",
    "front_figure",
    "learning_curves",
    "overlay",
    "quest_page",
    "scatter_figure",
    "score_figure",
    "score_page",
    "search_figure",
]
