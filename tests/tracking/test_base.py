"""What a tracker must be able to do, and the one that shows nothing."""

import inspect

import pytest

from sparktune.summary import Objective
from sparktune.tracking import MlflowTracker, NullTracker, Tracker
from sparktune.trial import Trial
from tests.tracking.studies import complete, study_spec


def test_a_tracker_that_lacks_a_method_cannot_be_made() -> None:
    class Half(Tracker):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


@pytest.mark.parametrize("kind", [NullTracker, MlflowTracker])
@pytest.mark.parametrize("method", sorted(Tracker.__abstractmethods__ - {"ids"}))
def test_every_tracker_takes_the_same_arguments(kind: type[Tracker], method: str) -> None:
    assert inspect.signature(getattr(kind, method)) == inspect.signature(getattr(Tracker, method))


def test_a_tracker_that_shows_nothing_takes_all_and_is_done_at_once() -> None:
    tracker, spec = NullTracker(), study_spec("http://127.0.0.1:1")
    tracker.start(spec, "a", Objective("val_accuracy", "maximize"))
    tracker.launched(Trial("digits", 0, {}, 1))
    tracker.record(complete(0), ended_ms=5)
    tracker.finish("FAILED", None)
    assert (tracker.ids, tracker.wait(0.01), tracker.close()) == (None, None, True)
