"""What every tracker promises, as tests; a subclass gives the fixture `new`, which makes a tracker."""

import inspect
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sparktune.spec import StudySpec
from sparktune.tracking import Tracker
from sparktune.trial import Trial, TrialState
from tests.tracking.studies import OBJECTIVE, bundle_of, complete, study_spec, summary_of

PATIENT = 90.0
SIX = [complete(number) for number in range(6)]
New = Callable[[], Tracker]


class TrackerContract:
    @pytest.fixture
    def spec(self, store: str) -> StudySpec:
        """A study whose store is there."""
        return study_spec(store)

    def test_its_methods_take_what_the_study_gives(self, new: New) -> None:
        for name in Tracker.__abstractmethods__ - {"ids"}:
            promised, own = (inspect.signature(getattr(c, name)) for c in (Tracker, type(new())))
            assert [*own.parameters.values()] == [
                p.replace(annotation=own.parameters[p.name].annotation) for p in promised.parameters.values()
            ]

    def test_it_takes_a_whole_study_at_once_and_has_written_it_when_it_is_closed(
        self, new: New, spec: StudySpec, tmp_path: Path
    ) -> None:
        tracker = new()
        tracker.check(spec)
        bundle = bundle_of(tmp_path)
        began = time.thread_time()
        tracker.start(spec, "whole", OBJECTIVE)
        for result in SIX:
            tracker.launched(Trial("digits", result.trial, result.params, 1))
            tracker.record(result)
        tracker.finish("FINISHED", summary_of(SIX), {"note.txt": "well"})
        tracker.exported(bundle)
        assert time.thread_time() - began < 1  # what takes longer belongs into another thread
        assert tracker.close(PATIENT) is True
        assert tracker.close(PATIENT) is True
        assert tracker.ids is None or {"experiment_id", "run_id"} <= set(tracker.ids)

    def test_a_resumed_study_records_what_is_shown_already(self, new: New, spec: StudySpec) -> None:
        ids = []
        for results in (SIX[:2], SIX[:4]):
            tracker = new()
            tracker.start(spec, "resumed", OBJECTIVE)
            for result in results:
                tracker.record(result, 1_700_000_000_000)
            tracker.finish("FINISHED", summary_of(results))
            assert tracker.close(PATIENT) is True
            ids.append(tracker.ids)
        assert ids[0] == ids[1]

    def test_every_end_of_a_trial_and_of_a_study_can_be_shown(self, new: New, spec: StudySpec) -> None:
        tracker = new()
        tracker.start(spec, "ends", OBJECTIVE)
        states = [state for state in TrialState if state is not TrialState.RUNNING]
        for number, state in enumerate(states):
            tracker.record(complete(number, state=state, value=None, epoch=None, history={}, error="why"))
        tracker.finish("KILLED", None)
        assert tracker.wait(PATIENT) == tracker.ids
        assert tracker.close(PATIENT) is True
