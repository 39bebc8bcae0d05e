"""When a study has only failures."""

import pytest

from sparktune.study.failures import FailuresInARow
from sparktune.trial import TrialResult, TrialState

BAD = [state for state in TrialState if state.aborted]


def reason(most: int | None, *states: TrialState) -> str | None:
    failures = FailuresInARow(most)
    for number, state in enumerate(states):
        failures.observe(TrialResult(number, {}, state))
    return failures.reason


def test_so_many_in_a_row_end_the_study() -> None:
    assert len(BAD) == 3
    assert reason(3, *BAD) == "failures"
    assert reason(4, *BAD) is None
    assert reason(None, *BAD * 100) is None


@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.PRUNED, TrialState.DIVERGED])
def test_a_trial_that_could_be_trained_begins_anew(state: TrialState) -> None:
    assert reason(3, *BAD[:2], state, *BAD[:2]) is None
    assert reason(3, state, *BAD) == "failures"


@pytest.mark.parametrize("state", [TrialState.PAUSED, TrialState.KILLED])
def test_a_trial_that_goes_on_says_nothing(state: TrialState) -> None:
    assert reason(2, TrialState.FAILED, state, TrialState.FAILED) == "failures"
