"""The exported model as matplotlib figures."""

import pytest

from sparktune.report.evaluation_figures import calibration_figure, confusion_figure, residuals_figure
from sparktune.report.series import confusion_matrix
from tests.report.test_evaluation import CLASSES, NUMBERS


@pytest.fixture(autouse=True)
def without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")


def test_a_confusion_matrix_has_its_numbers_in_rows_of_actual_classes() -> None:
    (axes,) = confusion_figure(CLASSES).axes
    written = {text.get_position(): int(text.get_text()) for text in axes.texts}
    for actual, row in enumerate(confusion_matrix(CLASSES)):
        for predicted, rows in enumerate(row):
            assert written[predicted, actual] == rows
    assert len(set(written.values())) > 1


def test_calibration_has_a_point_for_each_bin_beside_the_diagonal() -> None:
    (axes,) = calibration_figure(CLASSES).axes
    diagonal, line = axes.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert line.get_xydata().tolist() == [[b.probability, b.share] for b in CLASSES.calibration]


def test_residuals_are_named_after_the_first_output() -> None:
    agreement, errors = residuals_figure(NUMBERS).axes
    name = NUMBERS.residuals[0].name
    assert (agreement.get_xlabel(), agreement.get_ylabel()) == (f"actual {name}", f"predicted {name}")
    assert (errors.get_xlabel(), errors.get_ylabel()) == ("error", "rows")
