"""Learning curves."""

from dataclasses import replace
from xml.etree import ElementTree

from sparktune.report import StudyRecord
from sparktune.report.svg.curves import curve_charts


def test_the_best_ten_have_a_chart_with_both_splits(random_search: StudyRecord) -> None:
    charts = curve_charts(random_search)
    assert len(charts) == 10
    image = ElementTree.fromstring(charts[0])
    lines = [path for path in image.iter("path") if path.get("class") in ("line c0", "line c1 dashed")]
    assert [line.get("d").count("L") for line in lines] == [19, 19]
    assert f"#{random_search.best_number}: " in charts[0] and "gap" in charts[0]


def test_a_study_without_values_has_none(empty: StudyRecord) -> None:
    assert curve_charts(empty) == []


def test_an_infinite_loss_leaves_the_others_readable(random_search: StudyRecord) -> None:
    best = random_search.valued[0]
    history = {**best.history, "val_accuracy": [float("inf"), *best.history["val_accuracy"][1:]]}
    wild = replace(best, history=history)
    trials = tuple(wild if trial.number == best.number else trial for trial in random_search.trials)
    study = replace(random_search, trials=trials)
    assert 'class="tick" text-anchor="end">inf' not in curve_charts(study)[0]
