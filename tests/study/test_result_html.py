"""The result of a study as a notebook shows it, for studies of all kinds of endings."""

from pathlib import Path

import pandas as pd

from sparktune.study.result_html import SHOWN, result_html
from sparktune.summary import BestTrial, Objective, Summary
from tests.report.ledgers import several


def summary(best: BestTrial | None) -> Summary:
    return Summary(
        study="<b>",
        study_id="i",
        states={},
        stopped=None,
        objective=Objective("val_loss", "minimize"),
        best=best,
        test=None,
        bundle=None,
        seconds=1.0,
    )


def table(rows: int) -> pd.DataFrame:
    facts = {"trial": range(rows), "state": "COMPLETE", "value": [float(rows - n) for n in range(rows)]}
    return pd.DataFrame({**facts, "seconds": 0.5, "error": None, "params.optimizer": "<i>", "gap": 0.25})


def test_the_best_come_first_and_the_others_are_counted(tmp_path: Path) -> None:
    best = BestTrial(trial=11, params={"optimizer": "<i>"}, value=1.0, epoch=3)
    html = result_html(summary(best), table(12), tmp_path)
    assert "<b>&lt;b&gt;</b>: best val_loss <b>1</b>, trial 11 optimizer=&lt;i&gt;" in html
    assert html.count("<tr") == 1 + SHOWN and "and 2 more in trials.csv" in html
    assert html.index("<td>11</td>") < html.index("<td>10</td>") and "gap" not in html and "<i>" not in html
    assert "<svg" not in html  # there is no study in that folder


def test_with_several_objectives_the_front_comes_first_and_is_drawn(tmp_path: Path) -> None:
    front = [number == 3 for number in range(12)]
    values = {"values.val_loss": 0.25, "values.bytes": 77, "pareto": front}
    best = BestTrial(trial=3, params={}, value=1.0, epoch=3)
    html = result_html(summary(best), table(12).assign(**values), several(tmp_path / "small"))
    assert html.index("<td>3</td>") < html.index("<td>11</td>") and "<th>bytes</th>" in html
    assert "the Pareto front" in html and "best so far" not in html


def test_a_study_without_a_value_says_so(tmp_path: Path) -> None:
    html = result_html(summary(None), table(0), tmp_path)
    assert "no trial has a value" in html and "more in" not in html
