import json
import os
import signal
import time
from dataclasses import replace

import pytest
from studies import document

from sparktune.errors import (
    BundleError,
    LaunchError,
    SparktuneError,
    StudyDirectoryError,
    StudyFailed,
    StudyInterrupted,
)
from sparktune.ledger import Ledger, StudyEnded
from sparktune.signals import ended_by_signals
from sparktune.spec import parse_spec
from sparktune.study import conclusion
from sparktune.study.conclusion import (
    DRAIN_SECONDS,
    DRAIN_SECONDS_INTERRUPTED,
    Ending,
    conclude,
    write_hparams_if_possible,
)
from sparktune.study.stop import Stop
from sparktune.summary import Objective
from sparktune.tracking import Tracker
from sparktune.trial import TrialResult, TrialState
from tests.report.ledgers import write_ledger

OBJECTIVE = Objective("val_accuracy", "maximize")
GOOD = TrialResult(0, {"neurons": 2}, TrialState.COMPLETE, 0.5, 1)
BAD = TrialResult(1, {"neurons": 4}, TrialState.FAILED, error="ValueError: no")
KILLED = TrialResult(2, {"neurons": 2}, TrialState.KILLED, error="cancelled")


class Seen(Tracker):
    """What a tracker is given at the end of a study."""

    ids = None

    def __init__(self):
        self.finished, self.seconds = [], []

    def start(self, spec, study_id, objective):
        pass

    def launched(self, trial, at_ms=None):
        pass

    def record(self, result, ended_ms=None):
        pass

    def finish(self, status, summary, artifacts=None):
        self.finished.append((status, summary.states))

    def exported(self, bundle):
        pass

    def wait(self, timeout_s):
        return None

    def close(self, timeout_s=10.0):
        self.seconds.append(timeout_s)
        self.ids = {"run_id": "1f2e"}  # known only now
        return True


@pytest.fixture
def end(tmp_path):
    """Concludes a study with the given results; its ledger is read again after it."""
    search = {**document(tmp_path)["search"], "budget": {"epochs": 4, "patience": 1}}
    spec = parse_spec(document(tmp_path, search=search))

    def run(results, *stopped, failures=()):
        tracker = Seen()
        with Ledger.open(tmp_path / "small", spec, "0" * 64, OBJECTIVE.direction) as ledger:
            for result in results:
                ledger.record(result)
            try:
                ending = Ending(time.monotonic(), *stopped, failures=[*failures])
                return tracker, conclude(spec, OBJECTIVE, ledger, tracker, ending, Stop())
            except SparktuneError as error:
                return tracker, error

    return run


def test_a_best_trial_whose_model_is_lost_stays_in_the_outcome(end, tmp_path):
    _, first = end([GOOD, replace(GOOD, trial=1, value=0.4)])  # without a model, as after its loss
    for _ in range(2):
        _, again = end([], "patience")
        assert again.summary["best"] == first.summary["best"]
        assert again.summary["states"] == {"COMPLETE": 2}
        assert sorted(again.trials["value"]) == [0.4, 0.5]


def noted(tmp_path):
    return Ledger.read(tmp_path / "small").last(StudyEnded)


def test_the_outcome_is_written_with_what_the_tracker_shows_at_last(end, tmp_path):
    tracker, result = end([GOOD, BAD])
    summary = json.loads((tmp_path / "small/summary.json").read_text())
    assert summary == result.summary
    assert (summary["mlflow"], summary["best"]["trial"]) == ({"run_id": "1f2e"}, 0)
    assert tracker.finished == [("FINISHED", {"COMPLETE": 1, "FAILED": 1})]
    assert tracker.seconds == [DRAIN_SECONDS]
    assert noted(tmp_path).state == "FINISHED"


@pytest.mark.parametrize(("failure", "status"), [(BundleError("b"), "FAILED"), (LaunchError("c"), "KILLED")])
def test_a_failure_is_raised_when_all_is_written(end, tmp_path, failure, status):
    tracker, error = end([GOOD], failures=[failure])
    assert error is failure
    assert tracker.finished[0][0] == noted(tmp_path).state == status
    assert tracker.seconds == [DRAIN_SECONDS_INTERRUPTED]
    assert (tmp_path / "small/summary.json").exists()


