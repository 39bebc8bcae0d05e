"""A study whose trials only fail ends before it has spent its whole budget on failures."""

from typing import final

from sparktune.summary import Reason
from sparktune.trial import TrialResult


@final
class FailuresInARow:
    """Counts the trials of this run that could not be trained to their end, since the last one that could.

    Args:
        most: so many end the study; None: it goes on.
    """

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._count = 0

    def observe(self, result: TrialResult) -> None:
        """Count a result; one of a trial that goes on says nothing yet."""
        if result.state.terminal:
            self._count = self._count + 1 if result.state.aborted else 0

    @property
    def reason(self) -> Reason | None:
        """`failures` where there are too many."""
        return "failures" if self._most is not None and self._count >= self._most else None
