"""Bundles as Transformers of Spark ML."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.errors import ScoringError
from sparktune.ml import SparktuneModel
from tests.bundle.models import BINARY, lineage


def table(spark: Any, bundle: Bundle, *, null: bool = False) -> tuple[Any, np.ndarray]:
    """Rows for a bundle, and the same as an array; the last row has a NULL where asked for."""
    features = bundle.schema.features
    width = sum(feature.width for feature in features)
    x = np.random.default_rng(1).normal(size=(6, width)).astype("float32")
    ends = np.cumsum([feature.width for feature in features])[:-1]
    rows = []
    for row in x:
        parts = zip(features, np.split(row, ends), strict=True)
        rows.append([part.tolist() if feature.shape else float(part[0]) for feature, part in parts])
    if null:
        rows[-1][0] = None
    kinds = (f"`{feature.name}` {'array<float>' if feature.shape else 'float'}" for feature in features)
    return spark.createDataFrame(rows, ", ".join(kinds)), x


def test_classes_have_a_vector_of_probabilities(spark: Any, bundles: dict[str, Bundle]) -> None:
    bundle = bundles["classes"]
    frame, x = table(spark, bundle, null=True)
    rows = SparktuneModel(bundle.path).transform(frame).collect()
    raw = bundle.predict(x)
    assert [row.prediction for row in rows[:-1]] == bundle.labels(raw)[:-1]
    given = [row.probability.toArray() for row in rows[:-1]]
    np.testing.assert_allclose(given, raw[:-1], rtol=1e-6)
    assert rows[-1].prediction is None and rows[-1].probability is None


def test_a_regression_has_a_prediction_alone(spark: Any, bundles: dict[str, Bundle]) -> None:
    bundle = bundles["regression"]
    frame, x = table(spark, bundle)
    scored = SparktuneModel(bundle, predictionCol="value").transform(frame)
    assert scored.columns == [*frame.columns, "value"]
    np.testing.assert_allclose([row.value for row in scored.collect()], bundle.predict(x)[:, 0], rtol=1e-6)


def test_other_names_and_one_vector(spark: Any, bundles: dict[str, Bundle]) -> None:
    from pyspark.ml.feature import VectorAssembler

    bundle = bundles["binary"]
    frame, _ = table(spark, bundle)
    wanted = SparktuneModel(bundle).transform(frame).collect()
    renamed = frame.toDF(*(f"in {index}" for index in range(len(frame.columns))))
    by_name = SparktuneModel(bundle, inputCols=renamed.columns).transform(renamed).collect()
    vectors = VectorAssembler(inputCols=frame.columns, outputCol="all").transform(frame)
    by_vector = SparktuneModel(bundle, featuresCol="all").transform(vectors).collect()
    for rows in (by_name, by_vector):
        assert [(row.prediction, row.probability) for row in rows] == (
            [(row.prediction, row.probability) for row in wanted]
        )


def test_a_vector_of_one_number_is_taken_by_the_engine_sql(spark: Any, tmp_path: Path) -> None:
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql.functions import array

    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid")]).save(tmp_path / "one.keras")
    schema = BINARY.model_copy(update={"features": BINARY.features[:1], "input_shape": (1,)})
    bundle = export_bundle(tmp_path / "one.keras", schema, lineage(), tmp_path / "bundle", ["sql"])
    frame = spark.createDataFrame([(0.5,)], "f0 double")
    frame = frame.select("f0", array("f0").alias("array"), array_to_vector(array("f0")).alias("vector"))
    expected = pytest.approx(bundle.predict(np.full((1, 1), 0.5, "f4"))[0, 0], 1e-5)
    vectors = [SparktuneModel(bundle, featuresCol=column) for column in ("array", "vector")]
    for model in (SparktuneModel(bundle), *vectors):
        assert model.transform(frame).first().probability[1] == expected


def test_a_column_that_is_missing_or_in_the_way_is_refused(spark: Any, bundles: dict[str, Bundle]) -> None:
    bundle = bundles["binary"]
    frame, _ = table(spark, bundle)
    first = bundle.schema.features[0].name
    with pytest.raises(ScoringError, match=f"'{first}' is missing"):
        SparktuneModel(bundle).transform(frame.drop(first))
    with pytest.raises(ScoringError, match="'prediction', but the table has it already"):
        SparktuneModel(bundle).transform(frame.withColumnRenamed(first, "Prediction"))
    with pytest.raises(ScoringError, match="must differ, but both are 'answer'"):
        SparktuneModel(bundle, predictionCol="answer", probabilityCol="answer").transform(frame)
    with pytest.raises(ScoringError, match="must hold numbers, but got string"):
        SparktuneModel(bundle).transform(frame.withColumn(first, frame[first].cast("string")))
    with pytest.raises(ScoringError, match="inputCols must name"):
        SparktuneModel(bundle, inputCols=[first]).transform(frame)


def test_a_vector_that_is_noted_to_be_too_short_is_refused(spark: Any, bundles: dict[str, Bundle]) -> None:
    from pyspark.ml.feature import VectorAssembler

    frame, _ = table(spark, bundles["binary"])
    short = VectorAssembler(inputCols=frame.columns[1:], outputCol="all").transform(frame)
    with pytest.raises(ScoringError, match="'all' must hold 20 numbers in a row, but got 19"):
        SparktuneModel(bundles["binary"], featuresCol="all").transform(short)


def test_other_columns_may_have_one_name(spark: Any, bundles: dict[str, Bundle]) -> None:
    frame, x = table(spark, bundles["binary"])
    twice = frame.selectExpr("*", "1 AS key", "2 AS key")
    scored = SparktuneModel(bundles["binary"]).transform(twice)
    assert scored.columns == [*twice.columns, "prediction", "probability"]
    assert [row[-4:-1] for row in scored.collect()] == [
        (1, 2, label) for label in bundles["binary"].labels(bundles["binary"].predict(x))
    ]
