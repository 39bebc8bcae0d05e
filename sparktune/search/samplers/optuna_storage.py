"""Optuna's storage in memory, which shows trials that have not ended by what they have reported."""

import copy
from collections.abc import Container
from typing import final

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState


@final
class ReportedTrials(InMemoryStorage):
    """The trials of one study; one that runs and has reported a value is shown as PRUNED with that value.

    Optuna itself knows such trials as running, so that its samplers learn nothing of their values.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reported: dict[int, tuple[int, float]] = {}  # epoch and value, by the trial's number

    def report(self, number: int, epoch: int, value: float) -> None:
        """The trial has this value after so many epochs."""
        self._reported[number] = (epoch, value)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        if states == (TrialState.WAITING,):  # Optuna asks for these at each trial, and finds them faster
            return super().get_all_trials(study_id, deepcopy, states)
        trials = [self._shown(trial) for trial in super().get_all_trials(study_id, deepcopy)]
        return [trial for trial in trials if states is None or trial.state in states]

    def _shown(self, trial: FrozenTrial) -> FrozenTrial:
        if trial.state is not TrialState.RUNNING or trial.number not in self._reported:
            return trial
        shown = copy.copy(trial)
        epoch, value = self._reported[trial.number]
        shown.state, shown.intermediate_values = TrialState.PRUNED, {epoch: value}
        return shown
