"""The experiment that holds a study's runs, the search for those runs, and what they already show."""

from collections import defaultdict
from typing import TYPE_CHECKING

from sparktune.tracking.mlflow.address import sqlite_file
from sparktune.tracking.mlflow.entries import ATTEMPT, PARENT, STATE, STUDY_ID, TRIAL, Entry

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PER_PAGE = 1000
# With this tag MLflow's web page shows training runs, not agents.
KIND = {"mlflow.experimentKind": "custom_model_development"}


def open_experiment(client: "MlflowClient", uri: str, name: str) -> str:
    """The id of the experiment of this name; creates it where there is none, and restores a deleted one.

    With an sqlite file, artefacts are stored beside that file, not in the working directory. Raises MLflow's
    error where another study creates the experiment at the same moment; a second call then finds it.
    """
    if (found := client.get_experiment_by_name(name)) is None:
        database = sqlite_file(uri)
        place = str(database.absolute().parent / "mlruns" / name.lstrip("/")) if database else None
        return str(client.create_experiment(name, artifact_location=place, tags=KIND))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def find_runs(
    client: "MlflowClient", experiment_id: str, study_id: str, number: int | None = None
) -> dict[int | None, list["Run"]]:
    """The runs of a study by trial number (None: its own), oldest first. With `number` only that trial's."""
    one = "" if number is None else f" and tags.`{TRIAL}` = '{number}'"
    runs: dict[int | None, list[Run]] = defaultdict(list)
    token: str | None = None
    while True:
        page = client.search_runs(
            [experiment_id],
            f"tags.`{STUDY_ID}` = '{study_id}'{one}",
            max_results=PER_PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        for run in page:
            runs[int(run.data.tags[TRIAL]) if TRIAL in run.data.tags else None].append(run)
        if not (token := page.token):
            return runs


def is_complete(run: "Run", entry: Entry, parent: str | None) -> bool:
    """Whether a run, nested in the run `parent`, has everything of the entry of an ended trial."""
    if entry.status == "RUNNING":
        return False
    tags = run.data.tags
    shown = (run.info.status, tags.get(STATE), tags.get(ATTEMPT, "1"), tags.get(PARENT))
    if shown != (entry.status, entry.tags[STATE], entry.tags.get(ATTEMPT, "1"), parent):
        return False
    missing = (
        entry.params.items() - run.data.params.items(),
        entry.latest().items() - run.data.metrics.items(),
    )
    return not any(missing)
