"""The exported model as matplotlib figures."""

import pytest

from sparktune.report.evaluation_figures import calibration_figure, confusion_figure, residuals_figure
from tests.report.test_evaluation import CLASSES, NUMBERS


@pytest.fixture(autouse=True)
def without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")


def test_the_numbers_of_a_confusion_matrix_are_those_of_the_evaluation() -> None:
    (axes,) = confusion_figure(CLASSES).axes
    written = [int(text.get_text()) for text in axes.texts]
    assert sum(written) == sum(figures.actual for figures in CLASSES.classes)
    assert len(written) == len(CLASSES.classes) ** 2


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
