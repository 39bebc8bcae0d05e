import json
import math
from dataclasses import replace

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.report import read_study
from sparktune.study.result import (
    StudyResult,
    count_states,
    trial_table,
    write_outcome,
    write_source,
    write_summary,
)
from sparktune.summary import BestTrial, Objective, Summary
from sparktune.trial import TrialResult, TrialState
from tests.report.ledgers import finished

OBJECTIVE = Objective("val_loss", "minimize")
DONE = TrialResult(
    1, {"neurons": 4, "hidden": [1, 2]}, TrialState.COMPLETE, 0.5, 2, timings={"train": 1.23456}
)
FAILED = TrialResult(0, {"neurons": 2, "hidden": [1]}, TrialState.FAILED, error="ValueError: no", attempt=3)


def test_the_table_is_in_the_order_of_the_trials():
    table = trial_table([DONE, FAILED], OBJECTIVE)
    assert list(table["trial"]) == [0, 1]
    assert list(table["state"]) == ["FAILED", "COMPLETE"]
    assert list(table["attempts"]) == [3, 1]
    assert list(table["params.neurons"]) == [2, 4]
    assert table["seconds"][1] == 1.235


def test_a_study_without_trials_has_the_columns_all_the_same():
    assert list(trial_table([], OBJECTIVE).columns) == [
        "trial",
        "state",
        "value",
        "attempts",
        "seconds",
        "error",
    ]


def test_the_training_split_in_the_best_epoch_and_the_gap_come_last():
    history = {"loss": [2.0, 1.0, 0.5], "val_loss": [2.5, 1.25, 3.0], "learning_rate": [0.1, 0.1, 0.01]}
    table = trial_table([FAILED, replace(DONE, history=history)], OBJECTIVE)
    assert list(table.columns)[-4:] == ["params.neurons", "params.hidden", "train_loss", "gap"]
    assert list(table["train_loss"].fillna("")) == ["", 1.0]
    assert table["gap"][1] == -0.25


def test_without_validation_there_is_no_gap():
    table = trial_table([replace(DONE, history={"loss": [2.0, 1.0]})], Objective("loss", "minimize"))
    assert list(table.columns)[-1] == "train_loss"


def test_states_are_counted():
    assert count_states([DONE, FAILED, DONE]) == {"COMPLETE": 2, "FAILED": 1}


def test_both_files_are_written_again_as_a_whole(tmp_path):
    summary = Summary("a", "1f2e", {"FAILED": 1}, None, Objective("val_loss", "minimize"))
    write_outcome(tmp_path, trial_table([FAILED], OBJECTIVE), summary)
    write_outcome(tmp_path, trial_table([DONE, FAILED], OBJECTIVE), replace(summary, best=BestTrial.of(DONE)))
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["best"] == {"trial": 1, "params": DONE.params, "value": 0.5, "epoch": 2}
    assert len((tmp_path / "trials.csv").read_text().splitlines()) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["summary.json", "trials.csv"]


def test_a_source_is_a_file_and_none_is_no_file(tmp_path):
    write_source(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    write_source(tmp_path, "def build(): pass\n")
    assert (tmp_path / "builder.py").read_text() == "def build(): pass\n"
    with pytest.raises(StudyDirectoryError, match=r"cannot write to .*absent"):
        write_source(tmp_path / "absent", "def build(): pass")


def test_a_result_has_the_figures_of_its_study(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    study = read_study(finished(tmp_path))
    result = StudyResult(study.spec, tmp_path, None, trial_table([DONE], OBJECTIVE), None, study.summary)
    assert result.plot.study.best == study.best
    assert result.plot.parameter("learning_rate", by="neurons").axes[0].get_xlabel() == "learning_rate"


def test_a_metric_that_is_not_finite_is_null_in_the_summary(tmp_path):
    objective = Objective("val_loss", "minimize")
    summary = Summary("a", "1f2e", {}, None, objective, test={"loss": math.inf, "mae": 0.5})
    write_summary(tmp_path, summary)
    read = json.loads((tmp_path / "summary.json").read_text(), parse_constant=str)
    assert read["test"] == {"loss": None, "mae": 0.5}
    assert math.isnan(Summary.from_record(read).test["loss"])
