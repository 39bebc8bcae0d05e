"""What a study shows: on the terminal, as a page, as figures; all from one record of its directory."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.report.page import write_report
    from sparktune.report.plots import StudyPlots
    from sparktune.report.reading import read_study
    from sparktune.report.record import Execution, Session, StudyRecord, TrialRecord
    from sparktune.report.terminal import StudyProgress, outcome_lines, trials_ranked

__all__ = [
    "Execution",
    "Session",
    "StudyPlots",
    "StudyProgress",
    "StudyRecord",
    "TrialRecord",
    "outcome_lines",
    "read_study",
    "trials_ranked",
    "write_report",
]

# reading a study needs neither rich nor pandas
__getattr__, __dir__ = lazily(
    __name__,
    {
        **dict.fromkeys(("Execution", "Session", "StudyRecord", "TrialRecord"), "sparktune.report.record"),
        "StudyPlots": "sparktune.report.plots",
        "read_study": "sparktune.report.reading",
        "write_report": "sparktune.report.page",
        **dict.fromkeys(("StudyProgress", "outcome_lines", "trials_ranked"), "sparktune.report.terminal"),
    },
)
