import io
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from sparktune.report import StudyProgress, outcome_lines, trials_ranked
from sparktune.report.terminal import ProgressConsole
from sparktune.summary import BestTrial, Objective, ParetoTrial, Summary

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


def shown(content: object, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(content)
    return console.file.getvalue()


def trials(count: int) -> pd.DataFrame:
    values = [float(n) for n in range(count - 1)] + [None]
    states = ["COMPLETE"] * (count - 1) + ["FAILED"]
    return pd.DataFrame(
        {"trial": range(count), "state": states, "value": values, "seconds": 0.5, "params.n": 7}
    )


def numbers(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines if line.split() and line.split()[0].isdigit()]


def test_the_best_trials_come_first_and_failed_ones_last():
    lines = shown(trials_ranked(trials(4), "maximize")).splitlines()
    assert numbers(lines) == ["2", "1", "0", "3"]
    lines = shown(trials_ranked(trials(4), "minimize")).splitlines()
    assert numbers(lines) == ["0", "1", "2", "3"]


def test_with_several_objectives_the_front_comes_first_with_a_star():
    several = trials(4).assign(**{"pareto": [True, False, True, False], "values.val_accuracy": 0.25})
    several["values.parameters"] = [1234567, 7, 9, None]
    lines = shown(trials_ranked(several, "maximize", 120)).splitlines()
    assert lines[1].split() == ["trial", "state", "val_accuracy", "parameters", "seconds", "pareto", "n"]
    assert numbers(lines) == ["2", "0", "1", "3"]
    assert [line.split()[-2] for line in lines[2:]] == ["*", "*", "0.5", "0.5"]
    assert lines[3].split()[3] == "1234567"


def test_large_losses_are_written_in_short():
    table = trials(2).assign(value=[1.5e33, 12.0])
    text = shown(trials_ranked(table, "minimize"))
    assert " 1.5e+33 " in text and " 12 " in text


def test_the_outcome_counts_the_front():
    metrics = (Objective("val_accuracy", "maximize"), Objective("parameters", "minimize"))
    front = (ParetoTrial(1, {"neurons": 4}, {"val_accuracy": 0.75, "parameters": 41}, 2),)
    summary = replace(SUMMARY, objective=replace(SUMMARY.objective, metrics=metrics), pareto=front * 3)
    (line,) = [line for line in outcome_lines(summary, STUDY, "sqlite:///a.db") if line.startswith("pareto")]
    assert (
        line == "pareto: 3 trials that no other one beats in all of val_accuracy, parameters (summary.json)"
    )
    assert "pareto" not in " ".join(outcome_lines(SUMMARY, STUDY, "sqlite:///a.db"))


def test_ten_are_shown_and_the_rest_counted():
    text = shown(trials_ranked(trials(14), "maximize"))
    assert text.count("COMPLETE") == 10
    assert "4 more in trials.csv" in text


def test_many_parameters_stand_below_each_other():
    table = trials(3).assign(**{f"params.parameter_{n}": 0.125 for n in range(9)})
    text = shown(trials_ranked(table, "maximize"))
    assert text.count("parameter_8=0.125") == 3
    assert "…" not in text


@pytest.mark.parametrize("names", [["n"], ["neurons", "learning_rate"], [f"parameter_{n}" for n in range(9)]])
def test_a_table_fits_into_60_columns_and_hides_nothing(names: list[str]) -> None:
    table = trials(12).drop(columns="params.n").assign(**{f"params.{name}": 0.00123456 for name in names})
    table["value"] = 0.123456
    lines = shown(trials_ranked(table, "maximize"), 60).splitlines()
    assert max(map(len, lines)) <= 60
    text = "\n".join(lines)
    assert "…" not in text
    assert text.count("0.00123456") == 10 * len(names)
    assert all(name in text for name in names)


def test_a_parameter_has_its_column_where_there_is_room() -> None:
    table = trials(2).assign(**{"params.learning_rate": 0.25, "params.optimizer": "adam"})
    assert "learning_rate=" in shown(trials_ranked(table, "maximize", 50), 50)
    assert "learning_rate=" not in shown(trials_ranked(table, "maximize", 100), 100)


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
    (line,) = [line for line in outcome_lines(SUMMARY, STUDY, "sqlite:////my runs.db") if "mlflow ui" in line]
    assert line == "runs: mlflow ui --backend-store-uri 'sqlite:////my runs.db'"
    page = "/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=1f2e"
    assert f"then open http://127.0.0.1:5000{page}" in text
    on_server = outcome_lines(SUMMARY, STUDY, "https://mlflow.example")
    assert f"runs: https://mlflow.example{page}" in on_server
    assert "runs: experiment 1 at databricks" in outcome_lines(SUMMARY, STUDY, "databricks")


def test_the_best_trial_fits_into_60_columns() -> None:
    params = {"neurons": 4, "learning_rate": 0.1 + 0.2, "weight_decay": 1 / 3}
    long = replace(SUMMARY, best=BestTrial(1, params, 0.75, 2))
    lines = outcome_lines(long, STUDY, "sqlite:///mlflow.db")
    at = lines.index("best: trial 1, val_accuracy 0.75 at epoch 2")
    names = ["neurons=4", "learning_rate=0.3", "weight_decay=0.333333"]
    assert lines[at + 1 : at + 4] == [f"      {name}" for name in names]
    short = outcome_lines(SUMMARY, STUDY, "sqlite:///mlflow.db")
    assert "best: trial 1, val_accuracy 0.75 at epoch 2 (neurons=4)" in short


def test_a_stopped_study_says_how_to_go_on():
    stopped = replace(SUMMARY, best=None, test=None, bundle=None, mlflow=None, stopped="timeout")
    text = "\n".join(outcome_lines(stopped, STUDY, "sqlite:///mlflow.db"))
    assert "stopped by timeout; run the same command again" in text
    assert "mlflow ui" not in text
    least = replace(SUMMARY, stopped="target", objective=Objective("val_loss", "minimize"))
    for summary, words in ((replace(SUMMARY, stopped="target"), "raise"), (least, "lower")):
        (*_, last) = outcome_lines(summary, STUDY, "sqlite:///mlflow.db")
        assert last == f"stopped by target; {words} search.budget.target to go on"
    (*_, last) = outcome_lines(replace(SUMMARY, states={"KILLED": 2}), STUDY, "sqlite:///mlflow.db")
    assert last == "2 trials lost their executors too often; run the same command again to train them"


def test_progress_without_a_terminal_is_a_line_per_trial():
    console = Console(file=io.StringIO(), width=120)
    with StudyProgress(console, "small") as bar:
        bar.update("trial 0: n=1 -> 0.5", 1, 4, "best 0.5 (trial 0)")
        bar.update("trial 1: n=2 -> 0.7", 2, None, "best 0.7 (trial 1)")
    assert console.file.getvalue().splitlines() == ["1/4 trial 0: n=1 -> 0.5", "2 trial 1: n=2 -> 0.7"]


def test_what_a_trial_says_is_shown_as_it_is():
    console = Console(file=io.StringIO(), width=20)
    with StudyProgress(console, "small") as bar:
        bar.update("trial 0: kind=[red] -> FAILED (an error: [/x] :cat:)", 1, 4, "")
    assert console.file.getvalue() == "1/4 trial 0: kind=[red] -> FAILED (an error: [/x] :cat:)\n"
    named = trials(2).assign(**{"params.kind": "[/x] :cat:"})
    console.print(trials_ranked(named, "maximize", 120), markup=False, emoji=False)
    assert "[/x] :cat:" in console.file.getvalue()


def test_progress_that_nobody_reads_any_more_ends_nothing():
    reading, writing = os.pipe()
    os.close(reading)
    file = os.fdopen(writing, "w", buffering=1)
    with StudyProgress(ProgressConsole(file=file), "small") as bar:
        bar.update("trial 0: n=1 -> 0.5", 1, 2, "")
        bar.update("trial 1: n=2 -> 0.7", 2, 2, "")
    with pytest.raises(BrokenPipeError):
        file.close()


def test_the_bar_shows_how_many_paused_trials_wait_without_a_line_for_each() -> None:
    file = io.StringIO()
    console = Console(file=file, width=70, force_terminal=True, color_system=None)
    with StudyProgress(console, "small", total=6) as bar:
        bar.show_waiting(2)
        bar.show_waiting(3)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert re.search(r"small, 3 paused .*0/6", shown.splitlines()[-1])
    assert "2 paused" not in shown.splitlines()[-1]


def test_the_bar_knows_the_total_at_once_and_the_time_left_after_a_trial() -> None:
    file = io.StringIO()
    console = Console(file=file, width=70, force_terminal=True, color_system=None)
    with StudyProgress(console, "small", done=2, total=6) as bar:
        assert "2/6" in file.getvalue()
        assert "left" not in file.getvalue()
        time.sleep(0.6)
        bar.update("trial 2: n=1 -> 0.5", 3, 6, "best 0.5 (trial 2)")
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).splitlines()
    bar_line = next(line for line in lines if "3/6" in line and "━" in line)
    assert re.search(r"0:0[1-4] left best 0.5 \(trial 2\)", bar_line), bar_line
    assert max(map(len, lines)) <= 70
