"""What a person sees of a study on the terminal."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest

from sparktune.cli.output import show
from sparktune.cli.tune import known_before, outcome, tune_with_progress
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec
from sparktune.trial import TrialResult, TrialState
from tests.cli.command import run

pytestmark = pytest.mark.usefixtures("fork_server")


@pytest.fixture
def sections(tmp_path: Path) -> dict[str, object]:
    x = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    np.savez(tmp_path / "rows.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    return {
        "study": {"name": "shown"},
        "data": {"source": "npz", "path": str(tmp_path / "rows.npz")},
        "training": {"epochs": 2},
        "resources": {"launcher": "local", "parallelism": 1},
        "tracking": {"uri": f"sqlite:///{tmp_path}/mlflow.db"},
        "output": {"directory": str(tmp_path / "studies")},
    }


def test_a_study_without_a_space_is_one_trial_everywhere(sections, tmp_path, capsys):
    result = tune_with_progress(StudySpec(**sections))
    progress = capsys.readouterr().err
    assert f"1/1 trial 0: -> {result.best.value:.6g}" in progress.splitlines()

    show(*outcome(result))
    lines = capsys.readouterr().out.splitlines()
    table = "\n".join(lines[:6])
    assert "Trials, best first" in table
    assert "COMPLETE" in table
    best = next(line for line in lines if line.startswith("best: "))
    assert best == f"best: trial 0, val_accuracy {result.best.value:.6g} at epoch {result.best.epoch}"

    summary = json.loads((tmp_path / "studies/shown/summary.json").read_text())
    assert (summary["states"], summary["best"]["params"]) == ({"COMPLETE": 1}, {})
    header, row = (tmp_path / "studies/shown/trials.csv").read_text().splitlines()
    assert header == "trial,state,value,attempts,seconds,error,train_loss,train_accuracy,gap"
    assert row.startswith("0,COMPLETE,")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([summary["mlflow"]["experiment_id"]])
    assert sorted(run.info.status for run in runs) == ["FINISHED", "FINISHED"]


def test_quiet_and_verbose_studies_and_one_for_scripts(sections, tmp_path, capfd, caplog):
    config = tmp_path / "study.yaml"
    config.write_text(json.dumps(sections))
    command = ["tune", "--config", str(config), "--offline"]
    code, out, err = run(capfd, *command, "--verbose")
    assert code == 0
    assert "Trials, best first" in out
    for words in ("data: 48 training, 12 validation rows", "trials: 1 at once by LocalLauncher"):
        assert words in caplog.text
    assert "1/1 trial 0" in err
    code, out, err = run(capfd, *command, "--quiet", "--json")
    summary = json.loads(out)
    assert (code, err) == (0, "")
    assert (summary["states"], summary["directory"]) == ({"COMPLETE": 1}, str(tmp_path / "studies/shown"))


def test_the_bar_counts_the_trials_of_earlier_runs(sections, tmp_path, caplog):
    assert known_before(StudySpec(**sections)) == (0, 1)
    spec = StudySpec(**{**sections, "search": {"space": {"neurons": [1, 2, 3]}}})
    with Ledger.open(tmp_path / "studies/shown", spec, "d", "maximize") as ledger:
        ledger.record(TrialResult(0, {"neurons": 1}, TrialState.COMPLETE, 0.5, 1))
    assert known_before(spec) == (1, 3)
    with (tmp_path / "studies/shown/ledger.jsonl").open("a") as file:
        file.write("damaged\n")
    assert known_before(spec) == (1, 3)
    assert caplog.text == "", "the study itself warns of it, once"


def test_trials_are_retried_and_left_out_by_options(sections, tmp_path, capfd):
    config = tmp_path / "study.yaml"
    config.write_text(json.dumps(sections))
    command = ["tune", "--config", str(config), "--offline", "--json"]
    refusals = {
        (
            "--retry",
            "failed,complete",
        ): "retry must be some of failed, diverged, timed_out, out_of_memory, but",
        (
            "--retry",
            "failed,timed_out",
            "--skip",
            "3",
        ): "skip must name a trial that an earlier run has launched",
        ("--skip", "-3"): "skip must be a list of trial numbers such as [3, 7], but got [-3]",
    }
    for options, words in refusals.items():
        code, out, _ = run(capfd, *command, *options)
        assert (code, json.loads(out)["error"]["type"]) == (2, "InputError")
        assert words in json.loads(out)["error"]["message"]
