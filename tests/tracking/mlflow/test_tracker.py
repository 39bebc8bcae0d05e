"""The tracker of a running study, over a real store and a real server."""

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import mlflow
import pytest

from sparktune.spec import load_spec
from sparktune.summary import DataSummary
from sparktune.tracking import MlflowTracker, NullTracker, check_tracking, sync
from sparktune.tracking.mlflow.text import run_name
from sparktune.trial import Trial, TrialState
from tests.tracking.servers import Door, Server, free_port
from tests.tracking.studies import OBJECTIVE, bundle_of, complete, shown, study_spec, summary_of, tracker_of

SIX = [complete(number) for number in range(6)]
PATIENT = 90.0


def until_written(tracker: MlflowTracker) -> None:
    """Wait until nothing is left to write."""
    deadline = time.monotonic() + PATIENT
    while (tracker._outbox._jobs or tracker._outbox._busy) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_study_is_shown_in_full(store: str, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("trial,value\n")
    tracker = tracker_of(study_spec(store), "whole")
    tracker.loaded(DataSummary("ab" * 32, {"train": 80, "validation": 20}))
    ended = [1_700_000_000_000 + 5_000 * n for n in range(6)]
    for result, at_ms in zip(SIX, ended, strict=True):
        tracker.record(result, at_ms)
    ids = tracker.wait(PATIENT)
    tracker.finish(
        "FINISHED", summary_of(SIX), {"tables/trials.csv": tmp_path / "table.csv", "note.txt": "well"}
    )
    tracker.exported(bundle_of(tmp_path))
    assert tracker.close(PATIENT)

    seen = shown(store, "whole")
    assert ids == {"experiment_id": seen.study.info.experiment_id, "run_id": seen.study.info.run_id}
    assert tracker.ids == {**ids, "model_uri": f"runs:/{ids['run_id']}/model"}
    (model,) = seen.client.search_logged_models([ids["experiment_id"]])
    assert (model.status, model.source_run_id) == ("READY", ids["run_id"])
    assert (seen.study.info.run_name, seen.study.info.status) == ("digits", "FINISHED")
    assert seen.study.data.metrics["best_value"] == 0.85
    assert seen.study.data.tags["sparktune.best.neurons"] == "16"
    assert seen.study.inputs.dataset_inputs[0].dataset.name == "digits"
    assert [n for n, run in seen.trials.items() if "best" in run.data.tags] == [5]
    page = f"#/experiments/{ids['experiment_id']}/runs/{seen.trials[5].info.run_id}?"
    assert page in seen.study.data.tags["mlflow.note.content"]
    points = seen.client.get_metric_history(ids["run_id"], "val_accuracy")
    assert [(p.step, p.value) for p in points] == [*enumerate(SIX[5].history["val_accuracy"], 1)]
    experiment = seen.client.get_experiment(ids["experiment_id"])
    assert "mlflow.sharedViewState.whole" in experiment.tags
    assert sorted(seen.trials) == list(range(6))
    for number, run in seen.trials.items():
        assert (run.info.run_name, run.info.status) == (run_name(number, SIX[number].params), "FINISHED")
        assert (run.info.start_time, run.info.end_time) == (ended[number] - 2_000, ended[number])
        assert run.data.params["neurons"] == str(SIX[number].params["neurons"])
        assert run.data.tags["sparktune.host"] == "executor-1"
        assert seen.curve(number, "val_accuracy") == list(enumerate(SIX[number].history["val_accuracy"], 1))
        assert seen.curve(number, "objective") == [(0, SIX[number].value)]
    folder = Path(seen.study.info.artifact_uri)
    assert folder.is_relative_to(tmp_path / "mlruns")
    assert {p.name for p in folder.iterdir()} == {"spec.yaml", "summary.json", "note.txt", "tables"}
    assert (folder / "tables" / "trials.csv").read_text() == "trial,value\n"
    assert load_spec(folder / "spec.yaml") == study_spec(store)


def test_nothing_else_in_the_process_notices(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    before, uri = dict(os.environ), mlflow.get_tracking_uri()
    tracker = tracker_of(study_spec(store), "quiet")
    tracker.record(SIX[0])
    tracker.finish("FINISHED", None)
    assert tracker.close(PATIENT)
    assert (mlflow.get_tracking_uri(), dict(os.environ)) == (uri, before)
    assert capfd.readouterr() == ("", "")


def test_importing_the_room_is_light() -> None:
    heavy = "{'mlflow', 'sqlalchemy', 'pandas', 'numpy'} & set(sys.modules)"
    code = f"import sys, sparktune.tracking; sys.exit(str({heavy}) if {heavy} else 0)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_trial_costs_one_create_one_batch_and_one_update(server: Server, door: Door) -> None:
    tracker = tracker_of(study_spec(door.uri), "counted")
    assert tracker.wait(PATIENT)
    tracker.record(SIX[0])
    tracker.record(SIX[1])
    assert tracker.close(PATIENT)
    calls = [line.split()[1].split("/mlflow/")[1] for line in door.requests if "/mlflow/" in line]
    first = max(i for i, call in enumerate(calls) if call.startswith("runs/search"))
    trials = calls[calls.index("runs/create", first) + 1 :]
    trials = trials[trials.index("runs/create") :]
    assert sorted(trials) == ["runs/create"] * 2 + ["runs/log-batch"] * 2 + ["runs/update"] * 2
    assert len(shown(server.uri, "counted").trials) == 2


def test_a_running_trial_is_seen_and_one_never_recorded_ends_as_killed(store: str) -> None:
    tracker = tracker_of(study_spec(store), "running")
    tracker.launched(Trial("digits", 0, {}, 1), 1_700_000_000_000)
    tracker.launched(Trial("digits", 1, {}, 1), 1_700_000_000_000)
    assert tracker.wait(PATIENT)
    deadline = time.monotonic() + PATIENT
    while len(shown(store, "running").trials) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert {r.info.status for r in shown(store, "running").trials.values()} == {"RUNNING"}
    tracker.record(SIX[0], 1_700_000_003_000)
    tracker.finish("KILLED", None)
    assert tracker.close(PATIENT)
    seen = shown(store, "running")
    assert [seen.trials[n].info.status for n in (0, 1)] == ["FINISHED", "KILLED"]
    assert seen.trials[0].info.end_time - seen.trials[0].info.start_time == 3_000
    assert (seen.study.info.status, seen.trials[1].data.tags["sparktune.state"]) == ("KILLED", "KILLED")


def test_a_resumed_study_continues_its_runs_and_replaces_what_was_killed(store: str) -> None:
    killed = complete(2, state=TrialState.KILLED, value=None, epoch=None, history={"val_accuracy": [0.4]})
    tracker = tracker_of(study_spec(store), "resumed")
    for result in [*SIX[:2], killed]:
        tracker.record(result)
    tracker.launched(Trial("digits", 3, {}, 1))
    tracker.finish("KILLED", summary_of(SIX[:2]))
    assert tracker.close(PATIENT)
    before = shown(store, "resumed")

    tracker = tracker_of(study_spec(store), "resumed")
    assert tracker.wait(PATIENT)
    assert shown(store, "resumed").study.info.status == "RUNNING"
    for result in SIX:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(SIX))
    assert tracker.close(PATIENT)

    seen = shown(store, "resumed")
    assert seen.study.info.run_id == before.study.info.run_id
    assert (seen.study.info.status, seen.study.data.metrics["best_value"]) == ("FINISHED", 0.85)
    assert {r.info.status for r in seen.trials.values()} == {"FINISHED"}
    assert [seen.trials[n].info.run_id == before.trials[n].info.run_id for n in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert seen.trials[0].to_dictionary() == before.trials[0].to_dictionary()
    assert seen.curve(2, "val_accuracy") == list(enumerate(SIX[2].history["val_accuracy"], 1))


def test_a_finished_study_that_is_run_again_keeps_the_time_of_its_end(store: str) -> None:
    ends = []
    for count in (2, 2, 3):
        tracker = tracker_of(study_spec(store), "again")
        for number, result in enumerate(SIX[:count]):
            tracker.record(result, 1_700_000_000_000 + 5_000 * number)
        tracker.finish("FINISHED", summary_of(SIX[:count]))
        assert tracker.close(PATIENT)
        run = shown(store, "again").study
        assert run.info.status == "FINISHED"
        ends.append(run.info.end_time)
    assert ends[0] == ends[1] < ends[2]


def test_a_trial_that_was_killed_and_trained_again_is_shown_once(store: str, server: Server) -> None:
    killed = complete(0, state=TrialState.KILLED, value=None, epoch=None, history={"val_accuracy": [0.4]})
    for uri in (store, server.uri):
        tracker = tracker_of(study_spec(uri), "again")
        assert tracker.wait(PATIENT)
        tracker.record(killed, 5_000)
        until_written(tracker)
        tracker.launched(Trial("digits", 0, {}, 1), 6_000)
        until_written(tracker)
        tracker.record(complete(0, attempt=2), 9_000)
        assert tracker.close(PATIENT)
        seen = shown(uri, "again").trials[0]
        assert (seen.info.status, seen.info.start_time, seen.info.end_time) == ("FINISHED", 6_000, 9_000)
        assert seen.data.tags["sparktune.attempt"] == "2"


@pytest.mark.fault("MLflow is down: the study loses nothing")
def test_a_server_that_is_down_costs_the_study_nothing(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_of(study_spec(f"http://127.0.0.1:{free_port()}"), "down")
    started = time.monotonic()
    for result in SIX:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(SIX))
    assert time.monotonic() - started < 0.5
    assert not tracker.close(30)
    assert tracker.ids is None
    (warning,) = [r.getMessage() for r in caplog.records if r.name == "sparktune.tracking"]
    assert "sparktune sync somewhere/digits" in warning


@pytest.mark.fault("MLflow hangs, or stops answering at some request: sync completes it")
def test_a_server_that_hangs_is_left_after_the_timeout(
    hanging: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    tracker = tracker_of(study_spec(hanging), "hangs")
    for result in SIX:
        tracker.record(result)
    started = time.monotonic()
    assert not tracker.close(1.0)
    assert time.monotonic() - started < 4
    assert caplog.text.count("sparktune sync somewhere/digits") == 1


@pytest.mark.fault("MLflow hangs, or stops answering at some request: sync completes it")
@pytest.mark.parametrize("answered", [1, 4, 19, 24])
def test_a_server_that_stops_answering_is_left_soon_and_sync_completes_it(
    answered: int,
    server: Server,
    door: Door,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in ("PATIENCE_S", "STALL_S"):
        monkeypatch.setattr(f"sparktune.tracking.outbox.{limit}", 1.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    study_id, bundle, two = f"stops after {answered}", bundle_of(tmp_path), SIX[:2]
    held_at: list[float] = []

    def holds(line: str) -> bool:
        if len(door.requests) > answered:
            held_at.append(time.monotonic())
        return len(door.requests) > answered

    door.holds = holds
    spec = study_spec(door.uri, tracking={"uri": door.uri, "experiment": study_id})
    tracker = tracker_of(spec, study_id)
    for result in two:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(two))
    tracker.exported(bundle)
    called_at = time.monotonic()
    assert not tracker.close(PATIENT)
    assert time.monotonic() - max([called_at, *held_at[:1]]) < 20
    assert caplog.text.count("could not be written (timed out)") == 1
    assert caplog.text.count("sparktune sync somewhere/digits") == 1

    # The driver has ended, and requests that are answered may take as long as a busy machine needs.
    tracker._outbox._thread.join(PATIENT)
    assert not tracker._outbox._thread.is_alive()
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
    door.holds = lambda line: False
    arguments = (spec, study_id, two, "FINISHED", summary_of(two), OBJECTIVE)
    ids = sync(*arguments, bundle=bundle)
    assert sync(*arguments, bundle=bundle) == ids
    seen = shown(server.uri, study_id, study_id)
    assert [r.info.status for r in (seen.study, *seen.trials.values())] == ["FINISHED"] * 3
    (model,) = seen.client.search_logged_models([ids["experiment_id"]])
    assert (model.status, model.source_run_id) == ("READY", ids["run_id"])
    assert [m.model_id for m in seen.study.outputs.model_outputs] == [model.model_id]


@pytest.mark.fault("MLflow answers many requests by 500 or 429")
@pytest.mark.parametrize(
    ("whole_jobs", "by"),
    [(False, "fails"), (True, "refuses")],
    ids=["a third of all by 500", "a trial's first requests by 429"],
)
def test_a_server_that_often_fails_shows_all_trials_in_the_end(
    server: Server, door: Door, whole_jobs: bool, by: str
) -> None:
    numbers, lock = itertools.count(), threading.Lock()

    def fails(request: str) -> bool:
        with lock:
            number = next(numbers)
        return number < 40 and "log-batch" in request if whole_jobs else number % 3 == 2

    setattr(door, by, fails)
    study_id = f"failing-{whole_jobs}"
    check_tracking(study_spec(door.uri))
    tracker = tracker_of(study_spec(door.uri), study_id)
    results = [complete(number) for number in range(6)]
    for result in results:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(results))
    assert tracker.close(PATIENT)
    seen = shown(server.uri, study_id)
    assert [seen.trials[n].info.status for n in range(6)] == ["FINISHED"] * 6
    assert seen.study.info.status == "FINISHED"
    assert seen.curve(5, "val_accuracy") == [(1, 0.5), (2, 0.7), (3, 0.85)]


@pytest.mark.fault("MLflow's replies are lost: no second run")
def test_a_lost_reply_leaves_no_second_run(server: Server, door: Door) -> None:
    lost: list[str] = []

    def first_two_creates(line: str) -> bool:
        if "runs/create" in line and len(lost) < 2:
            lost.append(line)
            return True
        return False

    door.drops = first_two_creates
    tracker = tracker_of(study_spec(door.uri), "lost reply")
    assert tracker.wait(PATIENT)
    for result in SIX[:3]:
        tracker.record(result)
    tracker.finish("FINISHED", summary_of(SIX[:3]))
    assert tracker.close(PATIENT)
    seen = shown(server.uri, "lost reply")
    assert len(lost) == 2
    assert {n: r.info.status for n, r in seen.trials.items()} == dict.fromkeys(range(3), "FINISHED")
    assert seen.curve(0, "val_accuracy") == list(enumerate(SIX[0].history["val_accuracy"], 1))


@pytest.mark.fault("MLflow's server is SIGKILLed in the middle: sync completes it")
def test_a_server_killed_in_the_middle_is_completed_by_sync(server: Server) -> None:
    spec = study_spec(server.uri)
    tracker = tracker_of(spec, "cut")
    for result in SIX[:3]:
        tracker.record(result)
    tracker.launched(Trial("digits", 3, {}, 1))
    deadline = time.monotonic() + PATIENT
    while time.monotonic() < deadline and (not tracker.ids or 3 not in shown(server.uri, "cut").trials):
        time.sleep(0.2)
    server.kill()
    try:
        for result in SIX[3:]:
            tracker.record(result)
        tracker.finish("FINISHED", summary_of(SIX))
        assert not tracker.close(10)
    finally:
        server.start()
    assert shown(server.uri, "cut").study.info.status == "RUNNING"

    ids = sync(spec, "cut", SIX, "FINISHED", summary_of(SIX), OBJECTIVE)
    seen = shown(server.uri, "cut")
    assert ids["run_id"] == seen.study.info.run_id
    assert (seen.study.info.status, len(seen.trials)) == ("FINISHED", 6)
    for number in range(6):
        assert seen.trials[number].info.status == "FINISHED"
        assert seen.curve(number, "val_loss") == list(enumerate(SIX[number].history["val_loss"], 1))
    listed = {a.path for a in seen.client.list_artifacts(seen.study.info.run_id)}
    assert listed == {"spec.yaml", "summary.json"}


def test_an_offline_study_shows_nothing(tmp_path: Path) -> None:
    tracker = NullTracker()
    tracker.start(study_spec("sqlite:///unused.db"), "1f2e", OBJECTIVE)
    tracker.launched(Trial("digits", 0, {}, 1))
    tracker.record(SIX[0])
    tracker.finish("FINISHED", None)
    tracker.exported(bundle_of(tmp_path))
    assert (tracker.ids, tracker.wait(1), tracker.close(1)) == (None, None, True)
