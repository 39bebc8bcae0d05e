"""Segments under way: attempts, losses, cancelling."""

import json
import threading
from collections.abc import Sequence

import pytest

from sparktune.errors import LaunchError
from sparktune.launch.payload import ATTEMPTS, EncodedResult, encode_result
from sparktune.launch.pending import (
    LAUNCHES,
    Cancelled,
    PendingSegment,
    PendingSegments,
    WorkerLost,
    run_pending,
)
from sparktune.trial import Segment, Trial, TrialResult, TrialState


def segment(number: int = 0) -> Segment:
    return Segment(Trial("pending", number, {}, seed=1))


def pending(count: int = 1) -> list[PendingSegment]:
    return PendingSegments().add([segment(number) for number in range(count)])


def complete(segment: Segment) -> EncodedResult:
    trial = segment.trial
    return encode_result(TrialResult(trial.number, trial.params, TrialState.COMPLETE, 1.0), trial)


def results(entries: Sequence[PendingSegment]) -> list[TrialResult]:
    return [entry.future.result(1) for entry in entries]


def test_each_segment_gets_its_own_result() -> None:
    entries = pending(3)
    run_pending(entries, lambda segments: [complete(one) for one in segments])
    assert [(r.trial, r.state, r.attempt) for r in results(entries)] == [
        (n, TrialState.COMPLETE, 1) for n in range(3)
    ]


def test_results_that_come_in_parts_are_asked_for_until_all_are_there() -> None:
    asked: list[int] = []

    def two_at_most(segments: Sequence[Segment]) -> list[EncodedResult]:
        asked.append(len(segments))
        return [complete(one) for one in segments[:2]]

    entries = pending(5)
    run_pending(entries, two_at_most)
    assert asked == [5, 3, 1]
    assert [r.trial for r in results(entries)] == list(range(5))


def test_a_lost_worker_costs_one_attempt_and_each_goes_on_alone() -> None:
    asked: list[list[int]] = []

    def lost_at_first(segments: Sequence[Segment]) -> list[EncodedResult]:
        asked.append([one.trial.number for one in segments])
        if len(segments) > 1:
            raise WorkerLost("killed by SIGKILL")
        return [complete(one) for one in segments]

    entries = pending(2)
    run_pending(entries, lost_at_first)
    assert asked == [[0, 1], [0], [1]]
    assert [(r.attempt, r.notes.lost) for r in results(entries)] == [(2, "killed by SIGKILL")] * 2


@pytest.mark.parametrize("times", [1, 2, 5])
def test_attempts_run_out_and_the_last_one_is_told(times: int) -> None:
    def lost(segments: Sequence[Segment]) -> list[EncodedResult]:
        raise WorkerLost("exited with code 3", times)

    entries = pending()
    run_pending(entries, lost)
    (result,) = results(entries)
    assert (result.state, result.error) == (TrialState.FAILED, "exited with code 3")
    assert result.attempt == -(-ATTEMPTS // times) * times


def test_executors_that_are_lost_cost_no_attempt_and_make_no_trial_final() -> None:
    launches: list[int] = []

    def lost(segments: Sequence[Segment]) -> list[EncodedResult]:
        launches.append(segments[0].trial.attempt)
        raise WorkerLost("the executor was killed", 4, blameless=4)

    entries = pending()
    run_pending(entries, lost)
    (result,) = results(entries)
    assert result.state is TrialState.KILLED
    assert "run the same command again" in (result.error or "")
    assert launches == [1 + 4 * launch for launch in range(LAUNCHES)]


def test_its_own_attempts_alone_make_a_trial_final() -> None:
    ends = iter([WorkerLost("a", 4, blameless=4), WorkerLost("b", 4, blameless=2), WorkerLost("exited", 1)])

    def lost(segments: Sequence[Segment]) -> list[EncodedResult]:
        raise next(ends)

    entries = pending()
    run_pending(entries, lost)
    (result,) = results(entries)
    assert (result.state, result.attempt, result.error) == (TrialState.FAILED, 9, "exited")


def test_a_cancelled_segment_is_killed_and_loses_no_attempt() -> None:
    entries = pending()

    def cancelled_meanwhile(segments: Sequence[Segment]) -> list[EncodedResult]:
        entries[0].cancelled.set()
        raise WorkerLost("killed by SIGKILL")

    run_pending(entries, cancelled_meanwhile)
    (result,) = results(entries)
    assert (result.state, result.attempt) == (TrialState.KILLED, 1)


def test_others_may_cancel_too() -> None:
    entries = pending(2)

    def cancelled(segments: Sequence[Segment]) -> list[EncodedResult]:
        raise Cancelled("by somebody else")

    run_pending(entries, cancelled)
    assert {r.state for r in results(entries)} == {TrialState.KILLED}


@pytest.mark.parametrize("error", [LaunchError("the cluster is gone"), ValueError("odd")])
def test_what_is_no_fault_of_a_trial_is_a_launch_error(error: Exception) -> None:
    entries = pending(2)

    def gone(segments: Sequence[Segment]) -> list[EncodedResult]:
        raise error

    run_pending(entries, gone)
    for entry in entries:
        with pytest.raises(LaunchError, match=str(error)):
            entry.future.result(1)


def test_a_result_that_cannot_be_read_is_a_launch_error() -> None:
    entries = pending()
    run_pending(entries, lambda segments: [(json.dumps({"trial": 0}), None)])
    with pytest.raises(LaunchError, match="trials cannot be run"):
        entries[0].future.result(1)


def test_cancel_kills_again_until_all_is_down() -> None:
    all_pending = PendingSegments()
    (entry,) = all_pending.add([segment()])
    kills: list[int] = []
    enough = threading.Event()

    def kill() -> None:
        kills.append(1)
        if len(kills) == 3:
            enough.set()

    def stubborn(segments: Sequence[Segment]) -> list[EncodedResult]:
        enough.wait(10)
        raise WorkerLost("killed by SIGKILL")

    runner = threading.Thread(target=run_pending, args=([entry], stubborn))
    runner.start()
    all_pending.cancel(kill)
    runner.join()
    assert len(kills) >= 3
    assert entry.future.result(1).state is TrialState.KILLED


def test_a_closed_launcher_takes_no_more() -> None:
    all_pending = PendingSegments()
    assert all_pending.close()
    assert not all_pending.close()
    with pytest.raises(LaunchError, match="closed"):
        all_pending.add([segment()])
