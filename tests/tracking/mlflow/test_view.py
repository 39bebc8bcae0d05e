"""The address of the table of runs, and what it shows. How it looks is checked by eye, in a browser."""

import json

import pytest

from sparktune.summary import Objective
from sparktune.tracking.mlflow.view import run_page, runs_page, server_of, view_tag
from tests.tracking.studies import OBJECTIVE, study_spec


def test_pages_are_those_of_one_experiment() -> None:
    assert runs_page("3", "1f2e") == (
        "/#/experiments/3/runs?workflowType=machine_learning&viewStateShareKey=1f2e"
    )
    assert run_page("3", "abc") == "/#/experiments/3/runs/abc?workflowType=machine_learning"


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        ("sqlite:///mlflow.db", "http://127.0.0.1:5000"),
        ("https://mlflow.example/", "https://mlflow.example"),
        ("databricks", None),
        ("databricks://profile", None),
    ],
)
def test_the_server_of_a_tracking_uri(uri: str, server: str | None) -> None:
    assert server_of(uri) == server


def test_the_view_has_the_study_sorted_with_columns_and_parallel_coordinates() -> None:
    key, text = view_tag(study_spec("sqlite:///unused.db"), "1f2e", OBJECTIVE)
    view = json.loads(text)
    assert key == "mlflow.sharedViewState.1f2e"
    assert view["searchFilter"] == "tags.`sparktune.study_id` = '1f2e'"
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`objective`", False)
    assert {"params.`neurons`", "params.`learning_rate`", "tags.`best`"} <= set(view["selectedColumns"])
    parallel = view["compareRunCharts"][0]
    assert (parallel["type"], parallel["selectedParams"]) == ("PARALLEL", ["neurons", "learning_rate"])
    assert parallel["showAllRuns"]


def test_several_objectives_have_columns() -> None:
    several = Objective("val_accuracy", "maximize", (OBJECTIVE, Objective("parameters", "minimize")))
    _, text = view_tag(study_spec("sqlite:///unused.db"), "1f2e", several)
    columns = json.loads(text)["selectedColumns"]
    assert {"metrics.`objective.val_accuracy`", "metrics.`objective.parameters`", "tags.`pareto`"} <= set(
        columns
    )


def test_what_is_minimised_comes_in_ascending_order() -> None:
    _, text = view_tag(study_spec("sqlite:///unused.db"), "1f2e", Objective("val_loss", "minimize"))
    assert json.loads(text)["orderByAsc"] is True


def test_a_large_space_stays_within_what_a_tag_takes() -> None:
    model = {"kind": "builder", "builder": "math:sqrt"}
    space = {f"a_name_of_forty_characters_and_a_number_{n}": [1, 2] for n in range(50)}
    spec = study_spec(
        "sqlite:///unused.db", model=model, search={"space": space, "trials": 2, "sampler": "random"}
    )
    assert len(view_tag(spec, "1f2e", OBJECTIVE)[1]) <= 5000
