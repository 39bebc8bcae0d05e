"""What a study would do, without starting it."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.data import load_dataset
from sparktune.errors import DataError, InputError, LaunchError, SpecError, StudyDirectoryError, TrackingError
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec
from sparktune.study.plan import plan_study
from sparktune.trial import TrialResult, TrialState


@pytest.fixture
def sections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPARK_MASTER", raising=False)
    x = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    np.savez(tmp_path / "rows.npz", x=x, y=np.where(x[:, 0] > 0, "up", "down"))
    return {
        "study": {"name": "planned"},
        "data": {"source": "npz", "path": "rows.npz", "label": "y", "validation": {"last": 20}},
        "search": {"space": {"neurons": [2, 4, 8]}},
        "resources": {"launcher": "local", "parallelism": 1},
    }


def test_a_plan_says_what_would_run_and_writes_nothing(sections: dict[str, Any], tmp_path: Path) -> None:
    plan = plan_study(StudySpec(**sections))
    assert (plan.trials, plan.done, plan.launcher, plan.slots) == (3, 0, "local", 1)
    assert (plan.rows, plan.bytes) == ({"train": 80, "validation": 20}, 100 * 3 * 4 + 100 * 4)
    assert [(f.name, f.dtype, f.shape) for f in plan.features] == [("x", "float32", (3,))]
    assert (plan.label, plan.task, plan.classes) == ("y", "binary", ("down", "up"))
    assert (plan.objective.metric, plan.objective.direction) == ("val_accuracy", "maximize")
    record = json.loads(json.dumps(plan.to_record()))
    assert (record["directory"], record["objective"]["metric"]) == ("studies/planned", "val_accuracy")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.npz"]


def test_row_weights_may_decide(sections: dict[str, Any]) -> None:
    sections["objective"] = {"metric": "val_weighted_accuracy"}
    with pytest.raises(SpecError, match="metric that training produces"):
        plan_study(StudySpec(**sections))
    rows = dict(np.load("rows.npz"))
    np.savez("rows.npz", **rows, w=np.arange(1, 101))
    sections["data"]["weight"] = "w"
    assert plan_study(StudySpec(**sections)).objective.metric == "val_weighted_accuracy"


def test_a_study_that_goes_on(sections: dict[str, Any]) -> None:
    spec = StudySpec(**sections)
    folder = Path("studies/planned")
    with Ledger.open(folder, spec, load_dataset(spec).digest, "maximize") as ledger:
        ledger.record(TrialResult(0, {"neurons": 2}, TrialState.COMPLETE, 0.5, 1))
        with pytest.raises(StudyDirectoryError, match="in use by a driver"):
            plan_study(spec)
    assert plan_study(spec).done == 1
    with pytest.raises(StudyDirectoryError, match=r"search\.space\.neurons"):
        plan_study(StudySpec(**{**sections, "search": {"space": {"neurons": [2, 4]}}}))


@pytest.mark.parametrize(
    ("section", "values", "error"),
    [
        ("data", {"source": "npz", "path": "nowhere.npz"}, DataError),
        ("objective", {"metric": "val_acuracy"}, SpecError),
        ("tracking", {"uri": "folder"}, TrackingError),
        ("data", {"source": "arrays"}, DataError),
    ],
)
def test_what_tune_refuses_is_refused(
    sections: dict[str, Any], section: str, values: dict[str, Any], error: type[InputError]
) -> None:
    spec = StudySpec(**{**sections, section: values})
    with pytest.raises(error):
        plan_study(spec)


def test_an_unreachable_mlflow_does_not_matter_offline(sections: dict[str, Any]) -> None:
    spec = StudySpec(**{**sections, "tracking": {"uri": "http://127.0.0.1:9"}})
    assert plan_study(spec, offline=True).trials == 3


def test_what_has_no_effect_is_said(sections: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "sparktune"):
        plan_study(StudySpec(**{**sections, "resources": {"launcher": "local", "parallelism": 10_000}}))
    assert "resources.parallelism 10000 has no effect" in caplog.text


@pytest.mark.parametrize(
    ("master", "cpus", "slots"), [("local[4]", 1, 4), ("local[4,3]", 2, 2), ("spark://host:7077", 1, None)]
)
def test_slots_on_spark(
    sections: dict[str, Any], monkeypatch: pytest.MonkeyPatch, master: str, cpus: int, slots: int | None
) -> None:
    monkeypatch.setenv("SPARK_MASTER", master)
    plan = plan_study(StudySpec(**{**sections, "resources": {"cpus": cpus}}))
    assert (plan.launcher, plan.slots) == ("spark", slots)


def test_without_java_nothing_runs_on_spark(
    sections: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(LaunchError, match="Spark needs Java"):
        plan_study(StudySpec(**{**sections, "resources": {"launcher": "spark"}}))
    assert plan_study(StudySpec(**sections)).launcher == "local"
