"""MLflow's own Spark function gives the same answers, on scalars and on arrays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from sparktune.bundle import Bundle, log_bundle
from tests.bundle.models import by_keras, inputs


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The process's MLflow store."""
    folder: Path = tmp_path_factory.mktemp("mlflow")
    former = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    MlflowClient().create_experiment("study", artifact_location=(folder / "files").as_uri())
    yield mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(former)


@pytest.mark.parametrize("kind", ["binary", "classes"])
def test_spark_udf(spark: Any, bundles: dict[str, Bundle], store: str, kind: str) -> None:
    run = MlflowClient().create_run(MlflowClient().get_experiment_by_name("study").experiment_id).info.run_id
    log_bundle(bundles[kind], store, run, kind)
    predict = mlflow.pyfunc.spark_udf(spark, f"models:/{kind}@champion", env_manager="local")
    x = inputs(kind, 20)
    columns = [f"f{i}" for i in range(20)] if kind == "binary" else ["pixels"]
    rows = (
        x.astype(float).tolist()
        if kind == "binary"
        else [[row] for row in x.reshape(20, 64).astype(int).tolist()]
    )
    got = spark.createDataFrame(rows, columns).coalesce(1).select(predict(*columns)).collect()
    raw = by_keras(bundles[kind], x)
    assert [row[0].prediction for row in got] == bundles[kind].labels(raw)
    np.testing.assert_allclose([np.ravel(row[0].probability) for row in got], raw, atol=1e-5)
