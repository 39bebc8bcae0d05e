"""The file of the exported model's figures."""

from pathlib import Path

import pytest

from sparktune.report.evaluation import (
    CalibrationBin,
    ClassFigures,
    Confusion,
    Evaluation,
    Residuals,
    read_evaluation,
    write_evaluation,
)

CLASSES = Evaluation(
    trial=3,
    split="test",
    task="classes",
    rows=10,
    split_rows=10,
    classes=(ClassFigures("cat", 6, 8, 4), ClassFigures("dog", 4, 0, 0)),
    confusions=(Confusion(1, 0, 4),),
    calibration=(CalibrationBin(6, 0.95, 0.75), CalibrationBin(2, 0.55, 0.75)),
)
NUMBERS = Evaluation(
    trial=3,
    split="validation",
    task="regression",
    rows=3,
    split_rows=9,
    residuals=(Residuals("y", 0.1, 0.2, 0.3, None, (0.0, 1.0), (3,), ((1.0, 1.1),)),),
)


@pytest.mark.parametrize("evaluation", [CLASSES, NUMBERS])
def test_what_is_written_is_read(tmp_path: Path, evaluation: Evaluation) -> None:
    write_evaluation(tmp_path, evaluation)
    assert read_evaluation(tmp_path, 3) == evaluation


def test_without_a_whole_file_of_the_best_trial_there_is_none(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path, 3) is None
    write_evaluation(tmp_path, CLASSES)
    assert read_evaluation(tmp_path, 4) is None
    (tmp_path / "evaluation.json").write_text('{"trial": 3}')
    assert read_evaluation(tmp_path, 3) is None


def test_shares_and_their_absence() -> None:
    cat, dog = CLASSES.classes
    assert (cat.precision, cat.recall) == (0.5, pytest.approx(2 / 3))
    assert (dog.precision, dog.recall) == (None, 0.0)
    assert CLASSES.calibration_error == pytest.approx(0.2)
    assert NUMBERS.calibration_error is None
