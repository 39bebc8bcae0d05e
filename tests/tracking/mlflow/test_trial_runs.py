"""The run of each trial exists once, whoever wrote it before, in a database and through a server."""

from typing import Any

import pytest
from mlflow import MlflowClient

from sparktune.tracking.mlflow.trial_runs import TrialRuns
from sparktune.trial import Trial, TrialState
from tests.tracking.servers import Server
from tests.tracking.studies import complete, entries_of, runs_of, shown

PAUSED = {"state": TrialState.PAUSED, "value": None, "epoch": None, "history": {"val_accuracy": [0.5]}}


@pytest.mark.parametrize("same_driver", [True, False])
def test_a_paused_trial_is_scheduled_until_it_goes_on(uri: str, same_driver: bool) -> None:
    study_id = f"paused-{same_driver}"
    entries, runs = entries_of(study_id), runs_of(uri, study_id)
    runs.trials.write([entries.launch(Trial("digits", 0, {}, 1), 1_000)])
    runs.trials.write([entries.result(complete(0, **PAUSED), 5_000, 1_000)])
    runs.finish_study(entries.finish("KILLED", None, 1_000, 6_000))
    trial = shown(uri, study_id).trials[0]
    assert (trial.info.status, trial.data.tags["sparktune.state"]) == ("SCHEDULED", "PAUSED")
    if not same_driver:
        runs = runs_of(uri, study_id)
    runs.trials.write([entries.result(complete(0), 9_000, 1_000)])
    seen = shown(uri, study_id)
    assert seen.trials[0].info.status == "FINISHED"
    assert seen.curve(0, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.8)]


def test_the_curves_of_a_trial_grow_while_it_goes_on(uri: str) -> None:
    entries, runs = entries_of("growing"), runs_of(uri, "growing")
    runs.trials.write([entries.launch(Trial("digits", 0, {}, 1), 1_000)])
    values = [0.5, 0.7, 0.8]
    ids = set()
    for epochs, end_ms in ((1, 5_000), (2, 9_000)):
        paused = {**PAUSED, "history": {"val_accuracy": values[:epochs]}}
        runs.trials.write([entries.result(complete(0, **paused), end_ms, 1_000)])
        seen = shown(uri, "growing")
        assert (seen.trials[0].info.status, seen.trials[0].data.tags["sparktune.state"]) == ("RUNNING",) * 2
        assert seen.curve(0, "val_accuracy") == [*enumerate(values[:epochs], 1)]
        ids.add(seen.trials[0].info.run_id)
    runs.trials.write([entries.result(complete(0), 12_000, 1_000)])
    runs.finish_study(entries.finish("FINISHED", None, 1_000, 13_000))
    seen = shown(uri, "growing")
    assert seen.trials[0].info.status == "FINISHED"
    assert seen.curve(0, "val_accuracy") == [*enumerate(values, 1)]
    assert {seen.trials[0].info.run_id} == ids


def test_epochs_that_are_trained_again_after_a_lost_checkpoint_are_written_once(uri: str) -> None:
    entries, runs = entries_of("lost"), runs_of(uri, "lost")
    values = [epoch / 10 for epoch in range(7)]
    for epochs, end_ms in ((5, 5_000), (2, 6_000), (7, 12_000)):
        paused = {**PAUSED, "history": {"val_accuracy": values[:epochs]}}
        runs.trials.write([entries.result(complete(0, **paused), end_ms, 1_000)])
    assert shown(uri, "lost").curve(0, "val_accuracy") == [*enumerate(values, 1)]


def test_epochs_that_were_written_in_part_are_written_anew(uri: str, monkeypatch) -> None:
    entries, runs = entries_of("partly"), runs_of(uri, "partly")
    runs.trials.write([entries.result(complete(0, **PAUSED), 5_000, 1_000)])
    with monkeypatch.context() as patch:
        patch.setattr(runs.trials._requests, "end", None)  # fails after the metrics are written
        with pytest.raises(TypeError):
            runs.trials.write([entries.result(complete(0), 9_000, 1_000)])
    runs.trials.write([entries.result(complete(0), 9_500, 1_000)])
    seen = shown(uri, "partly")
    assert seen.curve(0, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.8)]
    assert seen.trials[0].info.status == "FINISHED"


