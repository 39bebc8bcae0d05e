"""Real studies with a pruner: what it leaves out is not trained, and no end of a driver changes that."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from studies import data, document

from sparktune.errors import InputError, SpecError
from sparktune.ledger import Ledger
from sparktune.report.reading import read_study
from sparktune.search import Decision, build_pruner
from sparktune.search.pruners.top import TopPruner
from sparktune.spec import parse_spec
from sparktune.study import StudyResult, tune
from sparktune.study.pruning import Pruning
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState

pytestmark = pytest.mark.usefixtures("fork_server")
SPACE = {"neurons": [2, 4], "learning_rate": [0.003, 0.01, 0.1]}
TOP = {"pruner": "top", "keep": 2, "max_epochs": 6}


def study(folder: Path, parallelism: int = 1, **search: Any) -> dict[str, Any]:
    sections = {"search": {"space": SPACE, **TOP, **search}, "training": {"batch_size": 16}}
    return document(folder, **sections, resources={"launcher": "local", "parallelism": parallelism})


def paused_lines(result: StudyResult) -> list[tuple[int, int]]:
    """Trial and first epoch of each segment that was paused."""
    lines = map(json.loads, (result.directory / "ledger.jsonl").read_text().splitlines())
    return [(line["result"]["trial"], line["start"]) for line in lines if line.get("event") == "paused"]


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> StudyResult:
    """Six trials for one epoch, the best two for six, shown in MLflow."""
    return tune(study(tmp_path_factory.mktemp("top"), parallelism=2), data=data())


def test_the_best_train_to_the_end_and_the_others_are_pruned(pruned: StudyResult) -> None:
    assert pruned.summary["states"] == {"COMPLETE": 2, "PRUNED": 4}
    assert pruned.summary["stopped"] is None
    results = Ledger.read(pruned.directory).results
    after_one = {n: r.history["val_accuracy"][0] for n, r in results.items()}
    best = sorted(after_one, key=lambda number: (-after_one[number], number))[:2]
    assert {n: r.epochs for n, r in results.items()} == {n: 6 if n in best else 1 for n in results}
    table = pruned.trials.set_index("trial")
    assert set(table.index[table["state"] == "COMPLETE"]) == set(best)
    assert table["value"].notna().sum() == 2
    assert set(table["attempts"]) == {1}
    assert pruned.best.trial in best
    assert not (pruned.directory / "checkpoints").exists()
    assert sorted(paused_lines(pruned)) == [(n, 0) for n in range(6)]


def test_pruned_trials_are_shown_as_such(pruned: StudyResult) -> None:
    client = mlflow.MlflowClient(pruned.spec.tracking.uri)
    experiment = client.get_experiment_by_name("small")
    runs = client.search_runs([experiment.experiment_id], "tags.`sparktune.state` = 'PRUNED'")
    assert {run.info.status for run in runs} == {"KILLED"}
    assert len(runs) == 4
    assert {run.data.params["epochs"] for run in runs} == {"6"}
    assert all(len(client.get_metric_history(run.info.run_id, "val_loss")) == 1 for run in runs)
    assert all("pruned after epoch 1" in run.data.tags["sparktune.stopped"] for run in runs)
    record = read_study(pruned.directory)
    states = [trial.state for trial in record.trials]
    assert states.count(TrialState.PRUNED) == 4
    assert sum(len(trial.executions) for trial in record.trials) == 6 + 2
    assert "4 pruned" in (pruned.directory / "report.html").read_text()


class Interrupted(Exception):
    """Stands for the end of a driver."""


KILLED_DRIVER = """
import json, os, signal, sys
from studies import data
from sparktune.study import tune

seen = []
def end(progress):
    seen.append(progress)
    if len(seen) == 7:
        os.kill(os.getpid(), signal.SIGKILL)

