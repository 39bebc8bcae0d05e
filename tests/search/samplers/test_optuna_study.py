"""A study of Optuna in memory."""

import math

import optuna
import pytest
from optuna.samplers import NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import TrialState as State

from sparktune.search.samplers.optuna_study import OptunaStudy, silent_optuna
from sparktune.spec import SearchSpec
from sparktune.summary import Objective
from sparktune.trial import TrialReport, TrialResult, TrialState

SPACE = SearchSpec(
    sampler="random",
    trials=1,
    space={
        "shape": [[8], [8, 8]],
        "share": {"low": 0.1, "high": 0.7, "step": 0.2},
        "units": {"low": 1, "high": 9, "log": True},
        "rate": {"low": 0.1, "high": 1.0},
    },
).space


@pytest.mark.parametrize(
    ("direction", "state", "value", "expected"),
    [
        ("minimize", TrialState.COMPLETE, 0.5, (State.COMPLETE, 0.5)),
        ("minimize", TrialState.COMPLETE, math.nan, (State.FAIL, None)),
        ("minimize", TrialState.COMPLETE, None, (State.FAIL, None)),
        ("minimize", TrialState.COMPLETE, math.inf, (State.COMPLETE, math.inf)),
        ("minimize", TrialState.FAILED, None, (State.FAIL, None)),
        ("minimize", TrialState.DIVERGED, None, (State.COMPLETE, math.inf)),
        ("maximize", TrialState.DIVERGED, 0.5, (State.COMPLETE, -math.inf)),
        ("maximize", TrialState.TIMED_OUT, None, (State.COMPLETE, -math.inf)),
        ("minimize", TrialState.OUT_OF_MEMORY, None, (State.COMPLETE, math.inf)),
        ("minimize", TrialState.KILLED, None, (State.FAIL, None)),
    ],
)
def test_an_end_is_told_as_optuna_has_it(
    direction: str, state: TrialState, value: float | None, expected: tuple[State, float | None]
) -> None:
    study = OptunaStudy(SPACE, RandomSampler(seed=0), Objective("val_loss", direction))
    trial, params = study.ask()
    study.tell(trial, TrialResult(0, params, state, value))
    (seen,) = trial.study.trials
    assert (seen.state, seen.value) == expected


@pytest.mark.parametrize(
    ("state", "values", "expected"),
    [
        (TrialState.COMPLETE, {"parameters": 9, "val_accuracy": 0.5}, (State.COMPLETE, [0.5, 9])),
        (TrialState.COMPLETE, {"val_accuracy": 0.5}, (State.FAIL, None)),
        (TrialState.COMPLETE, {"val_accuracy": math.nan, "parameters": 9}, (State.FAIL, None)),
        (TrialState.DIVERGED, {}, (State.COMPLETE, [-math.inf, math.inf])),
        (TrialState.FAILED, {}, (State.FAIL, None)),
    ],
)
def test_of_several_objectives_optuna_learns_all(
    state: TrialState, values: dict[str, float], expected: tuple[State, list[float] | None]
) -> None:
    metrics = (Objective("val_accuracy", "maximize"), Objective("parameters", "minimize"))
    study = OptunaStudy(SPACE, RandomSampler(seed=0), Objective("val_accuracy", "maximize", metrics))
    trial, params = study.ask()
    study.tell(trial, TrialResult(0, params, state, 0.5, values=values))
    (seen,) = trial.study.trials
    assert (seen.state, seen.values) == expected


def test_trials_of_an_earlier_study_are_added_as_if_they_were_this_ones() -> None:
    objective = Objective("val_loss", "minimize")
    first, second = (OptunaStudy(SPACE, RandomSampler(seed=0), objective) for _ in range(2))
    ends = {
        TrialState.COMPLETE: {"value": 0.5},
        TrialState.DIVERGED: {},
        TrialState.PRUNED: {"history": {"val_loss": [0.5, 0.25]}},
    }
    for number, (state, end) in enumerate(ends.items()):
        trial, params = first.ask()
        result = TrialResult(number, params, state, **end)
        first.tell(trial, result)
        second.add(result)
    second.add(TrialResult(3, params, TrialState.FAILED))
    second.add(TrialResult(4, params, TrialState.TIMED_OUT))  # the limit was that study's
    told = [(t.state, t.params, t.values, t.intermediate_values, t.distributions) for t in trial.study.trials]
    asked, _ = second.ask()
    *added, _ = asked.study.trials
    assert [(t.state, t.params, t.values, t.intermediate_values, t.distributions) for t in added] == told


