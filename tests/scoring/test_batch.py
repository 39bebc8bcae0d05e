"""Whole tables: from and to paths and tables, refused before any job where they cannot be scored."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from pyspark.ml.functions import array_to_vector

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring import score
from sparktune.scoring.targets import check_apart
from tests.bundle.models import by_keras, inputs

ROWS = 30


@pytest.fixture(scope="module")
def sources(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of input tables."""
    folder = tmp_path_factory.mktemp("sources")
    binary = [[i, *map(float, row)] for i, row in enumerate(inputs("binary", ROWS))]
    frame = spark.createDataFrame(
        binary, ", ".join(["id int", *(f"f{i} float" for i in range(20))])
    ).coalesce(1)
    frame.write.csv(str(folder / "binary.csv"), header=True)
    frame.write.json(str(folder / "plain"))
    pixels = [(i, row.tolist()) for i, row in enumerate(inputs("classes", ROWS))]
    frame = spark.createDataFrame(pixels, "id int, Pixels array<array<int>>").coalesce(1)
    frame.write.parquet(str(folder / "classes.parquet"))
    mixed = [(i, int(row[0] * 9), row[1:].tolist()) for i, row in enumerate(inputs("regression", ROWS))]
    spark.createDataFrame(mixed, "id int, a int, b array<float>").coalesce(1).createOrReplaceTempView("mixed")
    return folder


@pytest.fixture
def no_jobs(spark: Any) -> Iterator[None]:
    """No Spark job starts."""
    context = spark.sparkContext
    context.setJobGroup("refused", "must not start")
    yield
    started = context.statusTracker().getJobIdsForGroup("refused")
    context.setLocalProperty("spark.jobGroup.id", None)
    assert list(started) == []


def test_csv_to_csv(spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path) -> None:
    target = tmp_path / "scored.csv"
    assert score(spark, bundles["binary"].path, sources / "binary.csv", target) == ROWS
    got = spark.read.csv(str(target), header=True, inferSchema=True).orderBy("id")
    assert got.columns == ["id", *(f"f{i}" for i in range(20)), "prediction", "probability"]
    assert got.schema["probability"].dataType.simpleString() == "double"
    raw = by_keras(bundles["binary"], inputs("binary", ROWS))
    assert [row.prediction for row in got.collect()] == bundles["binary"].labels(raw)
    np.testing.assert_allclose([row.probability for row in got.collect()], raw[:, 0], atol=1e-5)


