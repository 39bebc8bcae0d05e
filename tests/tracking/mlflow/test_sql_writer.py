"""Runs in one transaction: the rows that MLflow itself would write."""

import math
import sqlite3
import threading
from contextlib import closing
from typing import Any

import mlflow
import pytest

from sparktune.tracking.mlflow.entries import StudyEntries
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.tracking.mlflow.sql_writer import KNOWN, Batch, engine_for
from sparktune.trial import Trial, TrialState
from tests.tracking.servers import Server
from tests.tracking.studies import OBJECTIVE, complete, shown, study_spec

TABLES = ("runs", "tags", "params", "metrics", "latest_metrics")
ENTRIES = StudyEntries(study_spec("sqlite:///unused.db"), "batch", OBJECTIVE)
RESULTS = [
    complete(0),
    complete(1, history={"val_loss": [3.0, 2.0, 2.0], "loss": [0.5, math.inf, math.nan]}),
    complete(2, state=TrialState.FAILED, value=None, epoch=None, history={}, error="ValueError: no"),
]
STARTED = [ENTRIES.launch(Trial("digits", n, {}, 1), 1_000) for n in range(3)]
ENDED = [ENTRIES.result(result, 9_000, 1_000) for result in RESULTS]


def runs_of(uri: str) -> StudyRuns:
    runs = StudyRuns(uri, "lessons", "batch")
    runs.write_study(ENTRIES.study(1_000))
    return runs


def content(uri: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the database says of the study and its trials; a run's id gives way to its name."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        names = dict(database.execute("SELECT run_uuid, name FROM runs"))

        def named(value: Any) -> Any:
            for run_id, name in names.items():
                value = value.replace(run_id, name) if isinstance(value, str) else value
            return value

        return {
            table: sorted(
                (tuple(map(named, row)) for row in database.execute(f"SELECT * FROM {table}")), key=repr
            )
            for table in TABLES
        }


@pytest.mark.parametrize("running", [False, True], ids=["at once", "after it was shown as running"])
def test_the_rows_are_those_that_mlflow_writes(
    running: bool, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for uri in stores:
        runs = runs_of(uri)
        if running:
            runs.trials.write(STARTED)
        runs.trials.write(ENDED)
        monkeypatch.setattr("sparktune.tracking.mlflow.trial_runs.engine_for", lambda uri: None)
    together, alone = map(content, stores)
    assert all(together.values())
    assert together == alone


def test_a_batch_that_is_refused_leaves_nothing_and_each_is_written_by_itself(store: str) -> None:
    runs = runs_of(store)
    runs.trials.write(STARTED[:1])
    no_text = ENTRIES.result(complete(1, params={"neurons": 8}), 9_000)
    no_text.params["neurons"] = None  # type: ignore[assignment]
    with pytest.raises(Exception, match="NOT NULL"):
        runs.trials.write([ENDED[0], no_text, ENDED[2]])
    assert {n: r.info.status for n, r in shown(store, "batch").trials.items()} == {0: "RUNNING"}
    runs.trials.write([ENDED[0]])
    runs.trials.write([ENDED[2]])
    seen = shown(store, "batch").trials
    assert {n: r.info.status for n, r in seen.items()} == {0: "FINISHED", 2: "FAILED"}


def test_a_batch_waits_for_another_process_that_writes(store: str) -> None:
    runs = runs_of(store)
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"), check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ending = threading.Timer(0.5, other.rollback)
        ending.start()
        runs.trials.write(ENDED)
        ending.join()
    assert sorted(shown(store, "batch").trials) == [0, 1, 2]


def test_a_batch_whose_answer_was_lost_is_not_written_twice(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, commit = runs_of(store), Batch.commit

    def commit_and_lose(batch: Batch) -> None:
        commit(batch)
        raise ConnectionError("lost")

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(Batch, "commit", commit_and_lose)
        runs.trials.write(ENDED)
    before = {n: r.info.run_id for n, r in shown(store, "batch").trials.items()}
    runs.trials.write(ENDED)
    assert {n: r.info.run_id for n, r in shown(store, "batch").trials.items()} == before


def test_an_mlflow_that_is_another_inside_is_written_by_its_client(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(batch: Batch) -> None:
        raise TypeError("unexpected keyword argument")

    monkeypatch.setattr(Batch, "commit", another)
    runs = runs_of(store)
    with pytest.raises(TypeError):
        runs.trials.write(ENDED[:1])
    runs.trials.write(ENDED)
    assert sorted(shown(store, "batch").trials) == [0, 1, 2]


def test_the_installed_mlflow_is_one_whose_tables_are_known() -> None:
    installed = ".".join(mlflow.__version__.split(".")[:2])
    assert installed in KNOWN, (
        f"MLflow {installed} is not known: its client writes the trials, at 25 ms of CPU each. If the tests "
        f"that compare rows here pass with {installed} in sql_writer.KNOWN, add it there"
    )


@pytest.mark.parametrize("version", ["3.16.9", "3.18.0", "4.0.0rc1", "3.170.1"])
def test_another_mlflow_is_written_by_its_client(
    store: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow, "__version__", version)
    monkeypatch.setattr(Batch, "commit", lambda batch: pytest.fail("the tables may be others"))
    assert engine_for(store) is None
    runs_of(store).trials.write(ENDED)
    assert sorted(shown(store, "batch").trials) == [0, 1, 2]


def test_a_server_writes_its_database_itself(server: Server, store: str) -> None:
    assert engine_for(server.uri) is None
    assert engine_for(store) is not None
