"""The report: a study as one page of HTML that needs no network, no script and no other file."""

import sys
from html import escape
from importlib.resources import files
from pathlib import Path

from sparktune.files import write_atomically
from sparktune.report.importance import Importance, importances
from sparktune.report.model_sections import model_section
from sparktune.report.pareto_section import pareto_section
from sparktune.report.reading import read_study
from sparktune.report.record import StudyRecord
from sparktune.report.search_sections import (
    curve_section,
    history_section,
    importance_section,
    parallel_section,
    parameter_section,
    ranked_parameters,
    summary_section,
)
from sparktune.report.trial_sections import failure_section, timeline_section, trial_section

FILE = "report.html"
LONG_STUDY = 180.0  # seconds; so long a study can wait the two seconds that importing Optuna takes


def write_report(directory: Path, target: Path | None = None, importance: bool = True) -> Path:
    """Write the report of the study in a directory, however far the study is.

    Args:
        directory: the study's folder.
        target: the file to write; `report.html` in the study directory by default.
        importance: with the importance of parameters, for which Optuna is imported.

    Returns:
        The file.

    Raises:
        StudyDirectoryError: the directory holds no study that can be read.
        OSError: the file cannot be written.

    Example:
        >>> from sparktune.report import write_report
        >>> write_report(Path("studies/digits"))  # doctest: +SKIP
        PosixPath('studies/digits/report.html')
    """
    study = read_study(directory)
    target = target or directory / FILE
    page = report_page(study, importances(study) if importance else None)
    write_atomically(target, page.encode(errors="backslashreplace"))
    return target


def write_final_report(directory: Path, seconds: float) -> Path:
    """The report at the end of a study that took so many seconds.

    Importance is part of it where its cost does not count: Optuna is loaded, or the study took minutes.
    """
    return write_report(directory, importance="optuna" in sys.modules or seconds >= LONG_STUDY)


def report_page(study: StudyRecord, importance: tuple[Importance, ...] | None) -> str:
    """The whole page."""
    style = files("sparktune.report").joinpath("page.css").read_text(encoding="utf-8")
    ranked = ranked_parameters(study, importance)
    sections = (
        summary_section(study),
        pareto_section(study),
        history_section(study),
        parameter_section(study, ranked),
        parallel_section(study, ranked),
        importance_section(study, importance),
        curve_section(study),
        timeline_section(study),
        model_section(study),
        failure_section(study),
        trial_section(study),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(study.name)} - sparktune report</title>\n<style>\n{style}</style></head>\n"
        f"<body>\n{''.join(sections)}</body></html>\n"
    )
