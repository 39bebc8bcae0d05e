"""A bundle in MLflow: logged, registered and fetched again. The process's tracking URI is left alone."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.mlflow.description import description, what_it_predicts
from sparktune.bundle.mlflow.logged import ARTIFACT, TAG, add_output, link_version, log_metrics, log_model
from sparktune.errors import TrackingError

ALIAS = "champion"
BARS = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"


def log_bundle(
    bundle: Bundle,
    tracking_uri: str,
    run_id: str,
    registered_model_name: str | None = None,
    *,
    metrics: Mapping[str, float] | None = None,
    trial_run_id: str | None = None,
) -> str:
    """Log a bundle to a run as the model `model`; with a name, register it with alias `champion`.

    The model is a pyfunc and, where the bundle holds a `.keras` file, a Keras model. It has a signature by
    column, an example of its input, a description and pinned requirements, and brings this package's code
    along. A run or a registered model that has this very bundle is not given it twice; what broke off before
    is completed.

    Args:
        bundle: the bundle.
        tracking_uri: MLflow's server or database.
        run_id: the run that the model belongs to.
        registered_model_name: the name to register it under.
        metrics: the model's metrics by name.
        trial_run_id: the run of the trial that trained the model, which shows it too and gets the metrics.

    Returns:
        `models:/NAME/VERSION` where it is registered, else `runs:/RUN_ID/model`.

    Raises:
        TrackingError: MLflow refuses or does not answer.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    try:
        name, epoch = registered_model_name, bundle.lineage.epoch
        uri = f"models:/{name}@{ALIAS}" if name else f"runs:/{run_id}/{ARTIFACT}"
        text = description(bundle.manifest, metrics or {}, uri)
        model = log_model(client, bundle, run_id, text)
        if trial_run_id is not None:
            add_output(client, client.get_run(trial_run_id), model.model_id, epoch)
        log_metrics(client, model.model_id, trial_run_id or run_id, metrics or {}, epoch)
        runs = [run_id] if trial_run_id is None else [trial_run_id, run_id]
        return _register(client, bundle, runs, model, name, text) if name else uri
    except MlflowException as error:
        raise TrackingError(
            f"the bundle {str(bundle.path)!r} cannot be logged to MLflow at {tracking_uri!r}: {error}; "
            "the bundle itself is complete, log it again when the server answers"
        ) from error


def download(uri: str, folder: Path, tracking_uri: str | None = None) -> Path:
    """Fetch the MLflow model at `uri` into `folder`.

    Raises:
        TrackingError: MLflow does not answer or does not know the model.
    """
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        with _without_bars():
            place = download_artifacts(_place(client, uri), dst_path=str(folder), tracking_uri=tracking_uri)
    except (MlflowException, OSError) as error:
        where = tracking_uri or "MLFLOW_TRACKING_URI"
        raise TrackingError(
            f"the model {uri!r} cannot be fetched from {where}: {error}; check the name and the tracking URI"
        ) from error
    return Path(place)


@contextmanager
def _without_bars() -> Iterator[None]:
    """MLflow draws no progress bars meanwhile, unless the environment asks for them."""
    given = BARS in os.environ
    os.environ.setdefault(BARS, "false")
    try:
        yield
    finally:
        if not given:
            os.environ.pop(BARS, None)


def _place(client: Any, uri: str) -> str:
    """Where a model's files lie; MLflow would look half of the URIs up at the process's own tracking URI."""
    scheme, _, path = uri.partition(":/")
    name, _, version = path.strip("/").rpartition("/")
    if scheme == "runs":
        return _place_in_run(client, *path.strip("/").split("/", 1))
    if scheme != "models":
        return uri
    if "@" in version and not name:
        name, _, alias = version.rpartition("@")
        version = client.get_model_version_by_alias(name, alias).version
    if not name:
        return str(client.get_logged_model(version).artifact_location)
    return _place(client, str(client.get_model_version_download_uri(name, version)))


def _place_in_run(client: Any, run_id: str, name: str = ARTIFACT) -> str:
    run = client.get_run(run_id)
    models = [client.get_logged_model(m.model_id) for m in (run.outputs.model_outputs if run.outputs else [])]
    named = [str(model.artifact_location) for model in models if model.name == name]
    return named[-1] if named else f"{run.info.artifact_uri.rstrip('/')}/{name}"


def _register(client: Any, bundle: Bundle, runs: list[str], model: Any, name: str, text: str) -> str:
    """Make the logged model a version of the registered model, and its champion; gives the version's URI.

    The version belongs to the first of the runs; one that belongs to any of them is not made again.
    """
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description=what_it_predicts(bundle.schema))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    digest = bundle.manifest.digest
    versions = client.search_model_versions(f"name = '{name}'")
    same = [v.version for v in versions if v.tags.get(TAG) == digest and v.run_id in runs]
    number = same[0] if same else _new_version(client, name, runs[0], model, digest, text)
    link_version(client, model.model_id, name, number)
    client.set_registered_model_alias(name, ALIAS, number)
    return f"models:/{name}/{number}"


def _new_version(client: Any, name: str, run_id: str, model: Any, digest: str, text: str) -> str:
    """A new version of the registered model.

    A database store would look `models:/ID` up at the process's own tracking URI, so it gets the files'
    place.
    """
    remote = str(client.tracking_uri).startswith(("http", "databricks"))
    source = f"models:/{model.model_id}" if remote else model.artifact_location
    page = f"#/experiments/{model.experiment_id}/models/{model.model_id}"
    made = client.create_model_version(
        name,
        source,
        run_id=run_id,
        tags={TAG: digest},
        description=f"{text}\n\nMetrics, signature and an example of the input: [logged model]({page}).",
        model_id=model.model_id,
    )
    return str(made.version)
