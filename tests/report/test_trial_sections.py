"""The parts of the page about the trials themselves."""

from dataclasses import replace

from sparktune.report import StudyRecord
from sparktune.report.search_sections import summary_section
from sparktune.report.trial_sections import failure_section, timeline_section, trial_section


def test_failed_trials_are_grouped_by_their_error(grid: StudyRecord, random_search: StudyRecord) -> None:
    shown = failure_section(grid)
    assert "<h3>3 x ValueError: shape (5, 3) is wrong</h3>" in shown
    assert "Trials 5, 11, 17; trial 5 has neurons=16" in shown
    assert shown.count("<h3>") == shown.count("<details>") == 1
    assert "the loss was not finite" in failure_section(random_search)


def test_the_timeline_says_what_waited(grid: StudyRecord) -> None:
    shown = timeline_section(grid)
    assert "2 slots; training" in shown
    assert "from launch to start 0.3 s (median), 0.3 s at most" in shown


def test_the_table_has_the_best_trials(random_search: StudyRecord) -> None:
    shown = trial_section(random_search)
    assert shown.count("<tr>") == 21
    assert "The best 20; 180 more are in trials.csv." in shown


def test_a_parameter_that_a_trial_does_not_have_is_left_empty(grid: StudyRecord) -> None:
    without = {name: value for name, value in grid.valued[0].params.items() if name != "optimizer"}
    trials = [replace(t, params=without) if t is grid.valued[0] else t for t in grid.trials]
    study = replace(grid, trials=tuple(trials))
    assert "None" not in trial_section(study) + summary_section(study)
    assert trial_section(study).count("<td></td>") == 1


def test_a_study_that_has_launched_nothing(empty: StudyRecord) -> None:
    assert failure_section(empty) == timeline_section(empty) == trial_section(empty) == ""
