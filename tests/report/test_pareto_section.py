"""The part of the page about several objectives."""

from pathlib import Path

from sparktune.report import StudyRecord, read_study
from sparktune.report.page import report_page
from sparktune.report.pareto_section import pareto_section
from tests.report.ledgers import several


def test_the_front_is_a_table_with_every_objective(tmp_path: Path) -> None:
    study = read_study(several(tmp_path / "small"))
    shown = pareto_section(study)
    assert "<h2>Pareto front</h2>" in shown and "<svg" in shown
    assert (
        f"the {len(study.pareto)} trials that no other one beats in all of val_accuracy, parameters" in shown
    )
    assert shown.count("<tr>") == 1 + len(study.pareto)
    assert ">val_accuracy</th>" in shown and ">parameters</th>" in shown and ">neurons</th>" in shown
    assert shown in report_page(study, None)


def test_a_study_of_one_objective_has_no_such_part(grid: StudyRecord, empty: StudyRecord) -> None:
    assert pareto_section(grid) == pareto_section(empty) == ""
