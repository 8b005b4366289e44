"""The report on activations: `report` for Python, `figures.command.report` for the command line."""

from distributional_view.figures.report.analysis import FeatureReport
from distributional_view.figures.report.run import report
from distributional_view.figures.report.settings import ReportSettings

__all__ = ["FeatureReport", "ReportSettings", "report"]
