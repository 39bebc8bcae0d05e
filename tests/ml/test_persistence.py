"""Models in Spark's own format."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.ml import SparktuneModel, persistence


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


def test_a_large_file_is_written_in_parts(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {file: file.stat().st_size for file in bundles["binary"].path.rglob("*") if file.is_file()}
    part = max(files.values()) // 3
    monkeypatch.setattr(persistence, "PART", part)
    spark.conf.set("spark.sql.execution.arrow.localRelationThreshold", "1")  # as if it were larger
    try:
        SparktuneModel(bundles["binary"]).save(str(tmp_path / "saved"))
    finally:
        spark.conf.unset("spark.sql.execution.arrow.localRelationThreshold")
    for written in (tmp_path / "saved" / "bundle").glob("*.parquet"):
        assert sum(map(len, pq.read_table(written)["content"].to_pylist())) <= part
    again = SparktuneModel.load(str(tmp_path / "saved")).bundle.path
    copies = {file: again / file.relative_to(bundles["binary"].path) for file in files}
    assert all(file.read_bytes() == copy.read_bytes() for file, copy in copies.items())


def test_a_model_of_an_earlier_version_has_files_in_one_part(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    SparktuneModel(bundles["binary"]).save(str(tmp_path / "saved"))
    former = spark.read.parquet(str(tmp_path / "saved" / "bundle")).drop("start").toArrow()
    spark.createDataFrame(former).write.mode("overwrite").parquet(str(tmp_path / "saved" / "bundle"))
    assert SparktuneModel.load(str(tmp_path / "saved")).bundle.manifest == bundles["binary"].manifest


def test_a_file_outside_the_bundle_is_refused(spark: Any, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    import pyarrow as pa

    SparktuneModel(bundles["binary"]).save(str(tmp_path / "saved"))
    files = spark.createDataFrame(pa.table({"name": ["../../evil"], "content": [b"x"]}))
    files.write.mode("overwrite").parquet(str(tmp_path / "saved" / "bundle"))
    with pytest.raises(ScoringError, match=r"'\.\./\.\./evil' is no file of a bundle"):
        SparktuneModel.load(str(tmp_path / "saved"))
