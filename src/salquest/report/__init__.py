"""Columns and pictures become tables, figures and one HTML page that a person can read. The only room that draws.

What a column means (title, unit, which direction is better) is handed in; the report computes nothing but ranks.
"""

from salquest.report.cell_table import CellTable
from salquest.report.comparison_figures import PictureScatter, RankLine, critical_difference_figure, scatter_figure
from salquest.report.density_figure import centre_bias_figure
from salquest.report.display_figures import CurvePanel, contoured, found_figure, psychometric_figure, ringed, two_ranks_figure
from salquest.report.dissection_page import dissection_page
from salquest.report.figures import Curves, contact_sheet, dimmed, heat, heat_layer, learning_curves, overlay, score_figure, signed_overlay
from salquest.report.gradient_figures import TermGradients, gradient_figure
from salquest.report.layer_figure import LayerPanel, layer_figure
from salquest.report.level_set_figure import level_set_figure
from salquest.report.marks import outlined, path_drawn
from salquest.report.page import Gallery, Section, report_page
from salquest.report.pair_table import PairRow, PairTable
from salquest.report.ranking_figures import RankedWay, pair_matrix_figure, ranking_figure
from salquest.report.sheets import Tile, jpeg_bytes, thumbnail, tile_sheet
from salquest.report.table import ColumnSpec, Row, Score, ScoreTable
from salquest.report.tuning_figures import TrialPoint, front_figure, search_figure

__all__ = [
    "CellTable",
    "ColumnSpec",
    "CurvePanel",
    "Curves",
    "Gallery",
    "LayerPanel",
    "PairRow",
    "PairTable",
    "PictureScatter",
    "RankLine",
    "RankedWay",
    "Row",
    "Score",
    "ScoreTable",
    "Section",
    "TermGradients",
    "Tile",
    "TrialPoint",
    "centre_bias_figure",
    "contact_sheet",
    "contoured",
    "critical_difference_figure",
    "dimmed",
    "dissection_page",
    "found_figure",
    "front_figure",
    "gradient_figure",
    "heat",
    "heat_layer",
    "jpeg_bytes",
    "layer_figure",
    "learning_curves",
    "level_set_figure",
    "outlined",
    "overlay",
    "pair_matrix_figure",
    "path_drawn",
    "psychometric_figure",
    "ranking_figure",
    "report_page",
    "ringed",
    "scatter_figure",
    "score_figure",
    "search_figure",
    "signed_overlay",
    "thumbnail",
    "tile_sheet",
    "two_ranks_figure",
]
