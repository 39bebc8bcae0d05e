"""What a tracker must be able to do, and the one that shows nothing."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from sparktune.summary import Objective
from sparktune.tracking import MlflowTracker, NullTracker, Tracker
from sparktune.trial import Trial
from tests.tracking.contract import TrackerContract
from tests.tracking.studies import complete, study_spec

LINES = """
import sparktune

class Lines(sparktune.Tracker):
    ids = None
    def start(self, spec, study_id, objective):
        self.lines = [study_id]
    def launched(self, trial, at_ms=None):
        self.lines.append(trial.number)
    def record(self, result, ended_ms=None):
        self.lines.append(result.state)
    def finish(self, status, summary, artifacts=None):
        self.lines.append(status)
    def exported(self, bundle):
        self.lines.append(bundle.path)
    def wait(self, timeout_s):
        return None
    def close(self, timeout_s=10.0):
        return True
"""


class TestNull(TrackerContract):
    @pytest.fixture
    def new(self) -> Callable[[], Tracker]:
        return NullTracker


class TestMlflow(TrackerContract):
    @pytest.fixture
    def new(self) -> Callable[[], Tracker]:
        return MlflowTracker


class TestOfAnotherPackage(TrackerContract):
    @pytest.fixture
    def new(self, install: Callable[..., Path]) -> Callable[[], Tracker]:
        install("lines_of_others", LINES, {})
        made: Callable[[], Tracker] = import_module("lines_of_others").Lines
        return made


def test_a_tracker_that_lacks_a_method_cannot_be_made() -> None:
    class Half(Tracker):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


def test_a_tracker_that_shows_nothing_takes_all_and_is_done_at_once() -> None:
    tracker, spec = NullTracker(), study_spec("http://127.0.0.1:1")
    tracker.start(spec, "a", Objective("val_accuracy", "maximize"))
    tracker.launched(Trial("digits", 0, {}, 1))
    tracker.record(complete(0), ended_ms=5)
    tracker.finish("FAILED", None)
    assert (tracker.ids, tracker.wait(0.01), tracker.close()) == (None, None, True)
