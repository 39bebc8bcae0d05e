"""What events add up to, whatever their order."""

from typing import Any

import pytest

from sparktune.ledger.events import (
    LEFT_OUT,
    Event,
    Launched,
    Paused,
    Recorded,
    Retried,
    Skipped,
    SpecChanged,
    StudyStarted,
    Voided,
)
from sparktune.ledger.state import LedgerState
from sparktune.trial import TrialResult, TrialState


def result(trial: int, value: float | None = 0.5, **fields: Any) -> TrialResult:
    return TrialResult(
        trial, **{"params": {"n": trial}, "state": TrialState.COMPLETE, "value": value} | fields
    )


def after(*events: Event, direction: str = "maximize") -> LedgerState:
    state = LedgerState(direction)
    state.replay(enumerate(events))
    return state


def test_nothing_adds_up_to_nothing() -> None:
    state = after()
    assert (state.results, state.unfinished, state.best, state.model_digests, state.spec) == (
        {},
        {},
        None,
        {},
        None,
    )


def test_a_result_has_its_time_and_the_best_its_digest() -> None:
    state = after(
        Recorded(result(0, 0.1), "a"), Recorded(result(1, 0.9), "b"), Recorded(result(2, 0.5), None)
    )
    assert state.ended == {0: 0, 1: 1, 2: 2}
    assert (state.best, state.model_digests) == (state.results[1], {1: "b"})


@pytest.mark.parametrize("state", [TrialState.KILLED, TrialState.PAUSED])
def test_what_goes_on_is_unfinished_until_it_ends(state: TrialState) -> None:
    first, second = (Recorded(result(0, None, state=state, attempt=n), None) for n in (1, 2))
    assert after(first, second).unfinished == {0: second.result}
    ended = after(first, second, Recorded(result(0), None))
    assert (ended.unfinished, [*ended.results]) == ({}, [0])
    assert after(Recorded(result(0), None), first).unfinished == {}


def test_a_voided_best_leaves_the_model_of_the_next_one() -> None:
    results = [Recorded(result(n, value), str(n)) for n, value in enumerate([0.2, 0.9, 0.5])]
    state = after(*results, Voided(1, "gone"))
    assert ([*state.results], [*state.front.members], state.model_digests) == ([0, 2], [2], {2: "2"})
    assert after(*results, Voided(1, "gone"), results[1]).model_digests == {1: "1"}
    assert after(Voided(7, "never there")).best is None


def test_what_a_voided_result_has_measured_stands_until_the_trial_has_ended_again() -> None:
    results = [Recorded(result(n, value), str(n)) for n, value in enumerate([0.2, 0.9, 0.5])]
    killed = Recorded(result(1, None, state=TrialState.KILLED, attempt=2), None)
    for more in ([], [Launched(1, 2, 9, {"n": 1})], [Launched(1, 2, 9, {"n": 1}), killed]):
        state = after(*results, Voided(1, "gone"), *more)
        assert state.best == state.last_result(1) == results[1].result
        assert ([*state.front.members], [*state.measured_front.members]) == ([2], [1])
    ended = Recorded(result(1, None, state=TrialState.FAILED, attempt=2), None)
    state = after(*results, Voided(1, "gone"), ended)
    assert (state.best, state.last_result(1), state.voided) == (results[2].result, ended.result, {})


def test_a_retried_trial_is_open_until_its_next_end_and_both_did_happen() -> None:
    failed, late, complete = (
        result(0, None, state=TrialState.FAILED),
        result(0, None, state=TrialState.FAILED, attempt=2),
        result(0, attempt=2),
    )
    events = Launched(0, 1, 9, {"n": 0}), Recorded(failed, None), Retried(0)
    state = after(*events)
    assert (state.results, state.unfinished, state.attempts) == ({}, {0: failed}, {0: 1})
    state = after(*events, Recorded(complete, "a"), Recorded(late, None))
    assert (state.results, state.unfinished, state.model_digests) == ({0: complete}, {}, {0: "a"})
    assert state.sequence == [(0, {"n": 0}), failed, Retried(0), complete]
    assert after(Retried(3)).sequence == []


@pytest.mark.parametrize("ended", [TrialState.FAILED, TrialState.COMPLETE])
def test_a_launch_opens_a_trial_that_has_ended(ended: TrialState) -> None:
    """As if the line of its retry, or that its result was voided, were there."""
    first = Recorded(result(0, 0.5 if ended is TrialState.COMPLETE else None, state=ended), "a")
    launches = Launched(0, 1, 9, {"n": 0}), Launched(0, 2, 9, {"n": 0})
    second = Recorded(result(0, 0.9, attempt=2), "b")
    between = Retried(0) if ended is TrialState.FAILED else Voided(0, "gone")
    whole = after(launches[0], first, between, launches[1], second)
    damaged = after(launches[0], first, launches[1], second)
    assert (damaged.results, damaged.model_digests) == ({0: second.result}, {0: "b"})
    assert (damaged.sequence, damaged.front.members) == (whole.sequence, whole.front.members)


@pytest.mark.parametrize("ended", [TrialState.FAILED, TrialState.COMPLETE])
@pytest.mark.parametrize("goes_on", [False, True])
def test_a_result_of_a_later_attempt_opens_a_trial_that_has_ended(ended: TrialState, goes_on: bool) -> None:
    """As if the lines of its retry, or that its result was voided, and of its launch were there."""
    first = Recorded(result(0, 0.5 if ended is TrialState.COMPLETE else None, state=ended), "a")
    between = Retried(0) if ended is TrialState.FAILED else Voided(0, "gone")
    waits = result(0, None, state=TrialState.PAUSED, history={"loss": [0.3]}, attempt=2)
    second = Paused(0, waits) if goes_on else Recorded(result(0, 0.9, attempt=2), "b")
    whole = after(Launched(0, 1, 9, {"n": 0}), first, between, Launched(0, 2, 9, {"n": 0}), second)
    damaged = after(Launched(0, 1, 9, {"n": 0}), first, second)
    assert (damaged.results, damaged.paused) == (whole.results, whole.paused)
    assert (damaged.sequence, damaged.attempts) == (whole.sequence, whole.attempts)
    assert (damaged.front.members, damaged.model_digests) == (whole.front.members, whole.model_digests)
    assert goes_on is (0 in damaged.paused)


@pytest.mark.parametrize("state", [TrialState.KILLED, TrialState.PAUSED])
def test_a_launch_leaves_the_result_of_a_trial_that_goes_on(state: TrialState) -> None:
    ended = Recorded(result(0, None, state=state), None)
    launched = after(ended, Launched(0, 2, 9, {"n": 0}))
    assert launched.unfinished == {0: ended.result}
    assert launched.sequence == after(ended).sequence


def test_a_trial_left_out_is_known() -> None:
    assert after(Skipped(3)).skipped == {3}
    ended = Recorded(result(3, None, state=TrialState.FAILED, error=LEFT_OUT), None)
    assert after(ended).skipped == {3}


def test_a_launch_is_known_also_from_its_result() -> None:
    state = after(
        Launched(0, 1, 9, {"n": 0}), Recorded(result(1, attempt=3), None), Launched(1, 2, 9, {"n": 1})
    )
    assert state.attempts == {0: 1, 1: 3}
    assert state.params == {0: {"n": 0}, 1: {"n": 1}}


def test_notes_and_the_newest_spec_are_kept() -> None:
    note = StudyStarted("loss", "minimize")
    state = after(note, SpecChanged({"a": 1}), SpecChanged({"a": 2}))
    assert (state.notes, state.spec) == ([note], {"a": 2})
