"""Names and descriptions are short, rounded and in words."""

from dataclasses import replace

import pytest

from sparktune.summary import Objective, ParetoTrial
from sparktune.tracking.mlflow.text import NAME_LENGTH, mlflow_key, run_name, short_value, study_description
from tests.tracking.studies import complete, summary_of


def test_a_run_is_named_by_its_number_and_what_was_searched() -> None:
    params = {"neurons": 64, "learning_rate": 0.0123456, "activation": "relu"}
    assert run_name(10, params) == "#10 neurons=64 learning_rate=0.0123 activation=relu"
    assert run_name(3, {}) == "#3"


def test_usual_abbreviations_where_full_names_are_too_long() -> None:
    params = {"neurons": 64, "learning_rate": 1e-5, "batch_size": 128, "optimizer": "adam", "dropout": 0.25}
    assert run_name(7, params) == "#7 neurons=64 lr=1e-05 batch=128 opt=adam dropout=0.25"


def test_a_name_that_is_still_too_long_is_cut() -> None:
    name = run_name(7, {f"parameter_{n}": n for n in range(20)})
    assert len(name) == NAME_LENGTH
    assert name.startswith("#7 parameter_0=0 parameter_1=1")
    assert name.endswith("…")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (128, "128"), (True, "true"), (None, "null"), ([64, 32], "64-32"), ([], "none")],
)
def test_values_are_short(value: object, text: str) -> None:
    assert short_value(value) == text


def test_a_key_has_only_what_mlflow_takes() -> None:
    assert mlflow_key("größe+1") == "gr__e_1"
    assert len(mlflow_key("k" * 300)) == 250


def test_the_best_trials_lead_to_their_pages() -> None:
    best = [complete(5, value=0.8512345), complete(4)]
    text = study_description(summary_of(best), best, {5: "#/runs/five"}.get, "#/table")
    assert "Best: [#5 neurons=16 learning_rate=0.1](#/runs/five), val_accuracy 0.8512 in epoch 3." in text
    assert "Its model on the test split: accuracy 0.75." in text
    assert "[all of them, the best one first](#/table)" in text
    assert "| #4 neurons=16 learning_rate=0.01 | 0.84 | 3 | 2 |" in text


def test_the_pareto_front_is_a_table() -> None:
    best = [complete(5), complete(4)]
    metrics = (Objective("val_accuracy", "maximize"), Objective("parameters", "minimize"))
    front = tuple(
        ParetoTrial(result.trial, result.params, {"val_accuracy": result.value or 0.0, "parameters": 41}, 3)
        for result in best
    )
    summary = summary_of(best)
    several = replace(summary, objective=replace(summary.objective, metrics=metrics), pareto=front)
    text = study_description(several, best, {5: "#/runs/five"}.get, "#/table")
    assert "Pareto front: 2 trials that no other one beats in all of val_accuracy, parameters." in text
    assert "| trial | val_accuracy | parameters |" in text
    assert "| [#5 neurons=16 learning_rate=0.1](#/runs/five) | 0.85 | 41 |" in text


def test_a_study_without_a_best_trial_says_how_its_trials_ended() -> None:
    summary = replace(summary_of([complete(0)]), best=None, test=None, states={"FAILED": 2})
    text = study_description(summary, [], lambda number: None, "#/table")
    assert text == "Trials: 2 FAILED; [all of them, the best one first](#/table)."
