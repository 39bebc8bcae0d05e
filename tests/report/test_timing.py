"""When a study's drivers and its trials worked."""

from itertools import pairwise
from pathlib import Path

import pytest

from sparktune.ledger.events import Paused, Recorded, StudyEnded, StudyStarted
from sparktune.report import read_study
from sparktune.trial import TrialState
from tests.report.ledgers import START, STARTED, launched, result, write_ledger


def test_a_resumed_study_has_two_sessions(tmp_path: Path) -> None:
    first = [STARTED, *launched(0.0, 0), (5.0, Recorded(result(0, None, state=TrialState.KILLED), None))]
    second = [(1000.0, StudyStarted("val_accuracy", "maximize")), *launched(1000.0, 0, attempt=2)]
    end = [(1004.0, Recorded(result(0, 0.5, attempt=2), None)), (1005.0, StudyEnded("FINISHED"))]
    study = read_study(write_ledger(tmp_path, [*first, *second, *end]))
    assert [session.ended - session.started for session in study.sessions] == [5.0, 5.0]
    assert [study.elapsed(START + t) for t in (0, 4, 500, 1002, 2000)] == [0, 4, 5, 7, 10]
    trial = study.trial(0)
    assert [str(e.state) for e in trial.executions] == ["KILLED", "COMPLETE"]
    assert (trial.state, trial.attempts) == (TrialState.COMPLETE, 2)


def test_each_segment_of_a_trial_is_an_execution_of_its_own(tmp_path: Path) -> None:
    paused = result(0, None, 2.0, state=TrialState.PAUSED, history={"val_accuracy": [0.4]}, checkpoint="c1")
    events = [STARTED, *launched(0.0, 0), (2.5, Paused(0, paused)), *launched(2.6, 0, attempt=2)]
    under_way = read_study(write_ledger(tmp_path, events)).trial(0)
    assert [str(e.state) for e in under_way.executions] == ["PAUSED", "KILLED"]
    assert under_way.history == {"val_accuracy": [0.4]}
    study = read_study(write_ledger(tmp_path, [*events, (4.0, Recorded(result(0, 0.5, 3.0), None))]))
    times = [((e.started or 0) - START, (e.ended or 0) - START) for e in study.trial(0).executions]
    assert times == [pytest.approx((0.5, 2.5)), pytest.approx((3.0, 4.0))]
    assert study.trial(0).seconds == 3.0


def test_trials_of_one_job_ran_one_after_another(tmp_path: Path) -> None:
    done = [(7.0 + n / 100, Recorded(result(n, 0.5), None)) for n in range(3)]
    study = read_study(write_ledger(tmp_path, [STARTED, *launched(0.5, 0, 1, 2), *done]))
    times = [(t.executions[0].started or 0, t.executions[0].ended or 0) for t in study.trials]
    assert [round(begin - START, 2) for begin, _ in times] == [1.02, 3.02, 5.02]
    assert all(first[1] <= then[0] for first, then in pairwise(times))
