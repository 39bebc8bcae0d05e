"""A bundle as a logged model of an MLflow run, with its metrics and its description."""

import json
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.mlflow.model import write_mlmodel
from sparktune.temporary import driver_folder

ARTIFACT = "model"
TAG = "sparktune.bundle"
NOTE = "mlflow.note.content"
VERSIONS = "mlflow.modelVersions"  # by this tag MLflow's page of a logged model finds its versions


def log_model(client: Any, bundle: Bundle, run_id: str, text: str) -> Any:
    """The logged model of the run that is this very bundle; an upload that broke off is done again.

    `text` is its description.
    """
    run = client.get_run(run_id)
    model = _begun(client, bundle, run) or client.create_logged_model(
        run.info.experiment_id,
        name=ARTIFACT,
        source_run_id=run_id,
        tags={TAG: bundle.manifest.digest},
        params={name: str(value) for name, value in bundle.lineage.params.items()},
    )
    add_output(client, run, model.model_id, bundle.lineage.epoch)
    if model.status != "READY":
        with tempfile.TemporaryDirectory(dir=driver_folder()) as folder:
            write_mlmodel(bundle, Path(folder) / ARTIFACT, run_id, model)
            client.log_model_artifacts(model.model_id, str(Path(folder) / ARTIFACT))
        client.finalize_logged_model(model.model_id, "READY")
    if NOTE not in model.tags:
        client.set_logged_model_tags(model.model_id, {NOTE: text})
    return model


def add_output(client: Any, run: Any, model_id: str, step: int) -> None:
    """Show the model as an output of a run, once."""
    from mlflow.entities import LoggedModelOutput

    outputs = run.outputs.model_outputs if run.outputs else []
    if model_id not in [output.model_id for output in outputs]:
        client.log_outputs(run.info.run_id, [LoggedModelOutput(model_id, step=step)])


def log_metrics(client: Any, model_id: str, run_id: str, metrics: Mapping[str, float], step: int) -> None:
    """Log metrics of the model in a run, at the epoch `step`, as measured on the data set of its own run.

    Those that it has already are left alone, and a point that the run has is not doubled.
    """
    from mlflow.entities import Metric

    model = client.get_logged_model(model_id)
    known = {metric.key for metric in model.metrics or []}
    now, measured_on = time.time_ns() // 1_000_000, _dataset(client, model.source_run_id)
    fresh = []
    for name, value in metrics.items():
        if name in known or not math.isfinite(value):
            continue
        points = client.get_metric_history(run_id, name)
        at_ms = next((p.timestamp for p in points if (p.step, p.value) == (step, value)), now)
        fresh.append(Metric(name, value, at_ms, step, model_id=model_id, **measured_on))
    if fresh:
        client.log_batch(run_id, fresh)


def _dataset(client: Any, run_id: str) -> dict[str, str]:
    """What names the data set of a run in its metrics; nothing where the run has none."""
    inputs = client.get_run(run_id).inputs
    used = [given.dataset for given in inputs.dataset_inputs] if inputs else []
    return {"dataset_name": used[0].name, "dataset_digest": used[0].digest} if used else {}


def link_version(client: Any, model_id: str, name: str, version: str) -> None:
    """Say on the model's page that it is this version of a registered model, as MLflow's `register_model`."""
    tags = client.get_logged_model(model_id).tags
    versions = json.loads(tags.get(VERSIONS, "[]"))
    if {"name": name, "version": version} not in versions:
        text = json.dumps([*versions, {"name": name, "version": version}])
        client.set_logged_model_tags(model_id, {VERSIONS: text})


def _begun(client: Any, bundle: Bundle, run: Any) -> Any:
    """The run's model that is, or is to become, this very bundle; None if there is none."""
    query = f"source_run_id = '{run.info.run_id}' AND tags.`{TAG}` = '{bundle.manifest.digest}'"
    found = client.search_logged_models([run.info.experiment_id], query)
    return next((model for model in found if model.status == "READY"), next(iter(found), None))
