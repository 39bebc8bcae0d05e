"""Which trials of earlier runs are trained again, and which are left out for good, as the user wishes."""

import logging
from collections.abc import Iterable
from shlex import quote
from typing import Any

from sparktune.errors import InputError
from sparktune.ledger import Ledger
from sparktune.trial import TrialState

UNSUCCESSFUL = {state.lower(): state for state in TrialState if state.unsuccessful}
log = logging.getLogger("sparktune")


def states_to_retry(retry: str | Iterable[str]) -> frozenset[TrialState]:
    """The states that are named, in small letters: `failed`, or several with commas between them.

    Raises:
        InputError: there is no such state, or trials in it are not trained again.

    Example:
        >>> sorted(states_to_retry("failed,timed_out"))
        [<TrialState.FAILED: 'FAILED'>, <TrialState.TIMED_OUT: 'TIMED_OUT'>]
    """
    names = retry.split(",") if isinstance(retry, str) else [*retry]
    for name in names:
        if name not in UNSUCCESSFUL:
            raise InputError(f"retry must be some of {', '.join(UNSUCCESSFUL)}, but got {name!r}")
    return frozenset(UNSUCCESSFUL[name] for name in names)


def check_numbers(skip: Any) -> None:
    """Refuse what is no collection of trial numbers.

    Raises:
        InputError: it is something else.
    """
    if isinstance(skip, (str, int)) or not all(type(number) is int and number >= 0 for number in skip):
        raise InputError(f"skip must be a list of trial numbers such as [3, 7], but got {skip!r}")


def choose_trials(ledger: Ledger, retry: Iterable[TrialState], skip: Iterable[int]) -> None:
    """Leave trials out for good, and open those again that ended in one of these states; pruned ones stay so.

    Args:
        ledger: of the study, before the sampler learns from it.
        retry: trials in these states are trained again, but for those that were ever left out.
        skip: numbers of trials.

    Raises:
        InputError: a trial to leave out was never launched, or has ended well.
    """
    for number in skip:
        _check_can_be_skipped(ledger, number)
    for number in skip:
        ledger.skip(number)
    if opened := ledger.retry(frozenset(retry)):
        log.info("trained again: %s", ", ".join(map(str, opened)))
    if pruned := sum(result.state is TrialState.PRUNED for result in ledger.results.values()):
        log.info("trials that an earlier run has pruned, and that stay so: %d", pruned)


def _check_can_be_skipped(ledger: Ledger, number: int) -> None:
    if number not in ledger.params:
        known = f"0 to {max(ledger.params)}" if ledger.params else "none"
        raise InputError(
            f"skip must name a trial that an earlier run has launched ({known}), but got {number}; see "
            f"`sparktune status {quote(str(ledger.directory))}`"
        )
    result = ledger.results.get(number)
    if result is not None and not result.state.unsuccessful:
        raise InputError(f"skip must name a trial without a value, but trial {number} is {result.state}")
