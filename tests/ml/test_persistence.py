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


def test_a_saved_model_keeps_its_engine(spark: Any, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    from pyspark.ml import PipelineModel

    own = bundles["binary"].manifest.engine
    engines = ["keras", "sql"]
    assert own not in engines
    stages: Any = [SparktuneModel(bundles["binary"].with_engine(engine)) for engine in engines]
    PipelineModel(stages).save(str(tmp_path / "saved"))
    again = PipelineModel.load(str(tmp_path / "saved"))
    assert [stage.bundle.manifest.engine for stage in again.stages] == engines
    # A model of an earlier version does not say which engine it had.
    (metadata,) = (tmp_path / "saved" / "stages").glob("0_*/metadata/part-*")
    (metadata.parent / f".{metadata.name}.crc").unlink()
    metadata.write_text(metadata.read_text().replace('"engine"', '"unknown"'))
    again = PipelineModel.load(str(tmp_path / "saved"))
    assert [stage.bundle.manifest.engine for stage in again.stages] == [own, "sql"]


def test_a_file_outside_the_bundle_is_refused(spark: Any, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    import pyarrow as pa

    SparktuneModel(bundles["binary"]).save(str(tmp_path / "saved"))
    files = spark.createDataFrame(pa.table({"name": ["../../evil"], "content": [b"x"]}))
    files.write.mode("overwrite").parquet(str(tmp_path / "saved" / "bundle"))
    with pytest.raises(ScoringError, match=r"'\.\./\.\./evil' is no file of a bundle"):
        SparktuneModel.load(str(tmp_path / "saved"))