tune(json.loads(sys.argv[1]), data=data(), offline=True, on_progress=end)
"""


def assert_resumes(folder: Path, pruned: StudyResult) -> None:
    """The interrupted study ends as the other one, and no segment that had ended is trained again."""
    before = Ledger.read(folder / "studies/small").results
    result = tune(study(folder), data=data(), offline=True)
    columns = ["trial", "state", "value", "params.neurons", "params.learning_rate"]
    assert result.trials[columns].equals(pruned.trials[columns])
    one, other = Ledger.read(result.directory).results, Ledger.read(pruned.directory).results
    assert {n: r.history for n, r in one.items()} == {n: r.history for n, r in other.items()}
    assert sorted(paused_lines(result)) == [(n, 0) for n in range(6)]
    assert {n: one[n] for n in before} == before
    assert not (result.directory / "checkpoints").exists()


@pytest.mark.fault("driver SIGKILLed while a pruner decides")
def test_a_killed_driver_changes_nothing(pruned: StudyResult, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED_DRIVER, json.dumps(study(tmp_path, parallelism=2))]
    driver = subprocess.run(command, capture_output=True, timeout=120)
    assert driver.returncode == -signal.SIGKILL, driver.stderr
    assert_resumes(tmp_path, pruned)


@pytest.mark.fault("driver SIGKILLed while a pruner decides")
@pytest.mark.parametrize("results", [3, 10])
def test_a_driver_that_ends_anywhere_changes_nothing(pruned: StudyResult, tmp_path, results: int) -> None:
    seen: list[TrialState] = []

    def end(progress: Any) -> None:
        seen.append(progress.result.state)
        if len(seen) == results:
            raise Interrupted

    with pytest.raises(Interrupted):
        tune(study(tmp_path), data=data(), offline=True, on_progress=end)
    assert_resumes(tmp_path, pruned)


def test_trials_without_checkpoints_are_pruned_as_well(pruned: StudyResult, tmp_path: Path) -> None:
    spec = study(tmp_path)
    result = tune({**spec, "output": {**spec["output"], "checkpoint_limit": 0}}, data=data(), offline=True)
    assert result.trials[["state", "value"]].equals(pruned.trials[["state", "value"]])
    notes = {r.notes.checkpoint for r in Ledger.read(result.directory).results.values()}
    assert all("checkpoint_limit is 0" in str(note) for note in notes)


def learning(folder: Path) -> dict[str, Any]:
    """Ten trials that TPE proposes one after another, from the third on by what it has learnt."""
    asha = {"pruner": "asha", "reduction": 2, "max_epochs": 4, "pruner_options": {"type": "stopping"}}
    space = {"neurons": {"low": 1, "high": 16}, "learning_rate": {"low": 1e-4, "high": 0.1, "log": True}}
    search = {"sampler": "tpe", "trials": 10, "options": {"n_startup_trials": 2}, "space": space, **asha}
    resources = {"launcher": "local", "parallelism": 1}
    return document(folder, search=search, training={"batch_size": 16}, resources=resources)


def test_a_sampler_that_learns_proposes_the_same_after_an_interruption(tmp_path: Path) -> None:
    whole = tune(learning(tmp_path / "whole"), data=data(), offline=True)
    assert set(whole.summary["states"]) == {"COMPLETE", "PRUNED"}
    seen: list[TrialState] = []

    def end(progress: Any) -> None:
        seen.append(progress.result.state)
        if seen.count(TrialState.PRUNED) == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        tune(learning(tmp_path / "parts"), data=data(), offline=True, on_progress=end)
    parts = tune(learning(tmp_path / "parts"), data=data(), offline=True)
    columns = ["trial", "state", "value", "params.neurons", "params.learning_rate"]
    assert parts.trials[columns].equals(whole.trials[columns])
    assert sorted(paused_lines(parts)) == sorted(paused_lines(whole))


def left_at_a_rung(trial: int, value: float) -> TrialResult:
    history = {"val_accuracy": [value]}
    paused = TrialResult(trial, {"neurons": 2}, TrialState.PAUSED, history=history)
    return replace(paused, timings={"train": 100.0}, stood_still=30.0)


@contextmanager
def pruning_of(folder: Path) -> Iterator[tuple[Ledger, Pruning]]:
    spec = parse_spec(learning(folder))
    pruner = build_pruner(spec.search)
    assert pruner is not None
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    with Ledger.open(folder / "ledger", spec, "data", "maximize") as ledger:
        yield ledger, Pruning(pruner, ledger)


def test_a_trial_that_waits_does_so_after_an_interruption(tmp_path: Path) -> None:
    """With `stopping` it would end there now, as another one is COMPLETE."""
    with pruning_of(tmp_path) as (ledger, pruning):
        decisions = []
        for trial, value in enumerate((0.9, 0.8, 0.1)):
            result = ledger.record(left_at_a_rung(trial, value))
            decisions.append(pruning.decide(result, 1, list))
        assert decisions == [Decision.CONTINUE, Decision.PAUSE, Decision.PAUSE]
        done = replace(left_at_a_rung(0, 0.9), state=TrialState.COMPLETE, value=0.9, model=b"model")
        ledger.record(done)
        ledger.record(left_at_a_rung(3, 0.2))  # the driver ends before it decides
    with pruning_of(tmp_path) as (_, pruning):
        again = {r.trial: pruning.decide(r, r.epochs, list) for r in pruning.earlier}
        assert again == {1: Decision.CONTINUE, 2: Decision.PAUSE, 3: Decision.STOP}


def test_a_pruned_trial_has_taken_what_its_segments_have(tmp_path: Path) -> None:
    with pruning_of(tmp_path) as (ledger, pruning):
        paused = ledger.record(left_at_a_rung(0, 0.9))
        pruned = ledger.record(pruning.end(paused))
    assert (pruned.state, pruned.seconds, pruned.stood_still) == (TrialState.PRUNED, 100.0, 30.0)
    assert pruned.counted_seconds == paused.counted_seconds == 70.0


def test_paused_trials_are_promoted_while_others_begin(tmp_path: Path) -> None:
    search = {"pruner": "asha", "reduction": 2, "max_epochs": 4, "keep": None}
    result = tune(study(tmp_path, parallelism=2, **search), data=data(), offline=True)
    epochs = {n: r.epochs for n, r in Ledger.read(result.directory).results.items()}
    assert set(epochs.values()) == {1, 2, 4}
    assert {n for n in epochs if epochs[n] == 4} == set(result.trials.query("state == 'COMPLETE'")["trial"])


@pytest.mark.parametrize("pruner", ["hyperband", "pasha"])
def test_what_halves_goes_on_after_an_interruption(pruned: StudyResult, tmp_path: Path, pruner: str) -> None:
    search = {"pruner": pruner, "reduction": 2, "max_epochs": 4, "keep": None}
    seen: list[TrialState] = []

    def end(progress: Any) -> None:
        seen.append(progress.result.state)
        if len(seen) == 5:
            raise Interrupted

    with pytest.raises(Interrupted):
        tune(study(tmp_path, **search), data=data(), offline=True, on_progress=end)
    result = tune(study(tmp_path, **search), data=data(), offline=True)
    results = Ledger.read(result.directory).results
    assert {r.epochs for r in results.values()} == {1, 2, 4}
    assert result.summary["states"]["COMPLETE"] == sum(r.epochs == 4 for r in results.values())
    assert len(set(paused_lines(result))) == len(paused_lines(result)), "no segment was trained twice"
    for number, other in Ledger.read(pruned.directory).results.items():
        both = min(other.epochs, results[number].epochs)
        assert results[number].history["val_loss"][:both] == other.history["val_loss"][:both]


def test_an_object_may_be_given(tmp_path: Path) -> None:
    spec = study(tmp_path, pruner=None, keep=None, max_epochs=3, space={"neurons": [2, 4]})
    result = tune(spec, data=data(), offline=True, pruner=TopPruner(keep=1))
    assert result.summary["states"] == {"COMPLETE": 1, "PRUNED": 1}
    assert result.best.epoch is not None
    assert len(result.best.history["loss"]) == 3


def test_a_pruner_may_be_added_to_a_study_and_taken_from_it(tmp_path: Path) -> None:
    space = {"neurons": [2, 4], "learning_rate": {"low": 0.003, "high": 0.1}}
    alone = {"space": space, "sampler": "random", "trials": 2}
    plain = study(tmp_path, pruner=None, keep=None, max_epochs=None, **alone)
    plain["training"] = {**plain["training"], "epochs": 6}
    waiting: list[int] = []
    tune(plain, data=data(), offline=True)
    result = tune(
        study(tmp_path, **{**alone, "trials": 4}, keep=1),
        data=data(),
        offline=True,
        on_progress=lambda p: waiting.append(p.waiting),
    )
    assert waiting[:2] == [1, 2], "both new trials have reached the rung"
    assert sum(result.summary["states"].values()) == 4
    assert result.summary["states"]["PRUNED"] >= 1
    plain["search"]["trials"] = 5
    again = tune(plain, data=data(), offline=True)
    epochs = {n: r.epochs for n, r in Ledger.read(again.directory).results.items()}
    assert (epochs[0], epochs[1], epochs[4]) == (6, 6, 6)
    assert again.summary["states"]["PRUNED"] == result.summary["states"]["PRUNED"]


def test_epochs_belong_to_the_pruner(tmp_path: Path) -> None:
    space = {"epochs": [1, 2]}
    with pytest.raises(SpecError, match=r"must not be searched where max_epochs is set"):
        tune(study(tmp_path, space=space), data=data())
    with pytest.raises(InputError, match="must not be searched beside a pruner"):
        tune(document(tmp_path, search={"space": space}), data=data(), pruner=TopPruner(keep=1))
    with pytest.raises(SpecError, match=r"is required beside a pruner.*\(search\.max_epochs\)"):
        tune(study(tmp_path, max_epochs=None), data=data())
    with pytest.raises(SpecError, match=r"keep has no effect without a pruner"):
        tune(study(tmp_path, pruner=None), data=data())
    with pytest.raises(SpecError, match=r"min_epochs must be < max_epochs 6"):
        tune(study(tmp_path, min_epochs=6), data=data())
    with pytest.raises(InputError, match=r"pruner must be an object of a sparktune\.Pruner"):
        tune(study(tmp_path), data=data(), pruner="top")
    assert not (tmp_path / "studies").exists()
