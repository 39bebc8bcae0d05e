"""Studies that many tests look at."""

import pytest

from sparktune.report import StudyRecord, read_study
from tests.report.ledgers import finished, searched, write_ledger


@pytest.fixture(scope="session")
def grid(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A grid of 18 trials, three of which failed."""
    return read_study(finished(tmp_path_factory.mktemp("grid")))


@pytest.fixture(scope="session")
def random_search(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A random search of 200 trials."""
    return read_study(searched(tmp_path_factory.mktemp("random"), 200))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study that has launched nothing."""
    return read_study(write_ledger(tmp_path_factory.mktemp("empty"), []))
