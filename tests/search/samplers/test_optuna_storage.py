"""What samplers of Optuna see of trials that run."""

import optuna
from optuna.trial import TrialState as State

from sparktune.search.samplers.optuna_storage import ReportedTrials
from sparktune.search.samplers.optuna_study import silent_optuna


def test_only_trials_that_run_and_have_reported_are_shown_as_pruned() -> None:
    storage = ReportedTrials()
    with silent_optuna():
        study = optuna.create_study(storage=storage)
    trials = [study.ask() for _ in range(4)]
    study.tell(trials[2], 0.5)
    for number, epoch, value in ((1, 1, 0.9), (1, 3, 0.7), (2, 1, 0.4)):
        storage.report(number, epoch, value)
    assert [t.state for t in study.trials] == [State.RUNNING, State.PRUNED, State.COMPLETE, State.RUNNING]
    (pruned,) = study.get_trials(states=(State.PRUNED,))
    assert (pruned.number, pruned.intermediate_values, pruned.last_step) == (1, {3: 0.7}, 3)
    assert [t.number for t in study.get_trials(states=(State.RUNNING,))] == [0, 3]
    assert trials[1]._get_latest_trial().state is State.RUNNING, "it can still be told its end"
    study.tell(trials[1], 0.25)
    assert study.trials[1].state is State.COMPLETE
    assert study.best_trial.number == 1
