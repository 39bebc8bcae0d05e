"""Models in Spark's own format."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.ml import SparktuneModel


def test_a_saved_model_needs_no_study_directory(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    copy = shutil.copytree(bundles["binary"].path, tmp_path / "copy")
    model = SparktuneModel(copy, predictionCol="answer")
    model.save(str(tmp_path / "saved"))
    shutil.rmtree(copy)
    again = SparktuneModel.load(str(tmp_path / "saved"))
    assert (again.uid, again.getPredictionCol()) == (model.uid, "answer")
    assert again.bundle.manifest == bundles["binary"].manifest
    assert not again.isSet("inputCols")
    with pytest.raises(Exception, match="already exists"):
        model.save(str(tmp_path / "saved"))
    again.write().overwrite().save(str(tmp_path / "saved"))


def test_a_file_outside_the_bundle_is_refused(spark: Any, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    import pyarrow as pa

    SparktuneModel(bundles["binary"]).save(str(tmp_path / "saved"))
    files = spark.createDataFrame(pa.table({"name": ["../../evil"], "content": [b"x"]}))
    files.write.mode("overwrite").parquet(str(tmp_path / "saved" / "bundle"))
    with pytest.raises(ScoringError, match=r"'\.\./\.\./evil' is no file of a bundle"):
        SparktuneModel.load(str(tmp_path / "saved"))
