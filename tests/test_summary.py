"""What `summary.json` holds."""

import json
from dataclasses import replace

import pytest

from sparktune.summary import BestTrial, ClassScore, Objective, ParetoTrial, Reason, Summary
from sparktune.trial import TrialResult, TrialState

BEST = BestTrial(3, {"neurons": 8, "hidden": [4, 2]}, 0.75, 2)
OBJECTIVE = Objective("val_accuracy", "maximize")


def summary(**fields: object) -> Summary:
    return Summary("small", "1f2e", {"COMPLETE": 4}, None, OBJECTIVE, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("told", [summary(), summary(best=BEST, test={"loss": 0.5}, bundle="b", seconds=1.5)])
def test_a_summary_survives_json(told: Summary) -> None:
    assert Summary.from_record(json.loads(json.dumps(told.to_record()))) == told


def test_the_record_has_the_keys_of_the_file() -> None:
    record = summary(best=BEST).to_record()
    assert list(record) == [
        "study", "study_id", "states", "stopped", "objective", "best", "test", "bundle", "mlflow", "seconds"
    ]  # fmt: skip
    assert record["best"] == {"trial": 3, "params": BEST.params, "value": 0.75, "epoch": 2}
    assert record["objective"] == {"metric": "val_accuracy", "direction": "maximize"}


def test_several_objectives_and_their_front_survive_json() -> None:
    metrics = (OBJECTIVE, Objective("parameters", "minimize"))
    front = ParetoTrial(3, BEST.params, {"val_accuracy": 0.75, "parameters": 41}, 2)
    told = replace(summary(best=BEST), objective=replace(OBJECTIVE, metrics=metrics), pareto=(front,))
    record = json.loads(json.dumps(told.to_record()))
    assert Summary.from_record(record) == told
    assert list(record)[-1] == "pareto"
    assert record["objective"] == {
        "metric": "val_accuracy",
        "direction": "maximize",
        "metrics": [
            {"metric": "val_accuracy", "direction": "maximize"},
            {"metric": "parameters", "direction": "minimize"},
        ],
    }
    assert Summary.from_record({**record, "pareto": []}).to_record()["pareto"] == []


def test_figures_by_class_survive_json_and_are_there_where_there_are_classes() -> None:
    told = summary(
        best=BEST, classes=(ClassScore("cat", 3, 0.5, 1.0, 2 / 3), ClassScore("dog", 0, None, None, None))
    )
    record = json.loads(json.dumps(told.to_record()))
    assert Summary.from_record(record) == told
    assert record["classes"][1] == {"name": "dog", "rows": 0, "precision": None, "recall": None, "f1": None}
    assert "classes" not in summary(best=BEST).to_record()


def test_the_best_entry_needs_a_value() -> None:
    assert BestTrial.of(None) is None
    assert BestTrial.of(TrialResult(0, {}, TrialState.FAILED)) is None
    assert BestTrial.of(TrialResult(3, BEST.params, TrialState.COMPLETE, 0.75, 2)) == BEST


@pytest.mark.parametrize(
    ("stopped", "states", "best", "status"),
    [
        (None, {"COMPLETE": 1, "PRUNED": 1}, BEST, "FINISHED"),
        (None, {"FAILED": 2}, None, "FAILED"),
        (None, {"COMPLETE": 1, "KILLED": 1}, BEST, "KILLED"),
        ("timeout", {"COMPLETE": 1}, BEST, "KILLED"),
        ("interrupt", {}, None, "KILLED"),
        ("failures", {"COMPLETE": 1, "FAILED": 3}, BEST, "FAILED"),
    ],
)
def test_the_status_says_how_it_ended(
    stopped: Reason | None, states: dict[str, int], best: BestTrial | None, status: str
) -> None:
    assert Summary("small", "1f2e", states, stopped, OBJECTIVE, best).status == status
