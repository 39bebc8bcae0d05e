"""Studies that many tests look at."""

import pytest

from sparktune.ledger.events import Recorded, StudyStarted
from sparktune.report import StudyRecord, read_study
from tests.report.ledgers import Timed, finished, result, searched, value_of, write_ledger


@pytest.fixture(scope="session")
def grid(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A grid of 18 trials, three of which failed."""
    return read_study(finished(tmp_path_factory.mktemp("grid")))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A grid of nine trials over two parameters, the usual first study."""
    space = {"neurons": [8, 32, 128], "learning_rate": [0.001, 0.01, 0.1]}
    points = [
        {"neurons": n, "learning_rate": rate} for n in space["neurons"] for rate in space["learning_rate"]
    ]
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    events += [(n + 1, Recorded(result(n, value_of(n), params=at), None)) for n, at in enumerate(points)]
    folder = tmp_path_factory.mktemp("pairs")
    return read_study(write_ledger(folder, events, search={"space": space}))


@pytest.fixture(scope="session")
def random_search(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A random search of 200 trials."""
    return read_study(searched(tmp_path_factory.mktemp("random"), 200))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study that has launched nothing."""
    return read_study(write_ledger(tmp_path_factory.mktemp("empty"), []))