def test_of_a_pruned_trial_optuna_learns_every_epoch() -> None:
    study = OptunaStudy(SPACE, RandomSampler(seed=0), Objective("val_loss", "minimize"))
    trial, params = study.ask()
    history = {"val_loss": [0.5, 0.25], "loss": [0.4, 0.2]}
    study.tell(trial, TrialResult(0, params, TrialState.PRUNED, history=history))
    (seen,) = trial.study.trials
    assert (seen.state, seen.intermediate_values) == (State.PRUNED, {1: 0.5, 2: 0.25})


def test_a_trial_that_waits_is_shown_to_tpe_as_pruned_until_it_ends() -> None:
    study = OptunaStudy(SPACE, TPESampler(seed=0), Objective("val_loss", "minimize"))
    trial, params = study.ask()
    for epochs, value in ((1, 0.5), (3, 0.25)):
        study.report(trial, TrialReport(0, epochs, {"val_loss": value, "loss": 0.1}))
        (seen,) = trial.study.trials
        assert (seen.state, seen.intermediate_values, seen.params) == (
            State.PRUNED,
            {epochs: value},
            trial.params,
        )
    study.report(trial, TrialReport(0, 4, {"loss": 0.1}))
    assert trial.study.trials[0].intermediate_values == {3: 0.25}
    study.tell(trial, TrialResult(0, params, TrialState.COMPLETE, 0.125))
    (seen,) = trial.study.trials
    assert (seen.state, seen.value, seen.intermediate_values) == (State.COMPLETE, 0.125, {})


def test_samplers_that_leave_pruned_trials_out_know_which_names_those_had_that_waited() -> None:
    space = {"a": [1, 2], "b": {"low": 1, "high": 9, "when": {"a": 2}}}
    search = SearchSpec(sampler="random", trials=1, space=space)
    sampler = NSGAIISampler(population_size=2, seed=1)
    study = OptunaStudy(search.space, sampler, Objective("val_loss", "minimize"))
    waits, without_b = study.ask()
    study.report(waits, TrialReport(0, 1, {"val_loss": 0.25}))
    ends, with_b = study.ask()
    assert (without_b.keys(), with_b.keys()) == ({"a"}, {"a", "b"})
    study.tell(ends, TrialResult(1, with_b, TrialState.COMPLETE, 0.5))
    study.ask()  # Optuna takes note of the names that all trials had which have ended
    study.tell(waits, TrialResult(0, without_b, TrialState.COMPLETE, 0.25))
    for _ in range(9):  # the two are parents
        assert "a" in study.ask()[1]


def test_fixed_parameters_come_back_exactly() -> None:
    study = OptunaStudy(SPACE, RandomSampler(seed=0), Objective("val_loss", "minimize"))
    for rate, share in ((0.1, 0.1), (0.3, 0.3), (1.0, 0.7)):
        fixed = {"shape": [8, 8], "share": share, "units": 5, "rate": rate}
        assert study.ask(fixed)[1] == fixed


def test_the_callers_verbosity_comes_back() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with silent_optuna():
        assert optuna.logging.get_verbosity() == optuna.logging.ERROR
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING


@pytest.mark.parametrize(
    ("listed", "ordered"),
    [
        ([0.1, 0.3, 1], True),
        ([256, 64, 16], True),
        ([64, 16, 256], False),
        ([8], False),
        ([False, True], False),
        ([16, "all"], False),
        (["adam", "sgd"], False),
        ([[8], [8, 8]], False),
    ],
)
def test_lists_of_rising_or_falling_numbers_have_an_order(listed: list[object], ordered: bool) -> None:
    space = SearchSpec(sampler="random", trials=1, space={"width": listed}).space
    study = OptunaStudy(space, RandomSampler(seed=0), Objective("val_loss", "minimize"))
    asked = [study.ask() for _ in range(30)]
    assert all(params["width"] in listed for _, params in asked)
    assert len({str(params["width"]) for _, params in asked}) == len(listed)
    kinds = {type(trial.distributions["width"]) for trial, _ in asked}
    distributions = optuna.distributions
    assert kinds == {distributions.IntDistribution if ordered else distributions.CategoricalDistribution}
    assert study.ask({"width": listed[-1]})[1] == {"width": listed[-1]}
