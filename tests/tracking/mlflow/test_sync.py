"""MLflow rebuilt from results."""

import math
import time

import pytest
from mlflow import MlflowClient

from sparktune.errors import TrackingError
from sparktune.tracking import sync
from sparktune.tracking.mlflow.entries import StudyEntries
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.trial import Trial, TrialResult, TrialState
from tests.tracking.servers import free_port
from tests.tracking.studies import OBJECTIVE, complete, shown, study_spec, summary_of, tracker_of

ENDED = {n: 1_700_000_000_000 + 3_000 * n for n in range(6)}
MIXED = [
    complete(0),
    complete(1),
    complete(2, state=TrialState.FAILED, value=None, epoch=None, history={}, error="ValueError: no"),
    complete(3, state=TrialState.DIVERGED, value=None, epoch=None, history={"loss": [1.0, math.nan]}),
    complete(4, state=TrialState.KILLED, value=None, epoch=None, history={}),
    complete(5, attempt=2),
]


def synced(uri: str, study_id: str, results: list[TrialResult] = MIXED) -> dict[str, str]:
    summary = summary_of(results)
    return sync(study_spec(uri), study_id, results, "FINISHED", summary, OBJECTIVE, ended_ms=ENDED)


def test_a_study_that_was_never_shown_is_shown_in_full(store: str) -> None:
    ids = synced(store, "offline")
    seen = shown(store, "offline")
    assert ids == {"experiment_id": seen.study.info.experiment_id, "run_id": seen.study.info.run_id}
    states = ["FINISHED", "FINISHED", "FAILED", "FAILED", "KILLED", "FINISHED"]
    assert [seen.trials[n].info.status for n in range(6)] == states
    assert [seen.trials[n].info.end_time for n in range(6)] == list(ENDED.values())
    assert (seen.study.info.status, seen.study.info.start_time) == ("FINISHED", ENDED[0] - 2_000)
    assert seen.study.info.end_time == ENDED[5]
    assert seen.curve(3, "loss") == [(1, 1.0)]
    assert seen.trials[5].data.tags["sparktune.attempt"] == "2"


def test_syncing_twice_changes_nothing(store: str) -> None:
    synced(store, "twice")
    first = shown(store, "twice")
    synced(store, "twice")
    second = shown(store, "twice")
    assert second.study.to_dictionary() == first.study.to_dictionary()
    assert {n: r.to_dictionary() for n, r in second.trials.items()} == {
        n: r.to_dictionary() for n, r in first.trials.items()
    }
    assert second.curve(0, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.8)]
    history = second.client.get_metric_history(second.study.info.run_id, "best_value")
    assert [p.value for p in history] == [0.85]


def test_what_a_live_tracker_has_shown_is_left_alone(store: str) -> None:
    tracker = tracker_of(study_spec(store), "live")
    for result in MIXED:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(MIXED))
    assert tracker.close(90)
    before = shown(store, "live")
    synced(store, "live")
    after = shown(store, "live")
    assert {n: r.info.run_id for n, r in after.trials.items()} == {
        n: r.info.run_id for n, r in before.trials.items()
    }
    assert after.study.info.end_time == before.study.info.end_time
    history = after.client.get_metric_history(after.study.info.run_id, "best_value")
    assert [p.value for p in history] == [0.85]


def test_extras_and_half_written_runs_are_replaced(store: str) -> None:
    ids = synced(store, "messy", MIXED[:2])
    client = MlflowClient(tracking_uri=store)
    written = shown(store, "messy").trials[0].data.tags
    tags = {k: v for k, v in written.items() if k != "mlflow.runName"}
    twin = client.create_run(ids["experiment_id"], 5, tags, "trial-0000")
    half = client.create_run(ids["experiment_id"], 5, {**tags, "sparktune.trial": "1"}, "trial-0001")
    study = {k: v for k, v in tags.items() if k not in ("sparktune.trial", "mlflow.parentRunId")}
    parent = client.create_run(ids["experiment_id"], 5, study, "digits")
    client.log_metric(half.info.run_id, "val_accuracy", 0.1, step=1)
    assert synced(store, "messy", MIXED[:2]) == ids
    seen = shown(store, "messy")
    assert sorted(seen.trials) == [0, 1]
    assert seen.curve(1, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.81)]
    stages = {client.get_run(r.info.run_id).info.lifecycle_stage for r in (twin, half, parent)}
    assert stages == {"deleted"}


def test_a_trial_that_was_changed_is_written_anew(store: str) -> None:
    synced(store, "changed", MIXED[:2])
    history = {"val_accuracy": [0.5, 0.7, 0.99]}
    synced(store, "changed", [MIXED[0], complete(1, value=0.99, history=history)])
    seen = shown(store, "changed")
    assert seen.curve(1, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.99)]
    assert seen.study.data.metrics["best_value"] == 0.99


def test_a_trial_whose_result_is_gone_is_no_longer_shown(store: str) -> None:
    entries = StudyEntries(study_spec(store), "gone", OBJECTIVE)
    paused = complete(3, state=TrialState.PAUSED, value=None, epoch=None)
    synced(store, "neighbour", MIXED[:2])
    synced(store, "gone", [*MIXED[:2], paused])
    runs = StudyRuns(store, "lessons", "gone")
    runs.write_study(entries.study(1_000), reopen=False)
    runs.trials.write([entries.launch(Trial("digits", 2, {}, 1), 1_000)])
    for _ in range(2):
        synced(store, "gone", MIXED[:1])
        states = {n: r.info.status for n, r in shown(store, "gone").trials.items()}
        assert states == {0: "FINISHED", 2: "KILLED", 3: "SCHEDULED"}
    assert sorted(shown(store, "neighbour").trials) == [0, 1]


def test_a_long_history_is_written_in_parts(store: str) -> None:
    curves = {f"metric_{m}": [math.sin(e + m) for e in range(700)] for m in range(3)}
    params = {f"p{n}": n for n in range(230)}
    synced(store, "long", [complete(0, history=curves, params=params)])
    seen = shown(store, "long")
    assert seen.curve(0, "metric_2") == list(enumerate(curves["metric_2"], 1))
    assert len(seen.trials[0].data.params) == 233
    synced(store, "long", [complete(0, history=curves, params=params)])
    assert shown(store, "long").trials[0].info.run_id == seen.trials[0].info.run_id


def test_a_deleted_experiment_is_restored(store: str) -> None:
    ids = synced(store, "deleted", MIXED[:1])
    MlflowClient(tracking_uri=store).delete_experiment(ids["experiment_id"])
    assert synced(store, "deleted", MIXED[:1])["experiment_id"] == ids["experiment_id"]
    assert len(shown(store, "deleted").trials) == 1


def test_a_server_that_is_down_is_refused_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(TrackingError, match="does not answer"):
        synced(f"http://127.0.0.1:{free_port()}", "down")
    assert time.monotonic() - started < 3
