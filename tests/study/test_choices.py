"""Trials that are trained again, or left out, as the user wishes."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.errors import InputError
from sparktune.ledger import Ledger
from sparktune.spec import parse_spec
from sparktune.study.choices import check_numbers, choose_trials, states_to_retry
from sparktune.trial import Trial, TrialResult, TrialState
from tests.study.studies import document

STATES = [
    TrialState.COMPLETE,
    TrialState.FAILED,
    TrialState.TIMED_OUT,
    TrialState.OUT_OF_MEMORY,
    TrialState.DIVERGED,
    TrialState.KILLED,
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A trial in each state, by its number in STATES; 6 was launched and has no result, 7 was not."""
    with Ledger.open(tmp_path / "small", parse_spec(document(tmp_path)), "0" * 64, "maximize") as ledger:
        for number in range(7):
            ledger.launched(Trial("small", number, {"neurons": number}, seed=0))
        for number, state in enumerate(STATES):
            value = 0.5 if state is TrialState.COMPLETE else None
            ledger.record(TrialResult(number, {"neurons": number}, state, value))
        yield ledger


def test_states_are_named_in_small_letters_one_or_several() -> None:
    assert states_to_retry(()) == frozenset()
    assert states_to_retry("failed") == {TrialState.FAILED}
    several = {TrialState.TIMED_OUT, TrialState.OUT_OF_MEMORY, TrialState.DIVERGED}
    assert states_to_retry("timed_out,out_of_memory,diverged") == several
    assert states_to_retry(["failed"]) == {TrialState.FAILED}


@pytest.mark.parametrize("retry", ["complete", "FAILED", "", "failed, diverged", ["killed"], [3]])
def test_other_states_are_refused(retry: object) -> None:
    with pytest.raises(
        InputError, match=r"retry must be some of failed, diverged, timed_out, out_of_mem.* but"
    ):
        states_to_retry(retry)  # type: ignore[arg-type]


@pytest.mark.parametrize("skip", [3, "3", [-1], [1.0], [True], ["3"]])
def test_what_is_no_list_of_numbers_is_refused(skip: object) -> None:
    with pytest.raises(InputError, match=r"skip must be a list of trial numbers such as \[3, 7\], but got"):
        check_numbers(skip)


def test_trials_in_the_named_states_are_open_again(ledger: Ledger) -> None:
    choose_trials(ledger, {TrialState.FAILED, TrialState.TIMED_OUT}, ())
    assert sorted(ledger.results) == [0, 3, 4]
    choose_trials(ledger, {TrialState.FAILED}, ())
    assert sorted(ledger.results) == [0, 3, 4]


def test_a_skipped_trial_is_over_for_good_and_failed_where_it_had_not_ended(ledger: Ledger) -> None:
    choose_trials(ledger, {TrialState.FAILED, TrialState.TIMED_OUT}, [1, 2, 5, 6])
    states = {number: str(result.state) for number, result in ledger.results.items()}
    assert [states[number] for number in (1, 2, 5, 6)] == ["FAILED", "TIMED_OUT", "FAILED", "FAILED"]
    assert ledger.results[6].error == "left out by the option --skip"
    choose_trials(ledger, {TrialState.FAILED}, [6])  # the same command again
    assert len((ledger.directory / "ledger.jsonl").read_text().splitlines()) == 1 + 7 + 6 + 4 + 4


def test_trials_that_an_earlier_run_has_pruned_are_told_to_stay_so(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sparktune")
    choose_trials(ledger, (), ())
    assert caplog.messages == []
    ledger.record(TrialResult(6, {"neurons": 6}, TrialState.PRUNED))
    choose_trials(ledger, {TrialState.FAILED}, ())
    assert caplog.messages == [
        "trained again: 1",
        "trials that an earlier run has pruned, and that stay so: 1",
    ]


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (
            7,
            r"skip must name a trial that an earlier run has launched \(0 to 6\), but got 7; see `spark",
        ),
        (0, "skip must name a trial without a value, but trial 0 is COMPLETE"),
    ],
)
def test_what_cannot_be_skipped_is_refused_and_nothing_is_done(
    ledger: Ledger, number: int, rule: str
) -> None:
    before = (ledger.directory / "ledger.jsonl").read_text()
    with pytest.raises(InputError, match=rule):
        choose_trials(ledger, {TrialState.FAILED}, [1, number])
    assert (ledger.directory / "ledger.jsonl").read_text() == before