@pytest.mark.fault("SIGTERM, then SIGHUP, while the outcome is written: ledger and tracker have the end")
@pytest.mark.parametrize("step", ["trial_table", "write_outcome", "write_final_report", "close"])
def test_a_signal_keeps_nothing_from_being_written(end, tmp_path, monkeypatch, step):
    place = Seen if step == "close" else conclusion
    real = getattr(place, step)

    def signalled(*arguments):
        monkeypatch.setattr(place, step, real)
        for number in (signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
            time.sleep(0.01)
        return real(*arguments)

    monkeypatch.setattr(place, step, signalled)
    with ended_by_signals():
        tracker, error = end([GOOD])
    assert isinstance(error, StudyInterrupted)
    assert noted(tmp_path).state == tracker.finished[0][0] == "FINISHED"
    assert tracker.seconds == ([] if step == "close" else [DRAIN_SECONDS_INTERRUPTED])
    assert json.loads((tmp_path / "small/summary.json").read_text())["best"]["trial"] == 0


def test_what_cannot_be_written_keeps_nothing_else_from_being_written(end, tmp_path):
    end([])
    (tmp_path / "small/trials.csv").unlink(missing_ok=True)
    (tmp_path / "small/trials.csv").mkdir()
    tracker, error = end([GOOD])
    assert isinstance(error, StudyDirectoryError)
    assert "the outcome of the study cannot be written" in str(error)
    assert noted(tmp_path).state == tracker.finished[0][0] == "FINISHED"


@pytest.mark.parametrize(
    ("results", "stopped", "kind", "sentence"),
    [
        ([GOOD], "interrupt", StudyInterrupted, "study small was interrupted"),
        ([], "timeout", StudyFailed, "the timeout passed before a trial of study small ended"),
        ([BAD], None, StudyFailed, "{'FAILED': 1}; first error: ValueError: no; see"),
        ([], None, StudyFailed, "first error: no trial was run"),
        ([KILLED, BAD], None, StudyFailed, "first error: ValueError: no; see"),
        ([KILLED], "epochs", StudyFailed, "raise search.budget.epochs: the same command then goes on"),
        (
            [BAD],
            "patience",
            StudyFailed,
            "search.budget.patience 1 was used up before a trial of study small",
        ),
        ([BAD], "patience", StudyFailed, "first error: ValueError: no; see"),
    ],
)
def test_a_study_without_a_best_trial_is_not_called_done(end, tmp_path, results, stopped, kind, sentence):
    _, error = end(results, stopped)
    assert isinstance(error, kind)
    assert sentence in str(error)
    assert json.loads((tmp_path / "small/summary.json").read_text())["stopped"] == stopped


def test_the_report_lies_in_the_study_directory(end, tmp_path):
    end([GOOD, BAD])
    assert "best val_accuracy, trial 0" in (tmp_path / "small" / "report.html").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_a_warning(end, tmp_path, caplog):
    (tmp_path / "small").mkdir()
    with Ledger.open(tmp_path / "small", parse_spec(document(tmp_path)), "0" * 64, "maximize"):
        (tmp_path / "small" / "report.html").mkdir()
    _, result = end([GOOD])
    assert result.best.value == 0.5
    assert "the report could not be written" in caplog.text


def test_tensorboard_gets_the_parameters_of_a_study_that_writes_its_events(tmp_path, caplog):
    spec = parse_spec(document(tmp_path, training={"callbacks": [{"kind": "tensorboard"}]}))
    write_hparams_if_possible(spec, write_ledger(tmp_path / "small", []))
    assert len(list((tmp_path / "studies" / "small" / "tensorboard").glob("events.*"))) == 1
    write_hparams_if_possible(spec, tmp_path)
    assert "TensorBoard shows no HParams of this study" in caplog.text


def test_an_error_that_no_file_can_hold_keeps_the_study_from_no_end(end, tmp_path):
    odd = TrialResult(1, {"neurons": 4}, TrialState.FAILED, error="OSError: no such file: 'a\udcff'")
    tracker, _ = end([GOOD, odd])
    assert tracker.finished[0][0] == noted(tmp_path).state == "FINISHED"
    assert r"no such file: 'a\udcff'" in (tmp_path / "small/trials.csv").read_text()
    assert Ledger.read(tmp_path / "small").results[1].error == r"OSError: no such file: 'a\udcff'"
    assert r"no such file: &#x27;a\udcff&#x27;" in (tmp_path / "small/report.html").read_text()
