"""A bundle in MLflow: logged, registered, loaded back, and usable without this package."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from sparktune.bundle import Bundle, load_bundle, log_bundle
from sparktune.errors import BundleError, TrackingError
from tests.bundle.mlflow.stores import Store
from tests.bundle.models import inputs


@pytest.fixture(scope="module")
def logged(store: Store, bundles: dict[str, Bundle]) -> tuple[str, str]:
    """The run and the URI of the registered binary model."""
    run = store.run()
    return run, log_bundle(bundles["binary"], store.uri, run, "churn", metrics={"val_loss": 0.25})


def test_every_uri_gives_the_same_bundle(
    store: Store, bundles: dict[str, Bundle], logged: tuple[str, str]
) -> None:
    run, uri = logged
    assert uri == "models:/churn/1"
    for place in ("models:/churn@champion", "models:/churn/1", f"runs:/{run}/model"):
        assert load_bundle(place, store.uri).manifest == bundles["binary"].manifest


def test_the_champion_and_its_logged_model_lead_to_each_other(
    store: Store, bundles: dict[str, Bundle], logged: tuple[str, str]
) -> None:
    run, _ = logged
    version = store.client.get_model_version_by_alias("churn", "champion")
    (model,) = [m for m in store.client.search_logged_models([store.experiment]) if m.source_run_id == run]
    assert f"[logged model](#/experiments/{store.experiment}/models/{model.model_id})" in version.description
    assert json.loads(model.tags["mlflow.modelVersions"]) == [{"name": "churn", "version": "1"}]
    assert [(m.key, m.value, m.step, m.run_id) for m in model.metrics] == [("val_loss", 0.25, 2, run)]
    for text in (version.description, model.tags["mlflow.note.content"]):
        assert 'sparktune.register(spark, "models:/churn@champion", "predict")' in text
    assert store.client.get_registered_model("churn").description.startswith(
        "Predicts whether `label` is yes"
    )


def test_the_model_is_a_keras_model_too(
    store: Store, bundles: dict[str, Bundle], logged: tuple[str, str]
) -> None:
    former = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    try:
        model = mlflow.keras.load_model("models:/churn@champion")
        example = mlflow.pyfunc.load_model("models:/churn@champion").input_example
    finally:
        mlflow.set_tracking_uri(former)
    x = inputs("binary", 3)
    np.testing.assert_allclose(model.predict(x, verbose=0), bundles["binary"].predict(x), atol=1e-5)
    np.testing.assert_allclose(example, inputs("binary", 2), atol=1e-6)


def test_environment_names_the_store(
    store: Store, logged: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    former = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    try:
        assert load_bundle("models:/churn@champion").lineage.trial == 3
    finally:
        monkeypatch.undo()
        mlflow.set_tracking_uri(former)


def test_process_keeps_its_tracking_uri(logged: tuple[str, str]) -> None:
    assert mlflow.get_tracking_uri().endswith("/untouched")


def test_downloads_draw_no_bars(
    store: Store, logged: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    load_bundle(logged[1], store.uri)
    assert "Downloading" not in capfd.readouterr().err
    assert "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR" not in os.environ


def test_download_lives_as_long_as_the_bundle(store: Store, logged: tuple[str, str]) -> None:
    bundle = load_bundle(logged[1], store.uri)
    path = bundle.path
    assert bundle.predict(inputs("binary", 1)).shape == (1, 1)
    del bundle
    assert not path.exists()


def test_model_is_not_logged_twice(store: Store, bundles: dict[str, Bundle], logged: tuple[str, str]) -> None:
    run, uri = logged
    assert log_bundle(bundles["binary"], store.uri, run, "churn") == uri
    models = store.client.search_logged_models([store.experiment], f"source_run_id = '{run}'")
    assert len(models) == 1
    assert len(store.client.search_model_versions("name = 'churn'")) == 1


def test_champion_is_the_last_one_logged(store: Store, bundles: dict[str, Bundle]) -> None:
    log_bundle(bundles["binary"], store.uri, store.run(), "moves")
    log_bundle(bundles["regression"], store.uri, store.run(), "moves")
    assert load_bundle("models:/moves@champion", store.uri).schema.task == "regression"


def test_signature_names_the_columns(store: Store, bundles: dict[str, Bundle]) -> None:
    run = store.run()
    uri = log_bundle(bundles["regression"], store.uri, run)
    assert uri == f"runs:/{run}/model"
    (model,) = [m for m in store.client.search_logged_models([store.experiment]) if m.source_run_id == run]
    assert model.status == "READY"
    folder = Path(model.artifact_location.removeprefix("file://"))
    entry = mlflow.models.Model.load(folder)
    assert entry.signature.inputs.input_names() == ["a", "b"]
    assert [str(kind) for kind in entry.signature.inputs.input_types()] == ["DataType.long", "Any"]
    pins = (folder / "requirements.txt").read_text().split()
    assert f"mlflow=={mlflow.__version__}" in pins
    assert all("==" in pin for pin in pins)


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize(
    "uri", ["models:/nobody@champion", "models:/churn@nobody", "models:/churn/99", "runs:/0123/model"]
)
def test_unknown_models_and_aliases_are_refused_in_one_line(store: Store, uri: str) -> None:
    with pytest.raises(TrackingError, match=f"{uri}' cannot be fetched") as refused:
        load_bundle(uri, store.uri)
    assert "\n" not in str(refused.value)


def test_model_of_another_tool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}")
    with pytest.raises(BundleError, match=r"mlflow\.sklearn"):
        load_bundle(tmp_path)


WITHOUT_THE_PACKAGE = """
import importlib.util, json, sys
import mlflow, numpy as np, pandas as pd
assert importlib.util.find_spec("sparktune") is None
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/churn@champion")
frame = pd.DataFrame(np.array(json.loads(sys.argv[2])), columns=[f"f{i}" for i in range(20)])
print(json.dumps(model.predict(frame)["probability"].tolist()))
"""


def test_mlflow_scores_where_the_package_is_not_installed(
    store: Store, bundles: dict[str, Bundle], logged: tuple[str, str], tmp_path: Path
) -> None:
    x = inputs("binary", 3)
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    command = [sys.executable, "-S", "-c", WITHOUT_THE_PACKAGE, store.uri, json.dumps(x.tolist())]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), bundles["binary"].predict(x)[:, 0], atol=1e-5)


def test_pyfunc_takes_arrays_and_bytes(store: Store, bundles: dict[str, Bundle]) -> None:
    log_bundle(bundles["classes"], store.uri, store.run(), "pixels")
    mlflow_model = mlflow.pyfunc.load_model(str(store.client.get_model_version_download_uri("pixels", "1")))
    x = inputs("classes", 4)
    for pixels in (list(x.reshape(4, 64)), [row.astype("<f4").tobytes() for row in x]):
        answers = mlflow_model.predict(pd.DataFrame({"pixels": pixels}))
        raw = bundles["classes"].predict(x)
        np.testing.assert_allclose(answers["probability"].tolist(), raw, atol=1e-5)
