"""A bundle in MLflow: logged, registered and fetched again. The process's tracking URI is left alone."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.mlflow.model import write_mlmodel
from sparktune.errors import TrackingError

ALIAS = "champion"
BARS = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
ARTIFACT = "model"
TAG = "sparktune.bundle"


def log_bundle(
    bundle: Bundle, tracking_uri: str, run_id: str, registered_model_name: str | None = None
) -> str:
    """Log a bundle to a run as the pyfunc model `model`; with a name, register it with alias `champion`.

    The model has a signature by column and pinned requirements, and brings this package's code along. A run
    or a registered model that has this very bundle is not given it twice; what broke off before is completed.

    Returns:
        `models:/NAME/VERSION` where it is registered, else `runs:/RUN_ID/model`.

    Raises:
        TrackingError: MLflow refuses or does not answer.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    try:
        model_id = _log(client, bundle, run_id)
        if registered_model_name is None:
            return f"runs:/{run_id}/{ARTIFACT}"
        return _register(client, bundle, run_id, model_id, registered_model_name)
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


def _log(client: Any, bundle: Bundle, run_id: str) -> str:
    """The id of the run's model that is this very bundle; an upload that broke off is done again."""
    from mlflow.entities import LoggedModelOutput

    run = client.get_run(run_id)
    model = _begun(client, bundle, run) or _begin(client, bundle, run)
    if model.status == "READY":
        return str(model.model_id)
    outputs = run.outputs.model_outputs if run.outputs else []
    if model.model_id not in [output.model_id for output in outputs]:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=bundle.lineage.epoch)])
    with tempfile.TemporaryDirectory() as folder:
        write_mlmodel(bundle, Path(folder) / ARTIFACT, run_id, model)
        client.log_model_artifacts(model.model_id, str(Path(folder) / ARTIFACT))
    client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def _begun(client: Any, bundle: Bundle, run: Any) -> Any:
    """The run's model that is, or is to become, this very bundle; None if there is none."""
    query = f"source_run_id = '{run.info.run_id}' AND tags.`{TAG}` = '{bundle.manifest.digest}'"
    found = client.search_logged_models([run.info.experiment_id], query)
    return next((model for model in found if model.status == "READY"), next(iter(found), None))


def _begin(client: Any, bundle: Bundle, run: Any) -> Any:
    return client.create_logged_model(
        run.info.experiment_id,
        name=ARTIFACT,
        source_run_id=run.info.run_id,
        tags={TAG: bundle.manifest.digest},
        params={name: str(value) for name, value in bundle.lineage.params.items()},
    )


def _register(client: Any, bundle: Bundle, run_id: str, model_id: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    digest = bundle.manifest.digest
    versions = client.search_model_versions(f"name = '{name}'")
    same = [v.version for v in versions if v.tags.get(TAG) == digest and v.run_id == run_id]
    number = same[0] if same else _new_version(client, name, run_id, model_id, digest)
    client.set_registered_model_alias(name, ALIAS, number)
    return f"models:/{name}/{number}"


def _new_version(client: Any, name: str, run_id: str, model_id: str, digest: str) -> str:
    """A new version of the registered model.

    A database store would look `models:/ID` up at the process's own tracking URI, so it gets the files'
    place.
    """
    remote = str(client.tracking_uri).startswith(("http", "databricks"))
    source = f"models:/{model_id}" if remote else client.get_logged_model(model_id).artifact_location
    made = client.create_model_version(name, source, run_id=run_id, tags={TAG: digest}, model_id=model_id)
    return str(made.version)
