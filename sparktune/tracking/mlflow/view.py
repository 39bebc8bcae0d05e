"""The table of a study's runs in MLflow's web page: its address, and the view of it that the address opens.

MLflow keeps a shared view of an experiment's runs as JSON in a tag of the experiment. A web page of another
version that does not know this form says so and shows its usual table.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sparktune.spec import StudySpec
from sparktune.summary import Objective
from sparktune.tracking.mlflow.best import BEST, PARETO
from sparktune.tracking.mlflow.text import mlflow_key, objective_key

LOCAL_SERVER = "http://127.0.0.1:5000"  # where `mlflow ui` listens
TRAINING = "?workflowType=machine_learning"  # else MLflow may show the menu for language models
VIEW_TAG = "mlflow.sharedViewState."
SECTION = {"uuid": "search", "name": "Search", "display": True, "isReordered": False, "columns": 1}
MOST_PARAMS = 12  # columns and axes; the tag takes 5,000 characters
MOST_CHARACTERS = 60  # of their names


def runs_page(experiment_id: str, study_id: str) -> str:
    """The path of the page, after the server's address: all runs of the study, the best trial first."""
    return f"/#/experiments/{experiment_id}/runs{TRAINING}&viewStateShareKey={study_id}"


def run_page(experiment_id: str, run_id: str) -> str:
    """The path of one run's page, after the server's address."""
    return f"/#/experiments/{experiment_id}/runs/{run_id}{TRAINING}"


def server_of(tracking_uri: str) -> str | None:
    """The address of the web page that shows what is written to `tracking_uri`; None where it is elsewhere.

    That of `mlflow ui` for a database, which has no server of its own.
    """
    scheme = urlsplit(tracking_uri).scheme
    if scheme in ("http", "https"):
        return tracking_uri.rstrip("/")
    return None if scheme.startswith("databricks") or tracking_uri == "databricks" else LOCAL_SERVER


def view_tag(spec: StudySpec, study_id: str, objective: Objective) -> tuple[str, str]:
    """The experiment's tag that keeps the view: its key and its value.

    The table has no nesting, as sorted tables have none: trials by the objective, then the study's own run.
    Beside it, as charts: parallel coordinates of all trials, and the objective by epoch of the best ten.
    """
    names = [mlflow_key(name) for name in spec.search.space if len(name) <= MOST_CHARACTERS]
    params = names[:MOST_PARAMS]
    state = {
        "searchFilter": f"tags.`sparktune.study_id` = '{study_id}'",
        "orderByKey": "metrics.`objective`",
        "orderByAsc": objective.direction == "minimize",
        "selectedColumns": [
            *("metrics.`objective`", f"tags.`{BEST}`", "attributes.`Models`"),
            *_columns_of_several(objective),
            *(f"params.`{name}`" for name in params),
        ],
        "compareRunCharts": list(_charts(params, objective)),
        "compareRunSections": [SECTION],
    }
    return VIEW_TAG + study_id, json.dumps(state)


def _columns_of_several(objective: Objective) -> Iterator[str]:
    """The values of several objectives, and which runs are those of the front."""
    for metric in objective.metrics:
        yield f"metrics.`{mlflow_key(objective_key(metric.metric))}`"
    if objective.metrics:
        yield f"tags.`{PARETO}`"


def _charts(params: list[str], objective: Objective) -> Iterator[dict[str, Any]]:
    shared = {
        "deleted": False,
        "isGenerated": False,
        "metricSectionId": SECTION["uuid"],
        "runsCountToCompare": 10,
    }
    yield {
        **shared,
        "type": "PARALLEL",
        "uuid": "parallel",
        "selectedParams": params,
        "selectedMetrics": ["objective"],
        "showAllRuns": True,
    }
    yield {
        **shared,
        "type": "LINE",
        "uuid": "curves",
        "metricKey": objective.metric,
        "selectedMetricKeys": [objective.metric],
        "xAxisKey": "step",
        "scaleType": "linear",
        "lineSmoothness": 0,
    }