def test_epochs_are_written_once_though_the_answer_to_the_first_ones_was_lost(server: Server) -> None:
    entries, runs = entries_of("unanswered"), runs_of(server.uri, "unanswered")
    write = runs.trials._requests.log

    def lose_the_answer(*written: Any) -> None:
        write(*written)
        raise ConnectionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs.trials._requests, "log", lose_the_answer)
        with pytest.raises(ConnectionError):
            runs.trials.write([entries.result(complete(0, **PAUSED), 5_000, 1_000)])
    longer = {**PAUSED, "history": {"val_accuracy": [0.5, 0.7]}}
    runs.trials.write([entries.result(complete(0, **longer), 12_000, 1_000)])
    assert shown(server.uri, "unanswered").curve(0, "val_accuracy") == [(1, 0.5), (2, 0.7)]


@pytest.mark.parametrize("first", [True, False])
def test_a_trial_that_is_written_after_the_studys_end_does_not_seem_to_run(uri: str, first: bool) -> None:
    study_id = f"late-{first}"
    entries, runs = entries_of(study_id), runs_of(uri, study_id)
    runs.trials.write([entries.result(complete(0, **PAUSED), 5_000, 1_000)] if first else [])
    longer = {**PAUSED, "history": {"val_accuracy": [0.5, 0.7]}}
    late = [
        entries.result(complete(0, **longer), 9_000, 1_000),
        entries.launch(Trial("digits", 1, {}, 1), 2_000),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrialRuns, "_new_part", None)
        with pytest.raises(TypeError):
            runs.trials.write(late)
    runs.finish_study(entries.finish("KILLED", None, 1_000, 9_500))
    runs.trials.write(late)
    seen = shown(uri, study_id)
    states = [(run.info.status, run.data.tags["sparktune.state"]) for _, run in sorted(seen.trials.items())]
    assert states == [("SCHEDULED", "PAUSED"), ("KILLED", "KILLED")]
    assert [seen.trials[number].info.end_time for number in range(2)] == [9_000, 9_500]
    assert seen.curve(0, "val_accuracy") == [(1, 0.5), (2, 0.7)]


def test_what_is_shown_in_full_is_left_alone_by_another_driver(uri: str) -> None:
    entries = entries_of("again")
    ended = [entries.result(complete(number), 9_000, 1_000) for number in range(3)]
    runs_of(uri, "again").trials.write(ended)
    before = {number: run.to_dictionary() for number, run in shown(uri, "again").trials.items()}
    runs_of(uri, "again").trials.write(ended)
    assert {number: run.to_dictionary() for number, run in shown(uri, "again").trials.items()} == before


def test_a_half_written_run_gives_way(uri: str) -> None:
    entries, runs = entries_of("half"), runs_of(uri, "half")
    ended = entries.result(complete(4), 9_000, 1_000)
    tags = {**ended.identity, "mlflow.parentRunId": str(runs.study)}
    half = MlflowClient(tracking_uri=uri).create_run(runs.experiment_id, 5, tags)
    MlflowClient(tracking_uri=uri).log_metric(half.info.run_id, "val_accuracy", 0.1, step=1)
    runs_of(uri, "half").trials.write([ended])
    seen = shown(uri, "half")
    assert seen.trials[4].info.run_id != half.info.run_id
    assert seen.curve(4, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.84)]


def test_the_mark_moves_with_the_best_trial_also_to_another_driver(uri: str) -> None:
    entries, study_id = entries_of("best"), "best"
    runs = runs_of(uri, study_id)
    runs.trials.write([entries.result(complete(number), 9_000, 1_000) for number in range(2)])
    runs.trials.mark("best", [1])
    runs = runs_of(uri, study_id)
    runs.trials.write([entries.result(complete(number), 9_000, 1_000) for number in range(3)])
    runs.trials.mark("best", [2])
    runs.trials.mark("pareto", [0, 2])
    runs.trials.mark("pareto", [1, 2])
    assert {n for n, run in shown(uri, study_id).trials.items() if "pareto" in run.data.tags} == {1, 2}
    assert [n for n, run in shown(uri, study_id).trials.items() if "best" in run.data.tags] == [2]
    with pytest.raises(KeyError):
        runs.trials.mark("best", [3])
