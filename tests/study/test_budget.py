"""What a study may spend."""

import time
from types import SimpleNamespace

import pytest

from sparktune.spec.search import BudgetSpec
from sparktune.study.budget import Budget
from sparktune.study.result import StudyResult
from sparktune.study.tune import Progress, tune
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState
from tests.study.studies import data, document


def result(trial: int, value: float | None, epochs: int = 2, state: str = "COMPLETE") -> TrialResult:
    history = {"val_loss": [1.0] * epochs}
    return TrialResult(trial, {}, TrialState(state), value, history=history)


def spent(budget: dict[str, float], *results: TrialResult, direction: str = "maximize") -> str | None:
    return Budget(BudgetSpec(**budget), Objective("m", direction), results).spent


def test_without_budgets_nothing_is_ever_spent() -> None:
    assert spent({}, *(result(n, 1.0) for n in range(100))) is None


def test_epochs_count_once_for_each_trial_also_of_those_under_way() -> None:
    paused = [result(0, None, 2, "PAUSED"), result(0, None, 4, "PAUSED")]
    assert spent({"epochs": 6}, *paused, result(1, None, 1, "FAILED")) is None
    assert spent({"epochs": 6}, *paused, result(1, 0.5, 2)) == "epochs"


@pytest.mark.parametrize(
    ("direction", "value", "reason"),
    [
        ("maximize", 0.9, "target"),
        ("maximize", 0.89, None),
        ("minimize", 0.9, "target"),
        ("minimize", 0.91, None),
    ],
)
def test_a_target_is_reached_from_its_own_side(direction: str, value: float, reason: str | None) -> None:
    assert spent({"target": 0.9}, result(0, value), direction=direction) == reason


def test_patience_does_not_count_pruned_trials() -> None:
    pruned = [result(n, None, 1, "PRUNED") for n in range(1, 9)]
    assert spent({"patience": 2}, result(0, 0.5), *pruned, result(9, 0.4)) is None


def test_patience_counts_trials_in_a_row_without_a_new_best() -> None:
    values = [0.5, 0.4, 0.6, 0.6, None]
    results = [result(n, value, state="COMPLETE" if value else "DIVERGED") for n, value in enumerate(values)]
    assert spent({"patience": 3}, *results) is None
    assert spent({"patience": 3}, *results, result(9, 0.1, state="KILLED")) is None
    assert spent({"patience": 3}, *results, result(5, 0.6)) == "patience"


def test_a_study_ends_with_its_best_so_far_and_goes_on_when_budgets_are_raised(tmp_path, fork_server) -> None:
    space = {"learning_rate": {"low": 0.001, "high": 0.1}}

    def run(trials: int | None, **budget: float) -> tuple[dict, int]:
        seen: list[Progress] = []
        search = {"sampler": "tpe", "trials": trials, "space": space, "budget": budget}
        resources = {"launcher": "local", "parallelism": 1}
        study = document(tmp_path, search=search, resources=resources)
        return tune(study, data=data(), offline=True, on_progress=seen.append).summary, len(seen)

    summary, _ = run(None, epochs=3)
    assert (summary["stopped"], summary["states"]["COMPLETE"]) == ("epochs", 1)
    assert summary["bundle"]
    assert run(None, epochs=3)[1] == 0
    summary, seen = run(3)
    assert (summary["stopped"], summary["states"]["COMPLETE"]) == (None, 3)
    summary, seen = run(50, target=0.0)
    assert (summary["stopped"], seen) == ("target", 0)


def test_what_the_last_trial_has_spent_did_not_stop_the_study(tmp_path, fork_server, monkeypatch) -> None:
    passed = 0.0

    def let_time_pass(progress: Progress) -> None:
        nonlocal passed
        passed += 1e6 * (progress.done == progress.total)

    def run(trials: int, timeout: float | None = None, **budget: float) -> StudyResult:
        search = {"sampler": "random", "trials": trials, "budget": budget}
        search["space"] = {"learning_rate": {"low": 0.001, "high": 0.1}}
        study = document(tmp_path, search=search, resources={"launcher": "local", "parallelism": 1})
        return tune(study, data=data(), offline=True, timeout=timeout, on_progress=let_time_pass)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr("sparktune.study.stop.time", clock)
    result = run(1, target=0.0, epochs=3, patience=1)
    assert (result.outcome.stopped, result.outcome.status) == (None, "FINISHED")
    result = run(2, timeout=1e5)
    assert (passed, result.outcome.stopped, result.outcome.states) == (2e6, None, {"COMPLETE": 2})
