"""The part of the page about the exported model."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from sparktune.report import StudyRecord
from sparktune.report.evaluation import ClassFigures, Confusion, Evaluation
from sparktune.report.model_sections import model_section
from tests.report.test_evaluation import CLASSES, NUMBERS


def test_without_an_evaluation_there_is_nothing(grid: StudyRecord) -> None:
    assert model_section(grid) == ""


def test_classes(grid: StudyRecord) -> None:
    shown = model_section(replace(grid, evaluation=CLASSES))
    for words in ("10 rows of the test split", "Confusion matrix", "Calibration", "<td>dog</td>", "50.0 %"):
        assert words in shown
    assert "Mean gap between probability and share: 0.200" in shown
    assert "sparktune.register(spark" in shown


def test_the_bundle_is_that_of_the_folder_read_now(grid: StudyRecord) -> None:
    moved = Path('/data/my "best" study')
    old = replace(grid.summary, bundle="/old/small/bundle") if grid.summary else None
    shown = unescape(model_section(replace(grid, evaluation=CLASSES, directory=moved, summary=old)))
    assert f"sparktune.register(spark, {str(moved / 'bundle')!r}, " in shown
    assert "/old/small" not in shown


@pytest.mark.parametrize("count", [12, 200])
def test_many_classes_name_what_is_confused(grid: StudyRecord, count: int) -> None:
    classes = tuple(ClassFigures(f"c{n}", 10, 10, 9) for n in range(count))
    evaluation = Evaluation(1, "test", "classes", 10, 10, 0, classes, (Confusion(1, 0, 4),))
    shown = model_section(replace(grid, evaluation=evaluation))
    assert "Most often confused" in shown
    assert ("The 30 of 200 with the lowest recall" in shown) == (count == 200)
    assert ("Confusion matrix" in shown) == (count == 12)


def test_numbers_and_rows_without_an_answer(grid: StudyRecord) -> None:
    shown = model_section(replace(grid, evaluation=replace(NUMBERS, unknown=2)))
    assert shown.count("<svg") == 2
    assert "3 rows of the validation split, spread over 9. 2 of them have no answer" in shown
