"""What a study's record answers."""

from pathlib import Path

import pytest

from sparktune.errors import InputError
from sparktune.report import StudyRecord, read_study
from tests.report.ledgers import finished, write_ledger


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    return read_study(finished(tmp_path_factory.mktemp("study")))


def test_a_trial_is_found_by_its_number(study: StudyRecord) -> None:
    assert study.trial(7).number == 7
    with pytest.raises(InputError, match="the trial of study small must be one of 0 to 17, but got 99"):
        study.trial(99)


def test_a_study_without_trials(tmp_path: Path) -> None:
    study = read_study(write_ledger(tmp_path, []))
    assert (study.best, study.baseline, study.valued, study.seconds) == (None, None, (), 0)
    with pytest.raises(InputError, match="none, as no trial was launched, but got 0"):
        study.trial(0)
