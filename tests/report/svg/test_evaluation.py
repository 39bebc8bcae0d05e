"""Charts of the exported model."""

from dataclasses import replace
from xml.etree import ElementTree

from sparktune.report.evaluation import ClassFigures
from sparktune.report.svg.evaluation import (
    MOST_CLASSES,
    agreement_chart,
    calibration_chart,
    confusion_chart,
    residual_chart,
)
from tests.report.test_evaluation import CLASSES, NUMBERS


def test_the_confusion_matrix() -> None:
    image = ElementTree.fromstring(confusion_chart(CLASSES))
    assert [title.text for title in image.iter("title")] == [
        "cat taken for cat: 4 rows, 66.7%",
        "cat taken for dog: 0 rows, 0.0%",
        "dog taken for cat: 4 rows, 100.0%",
        "dog taken for dog: 0 rows, 0.0%",
    ]
    many = replace(CLASSES, classes=(ClassFigures("a", 1, 1, 1),) * (MOST_CLASSES + 1))
    assert confusion_chart(many) == ""
    assert confusion_chart(replace(CLASSES, task="labels", confusions=())) == ""


def test_calibration_has_a_dot_for_each_tenth() -> None:
    image = ElementTree.fromstring(calibration_chart(CLASSES))
    assert len([*image.iter("circle")]) == 2
    assert "6 rows: 0.95 given, 0.75 true" in calibration_chart(CLASSES)
    assert calibration_chart(NUMBERS) == ""


def test_residuals_that_all_lie_on_one_side_have_no_line_at_zero() -> None:
    (residuals,) = NUMBERS.residuals
    beside = replace(residuals, edges=tuple(100 + edge for edge in residuals.edges))
    assert residual_chart(residuals).count("line diagonal") == 1
    assert residual_chart(beside).count("line diagonal") == 0


def test_residuals() -> None:
    (residuals,) = NUMBERS.residuals
    assert agreement_chart(residuals).count("<circle") == 1
    assert residual_chart(residuals).count('class="area c0"') == 1
