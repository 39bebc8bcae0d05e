"""One objective, or several: what the section takes, and what it refuses."""

from typing import Any

import pytest

from sparktune.errors import SpecError
from sparktune.spec import StudySpec, parse_spec
from sparktune.spec.objective import direction_of

ACCURACY, SIZE = {"metric": "val_accuracy"}, {"metric": "parameters"}
SPACE = {"neurons": {"low": 2, "high": 8}}


def spec(search: dict[str, Any] | None = None, **objective: Any) -> StudySpec:
    return parse_spec({"search": {"space": SPACE, **(search or {})}, "objective": objective})


def test_directions_follow_from_the_metrics() -> None:
    several = spec(
        metrics=[ACCURACY, SIZE, {"metric": "val_mse"}, {"metric": "loss", "direction": "maximize"}]
    )
    assert [(entry.metric, entry.direction) for entry in several.objective.metrics] == [
        ("val_accuracy", "maximize"),
        ("parameters", "minimize"),
        ("val_mean_squared_error", "minimize"),
        ("loss", "maximize"),
    ]
    assert [direction_of(cost) for cost in ("seconds", "bytes")] == ["minimize"] * 2


def test_the_first_one_that_training_measures_is_chosen_where_none_is_named() -> None:
    metrics = [SIZE, {"metric": "val_loss"}, ACCURACY]
    assert spec(metrics=metrics).objective.chosen.metric == "val_loss"
    assert spec(metrics=metrics, choose="val_accuracy").objective.chosen.metric == "val_accuracy"
    assert spec(metric="val_loss").objective.chosen is None


def test_studies_of_one_objective_keep_their_identity() -> None:
    assert spec(metric="val_loss").identity()["objective"] == {"metric": "val_loss", "direction": None}
    assert parse_spec(spec(metrics=[ACCURACY, SIZE]).model_dump(mode="json")) == spec(
        metrics=[ACCURACY, SIZE]
    )


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            {"metrics": [ACCURACY]},
            r"metrics must hold at least 2 metrics, but got \['val_accuracy'\]; set metric",
        ),
        (
            {"metrics": [ACCURACY, SIZE, ACCURACY]},
            r"metric must stand once, but got 'val_accuracy'.*metrics\[2\]",
        ),
        ({"metrics": [ACCURACY, SIZE], "metric": "val_loss"}, "metric has no effect beside metrics"),
        ({"metrics": [ACCURACY, SIZE], "direction": "minimize"}, "direction has no effect beside metrics"),
        ({"choose": "val_loss"}, "choose has no effect without metrics"),
        ({"metrics": [ACCURACY, SIZE], "choose": "val_acuracy"}, "did you mean val_accuracy?"),
        (
            {"metrics": [ACCURACY, SIZE], "choose": "parameters"},
            "best epoch too, but got .*choose val_accuracy",
        ),
        ({"metrics": [SIZE, {"metric": "seconds"}]}, "must hold a metric that training measures"),
        ({"metrics": [ACCURACY, {**SIZE, "direction": "maximize"}]}, "must be minimize for parameters"),
        ({"metrics": [ACCURACY, {**SIZE, "direction": "up"}]}, "must be one of maximize, minimize"),
        ({"metrics": [ACCURACY, {"direction": "minimize"}]}, "metric is required"),
        ({"metrics": [ACCURACY, {"metrik": "loss"}]}, "did you mean metric?"),
        ({"metrics": ACCURACY}, "must be a list"),
    ],
)
def test_what_contradicts_itself_is_refused(objective: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec(**objective)


def test_a_pruner_compares_one_metric_alone() -> None:
    search = {"pruner": "top", "keep": 1, "max_epochs": 3, "trials": 4, "sampler": "random"}
    with pytest.raises(SpecError, match=r"pruner must not be set beside several objectives.*search.pruner"):
        spec(search, metrics=[ACCURACY, SIZE])


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "nsga2", "grid"])
def test_these_samplers_take_several(sampler: str) -> None:
    assert spec({"sampler": sampler, "trials": 4}, metrics=[ACCURACY, SIZE]).search.sampler == sampler


@pytest.mark.parametrize(
    "search",
    [{"sampler": "cmaes"}, {"sampler": "optuna", "options": {"sampler": "optuna.samplers:CmaEsSampler"}}],
)
def test_a_sampler_that_learns_from_one_alone_is_refused(search: dict[str, Any]) -> None:
    with pytest.raises(
        SpecError, match=r"sampler must learn from several objectives \(Optuna says.*tpe, nsga2"
    ):
        spec({**search, "trials": 4}, metrics=[ACCURACY, SIZE])
    assert spec({**search, "trials": 4}).search.sampler == search["sampler"]
