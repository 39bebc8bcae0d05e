"""Studies whose trials hang, eat memory or fail: what becomes of them, and of the study."""

from pathlib import Path
from typing import Any

import mlflow
import pytest
from pyspark.sql import SparkSession
from studies import data, document

from sparktune.errors import InputError, StudyFailed
from sparktune.ledger import Ledger
from sparktune.study import tune

pytestmark = pytest.mark.usefixtures("fork_server")


def study(folder: Path, *deeds: str, **resources: Any) -> dict[str, Any]:
    return document(
        folder,
        model={"builder": "builders:doing"},
        search={"space": {"deed": [*deeds]}},
        resources={"launcher": "local", "parallelism": 2, **resources},
    )


@pytest.mark.parametrize("launcher", ["local", "spark"])
def test_trials_that_pass_their_limits_end_and_the_others_give_the_best_model(
    tmp_path: Path, spark: SparkSession, launcher: str
) -> None:
    deeds = ("hang", "eat_memory", "hold_the_lock", "nothing")
    limits = {"trial_seconds": 6.0, "memory": "400MB"}
    sections = study(tmp_path, *deeds, launcher=launcher, **limits)
    result = tune(sections, spark if launcher == "spark" else None, data=data(), offline=True)
    states = dict(zip(result.trials["params.deed"], result.trials["state"], strict=True))
    assert states == {
        "hang": "TIMED_OUT",
        "eat_memory": "OUT_OF_MEMORY",
        "hold_the_lock": "TIMED_OUT",
        "nothing": "COMPLETE",
    }
    assert result.summary["states"] == {"COMPLETE": 1, "OUT_OF_MEMORY": 1, "TIMED_OUT": 2}
    assert set(result.trials["attempts"]) == {1}
    errors = dict(zip(result.trials["params.deed"], result.trials["error"], strict=True))
    assert "It was in hang (builders.py, line " in errors["hang"]
    assert "eat_memory" in errors["eat_memory"]
    assert result.bundle is not None
    record = Ledger.read(result.directory)
    assert all(6 <= record.results[n].seconds < 12 for n in (0, 2))
    again = tune(sections, data=data(), offline=True)  # nothing is left to train
    assert again.summary["states"] == result.summary["states"]


def test_what_failed_is_trained_again_and_what_is_left_out_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALED", str(tmp_path / "healed"))
    sections = study(tmp_path, "blunder", "nothing", "eat_memory", memory="400MB")
    first = tune(sections, data=data())
    assert list(first.trials["state"]) == ["FAILED", "COMPLETE", "OUT_OF_MEMORY"]
    (tmp_path / "healed").touch()
    assert list(tune(sections, data=data()).trials["state"]) == list(first.trials["state"])
    spent = {**sections, "search": {**sections["search"], "budget": {"epochs": 3}}}
    left = tune(spent, data=data(), retry="failed")  # has no epoch left for it
    assert (left.outcome.stopped, list(left.trials["state"])) == ("epochs", list(first.trials["state"]))
    with pytest.raises(InputError, match="but trial 1 is COMPLETE"):
        tune(sections, data=data(), skip=[1])
    result = tune(sections, data=data(), retry=["failed", "out_of_memory"], skip=[2])
    assert list(result.trials["state"]) == ["COMPLETE", "COMPLETE", "OUT_OF_MEMORY"]
    assert result.bundle is not None  # though its layer prints when the bundle is made
    assert list(result.trials["attempts"]) == [2, 1, 1]
    assert result.trials["error"].isna().tolist() == [True, True, False]
    client = mlflow.MlflowClient(sections["tracking"]["uri"])
    runs = client.search_runs([result.summary["mlflow"]["experiment_id"]])
    ends = {r.data.tags["sparktune.trial"]: r for r in runs if "sparktune.trial" in r.data.tags}
    assert len(ends) == len(runs) - 1 == 3
    assert [ends[n].info.status for n in "012"] == ["FINISHED", "FINISHED", "KILLED"]
    assert [ends[n].data.tags["sparktune.state"] for n in "012"] == ["COMPLETE", "COMPLETE", "OUT_OF_MEMORY"]
    assert "sparktune.error" not in ends["0"].data.tags


def test_a_study_that_only_fails_ends_with_what_it_has_and_goes_on_when_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALED", str(tmp_path / "healed"))
    sections = study(tmp_path, "blunder", parallelism=1)
    sections["search"] = {"space": {"deed": ["blunder"], "size": [*range(9)]}, "failures": 2}
    with pytest.raises(
        StudyFailed, match=r"search.failures trials in a row .*ValueError: .*the deed is bad.*mend"
    ):
        tune(sections, data=data(), offline=True)
    record = Ledger.read(tmp_path / "studies" / "small")
    assert {str(result.state) for result in record.results.values()} == {"FAILED"}
    assert 2 <= len(record.results) < 9  # what has returned is kept
    (tmp_path / "healed").touch()
    patient = {**sections, "search": {**sections["search"], "budget": {"patience": len(record.results)}}}
    tune(patient, data=data(), offline=True, retry="failed")  # what failed before has spent nothing of it
    result = tune(sections, data=data(), offline=True)
    assert result.summary["states"] == {"COMPLETE": 9}