def test_chosen_columns_of_classes(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scored"
    assert score(spark, bundles["classes"], sources / "classes.parquet", target, columns=["id"]) == ROWS
    got = spark.read.parquet(str(target)).orderBy("id")
    kinds = [(field.name, field.dataType.simpleString()) for field in got.schema.fields]
    assert kinds == [("id", "int"), ("prediction", "bigint"), ("probability", "array<float>")]
    raw = by_keras(bundles["classes"], inputs("classes", ROWS))
    np.testing.assert_allclose([row.probability for row in got.collect()], raw, atol=1e-5)
    assert [row.prediction for row in got.collect()] == bundles["classes"].labels(raw)


def test_csv_holds_probabilities_as_text(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scored.csv"
    score(spark, bundles["classes"], sources / "classes.parquet", target, columns=["id"])
    first = spark.read.csv(str(target), header=True).orderBy("id").first()
    assert len(json.loads(first.probability)) == 3


def test_table_to_table(spark: Any, bundles: dict[str, Bundle], sources: Path) -> None:
    spark.sql("DROP TABLE IF EXISTS scored")
    try:
        assert score(spark, bundles["regression"], "mixed", "scored") == ROWS
        assert spark.table("scored").columns == ["id", "a", "b", "prediction"]
        with pytest.raises(ScoringError, match="the output 'scored' exists already"):
            score(spark, bundles["regression"], "mixed", "scored")
        assert score(spark, bundles["regression"], "mixed", "scored", mode="overwrite", columns=[]) == ROWS
        assert spark.table("scored").columns == ["prediction"]
    finally:
        spark.sql("DROP TABLE IF EXISTS scored")


def test_folder_without_an_ending_is_read_by_what_it_holds(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scored.json"
    assert score(spark, bundles["binary"], sources / "plain", target, columns=["id"]) == ROWS
    assert set(spark.read.json(str(target)).columns) == {"id", "prediction", "probability"}


def test_a_file_of_another_format_is_refused_in_one_line(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", np.zeros(3))
    with pytest.raises(ScoringError, match=r"rows\.npy' cannot be read as parquet: .*") as refused:
        score(spark, bundles["binary"], tmp_path / "rows.npy", tmp_path / "scored")
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("no_jobs")
def test_existing_target_is_refused(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    (tmp_path / "scored.csv").mkdir()
    with pytest.raises(ScoringError, match=r"scored\.csv' exists already; choose another place"):
        score(spark, bundles["binary"], sources / "binary.csv", tmp_path / "scored.csv")


@pytest.mark.usefixtures("no_jobs")
def test_existing_target_is_refused_before_the_model_is_fetched(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "scored").mkdir()
    with pytest.raises(ScoringError, match="exists already"):
        score(spark, "models:/none@champion", "in", tmp_path / "scored", tracking_uri="http://127.0.0.1:9")


@pytest.mark.usefixtures("no_jobs")
def test_source_is_never_the_target(spark: Any, bundles: dict[str, Bundle], sources: Path) -> None:
    place = str(sources / "binary.csv")
    with pytest.raises(ScoringError, match="must be another place than the input"):
        score(spark, bundles["binary"], place, place + "/", mode="overwrite")


def test_an_output_that_holds_the_input_is_refused_and_the_input_kept(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(sources / "classes.parquet", tmp_path / "of all" / "rows.parquet")
    (file,) = place.glob("*.parquet")
    linked = tmp_path / "linked"
    linked.symlink_to(place)
    targets = [os.path.relpath(place), f"file://{place}", linked, place.parent, file]
    for source, target in [(place, target) for target in targets] + [(linked, place), (file, place.parent)]:
        for by in ("id", None):
            with pytest.raises(ScoringError, match=r"must be another place than the input, but .* holds 'fi"):
                score(spark, bundles["classes"], source, target, "overwrite", partition_by=by)
    assert spark.read.parquet(str(place)).count() == ROWS
    (tmp_path / "other").mkdir()
    check_apart(spark, spark.read.parquet(str(place)), str(tmp_path / "other"))  # holds nothing of it
    check_apart(spark, None, str(tmp_path / "free"))  # the input, of many files perhaps, is not even asked


def test_a_table_is_not_replaced_by_the_answers_to_its_own_files(
    spark: Any, bundles: dict[str, Bundle]
) -> None:
    spark.table("mixed").write.saveAsTable("with_files")
    try:
        (file,) = spark.table("with_files").inputFiles()
        with pytest.raises(ScoringError, match="must be another place than the input, but 'with_files'"):
            score(spark, bundles["regression"], Path(urlsplit(file).path).parent, "with_files", "overwrite")
        assert spark.table("with_files").count() == ROWS
    finally:
        spark.sql("DROP TABLE with_files")


@pytest.mark.usefixtures("no_jobs")
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("1L AS id", "'a' is missing; the columns are 'id'"),
        ("1 AS a_, array(1.0, 2.0, 3.0) AS b", "'a' is missing; did you mean 'a_'"),
        ("'x' AS a, array(1.0) AS b", "'a' must hold numbers, but got string; cast it"),
        ("1 AS a, array('x') AS b", r"'b' must hold arrays of 3 numbers .* but got array<string>; cast it"),
        ("1 AS a, 2.0 AS b", r"'b' must hold arrays of 3 numbers .* but got decimal\(2,1\)"),
        ("1 AS a, array(1.0) AS b, 1 AS Prediction", "the input has 'Prediction' too"),
    ],
)
def test_columns_that_are_refused(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path, columns: str, message: str
) -> None:
    spark.sql(f"SELECT {columns}").createOrReplaceTempView("unfit")
    with pytest.raises(ScoringError, match=message):
        score(spark, bundles["regression"], "unfit", tmp_path / "scored")


@pytest.mark.usefixtures("no_jobs")
def test_other_requests_that_are_refused(
    spark: Any, bundles: dict[str, Bundle], sources: Path, tmp_path: Path
) -> None:
    def refused(message: str, source: str, target: str, **more: Any) -> None:
        with pytest.raises(ScoringError, match=message):
            score(spark, bundles["regression"], source, str(tmp_path / target), **more)

    refused("there is no table 'nowhere'", "nowhere", "out")
    refused("there is no file or folder", str(sources / "nowhere.csv"), "out")
    refused("mode must be error or overwrite, but got 'append'", "mixed", "out", mode="append")
    refused("column 'idd' is missing; did you mean 'id'", "mixed", "out", columns=["idd"])
    refused("to keep must differ, but 'id' stands twice", "mixed", "out", columns=["id", "a", "id"])
    refused("on_progress needs partition_by, as", "mixed", "out", on_progress=print)
    refused("CSV cannot hold column 'b' of type array<float>", "mixed", "out.csv")
    vectors = spark.table("mixed").withColumn("b", array_to_vector("b"))
    vectors.createOrReplaceTempView("vectors")
    refused("CSV cannot hold column 'b' of type vector", "vectors", "out.csv")
    assert list(tmp_path.iterdir()) == []
