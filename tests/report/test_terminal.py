import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Console

from sparktune.report import StudyProgress, outcome_lines, trials_ranked
from sparktune.summary import BestTrial, Objective, Summary

STUDY = Path("studies/small")
SUMMARY = Summary(
    study="small",
    study_id="1f2e",
    states={"COMPLETE": 2, "FAILED": 1},
    stopped=None,
    objective=Objective("val_accuracy", "maximize"),
    best=BestTrial(1, {"neurons": 4}, 0.75, 2),
    test={"accuracy": 0.5},
    bundle="studies/small/bundle",
    mlflow={"experiment_id": "1", "run_id": "a"},
    seconds=3.25,
)


def shown(content: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(content)
    return console.file.getvalue()


def trials(count: int) -> pd.DataFrame:
    values = [float(n) for n in range(count - 1)] + [None]
    states = ["COMPLETE"] * (count - 1) + ["FAILED"]
    return pd.DataFrame(
        {"trial": range(count), "state": states, "value": values, "seconds": 0.5, "params.n": 7}
    )


def test_the_best_trials_come_first_and_failed_ones_last():
    lines = shown(trials_ranked(trials(4), "maximize")).splitlines()
    numbers = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert numbers == ["2", "1", "0", "3"]
    lines = shown(trials_ranked(trials(4), "minimize")).splitlines()
    assert [line.split("│")[1].strip() for line in lines if line.startswith("│")] == ["0", "1", "2", "3"]


def test_ten_are_shown_and_the_rest_counted():
    text = shown(trials_ranked(trials(14), "maximize"))
    assert text.count("COMPLETE") == 10
    assert "4 more in trials.csv" in text


def test_many_parameters_stand_below_each_other():
    table = trials(3).assign(**{f"params.parameter_{n}": 0.125 for n in range(9)})
    text = shown(trials_ranked(table, "maximize"))
    assert text.count("parameter_8=0.125") == 3
    assert "…" not in text


def test_a_study_without_trials_is_an_empty_table():
    empty = pd.DataFrame(columns=["trial", "state", "value", "attempts", "seconds", "error"])
    assert "trial" in shown(trials_ranked(empty, "maximize"))


def test_the_outcome_says_what_where_and_what_next():
    text = "\n".join(outcome_lines(SUMMARY, STUDY, "sqlite:///mlflow.db"))
    for words in (
        "2 COMPLETE, 1 FAILED",
        "trial 1",
        "0.75",
        "neurons=4",
        "accuracy 0.5",
        "studies/small/bundle",
    ):
        assert words in text
    assert "mlflow ui --backend-store-uri sqlite:///mlflow.db" in text


def test_a_stopped_study_says_how_to_go_on():
    stopped = replace(SUMMARY, best=None, test=None, bundle=None, mlflow=None, stopped="timeout")
    text = "\n".join(outcome_lines(stopped, STUDY, "sqlite:///mlflow.db"))
    assert "stopped by timeout" in text
    assert "mlflow ui" not in text


def test_progress_without_a_terminal_is_a_line_per_trial():
    console = Console(file=io.StringIO(), width=120)
    with StudyProgress(console, "small") as bar:
        bar.update("trial 0: n=1 -> 0.5", 1, 4, "best 0.5 (trial 0)")
        bar.update("trial 1: n=2 -> 0.7", 2, None, "best 0.7 (trial 1)")
    assert console.file.getvalue().splitlines() == ["1/4 trial 0: n=1 -> 0.5", "2 trial 1: n=2 -> 0.7"]
