"""Studies as Estimators of Spark ML."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.errors import InputError, ScoringError
from sparktune.ml import SparktuneEstimator, SparktuneModel
from sparktune.ml.estimator import new_name
from sparktune.spec import parse_spec

pytestmark = pytest.mark.usefixtures("fork_server")
ROWS = 120


@pytest.fixture(scope="module")
def frame(spark: Any) -> Any:
    """Rows whose label, 0 or 1, is whether a + b is above zero; `name` is the same in words."""
    x = np.random.default_rng(0).normal(size=(ROWS, 2))
    rows = [(float(a), float(b), float(a + b > 0), "yes" if a + b > 0 else "no") for a, b in x]
    return spark.createDataFrame(rows, "a double, b double, label double, name string").repartition(1).cache()


def study(folder: Path) -> dict[str, Any]:
    return {
        "study": {"name": "signs", "seed": 1},
        "model": {"kind": "linear"},
        "training": {"epochs": 4, "batch_size": 16},
        "search": {"space": {"learning_rate": [0.001, 0.1]}},
        "output": {"directory": str(folder)},
    }


def correct(scored: Any) -> float:
    rows = scored.select("label", "prediction").collect()
    return sum(row.label == row.prediction for row in rows) / len(rows)


def test_a_pipeline_trains_scores_and_is_saved(frame: Any, tmp_path: Path) -> None:
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.feature import VectorAssembler

    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    defaults: dict[str, Any] = {"inputCols": None, "weightCol": None, "overrides": None}
    estimator = SparktuneEstimator(study=study(tmp_path), offline=True, timeout=600, **defaults)
    pipeline = Pipeline(stages=[assembler, estimator])
    pipeline.save(str(tmp_path / "pipeline"))
    model = Pipeline.load(str(tmp_path / "pipeline")).fit(frame)
    assert correct(model.transform(frame)) > 0.8
    assert (tmp_path / "signs-1" / "bundle").is_dir()
    model.save(str(tmp_path / "saved"))
    again = PipelineModel.load(str(tmp_path / "saved")).transform(frame)
    assert again.select("prediction", "probability").collect() == (
        model.transform(frame).select("prediction", "probability").collect()
    )


UNCLOSED = pytest.mark.filterwarnings(  # PySpark's
    "ignore:unclosed running multiprocessing pool:ResourceWarning"
)


@UNCLOSED
def test_cross_validation_over_the_study_itself(frame: Any, tmp_path: Path) -> None:
    from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

    estimator = SparktuneEstimator(study=study(tmp_path), inputCols=["a", "b"], offline=True)
    grid = ParamGridBuilder().addGrid(estimator.overrides, [["search.space.learning_rate=[0.1]"]]).build()
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy")
    folds = CrossValidator(
        estimator=estimator, estimatorParamMaps=grid, evaluator=accuracy, numFolds=2, parallelism=2, seed=3
    )
    best = folds.fit(frame)
    assert best.avgMetrics[0] > 0.7
    assert isinstance(best.bestModel, SparktuneModel)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [f"signs-{n}" for n in range(1, 4)]
    area = BinaryClassificationEvaluator(rawPredictionCol="probability")
    assert area.evaluate(best.transform(frame)) > 0.8


@UNCLOSED
def test_a_split_of_spark_compares_settings(frame: Any, tmp_path: Path) -> None:
    from pyspark.ml.evaluation import MulticlassClassificationEvaluator
    from pyspark.ml.tuning import TrainValidationSplit

    estimator = SparktuneEstimator(
        study=study(tmp_path),
        inputCols=["a", "b"],
        overrides=["search.space.learning_rate=[0.1]"],
        offline=True,
    )
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy")
    split = TrainValidationSplit(
        estimator=estimator, estimatorParamMaps=[{}], evaluator=accuracy, trainRatio=0.7, seed=3
    )
    best = split.fit(frame)
    assert best.validationMetrics[0] > 0.7 and isinstance(best.bestModel, SparktuneModel)


def test_words_are_taken_and_predicted_as_words(frame: Any, tmp_path: Path) -> None:
    from pyspark.sql.functions import expr

    frame = frame.withColumn("side", expr("IF(a > 0, 'right', 'left')")).withColumn("same", expr("7"))
    estimator = SparktuneEstimator(
        study=study(tmp_path),
        inputCols=["a", "same", "b", "side"],
        labelCol="name",
        predictionCol="guess",
        probabilityCol="chance",
        overrides=["search.space.learning_rate=[0.1]"],
        offline=True,
    )
    model = estimator.fit(frame)
    assert model.getInputCols() == ["a", "b", "side"]  # the study leaves out what is the same in all rows
    new = frame.drop("label", "same").withColumn("side", expr("IF(a > 1, NULL, 'new')"))
    row = model.transform(new).first()
    assert row.guess in ("yes", "no")
    assert row.chance.toArray().sum() == pytest.approx(1.0) and len(row.chance) == 2
    with pytest.raises(ScoringError, match="takes raw columns; set inputCols, such as a, b, side"):
        SparktuneModel(model.bundle, featuresCol="a").transform(frame)


@pytest.mark.parametrize(("column", "columns"), [("a", {}), ("both", {"both": "vector"})])
def test_one_column_is_named_and_scored(
    frame: Any, tmp_path: Path, column: str, columns: dict[str, str]
) -> None:
    """A single number, or an array that is declared to be one."""
    from pyspark.sql.functions import expr

    frame = frame.withColumn("both", expr("array(a, b)"))
    estimator = SparktuneEstimator(
        study={**study(tmp_path), "data": {"columns": {"name": "ignore", **columns}}},
        featuresCol=column,
        overrides=["search.space.learning_rate=[0.1]"],
        offline=True,
    )
    assert correct(estimator.fit(frame).transform(frame)) > 0.6


def test_rows_are_split_by_a_column(frame: Any, tmp_path: Path) -> None:
    from pyspark.sql.functions import expr

    frame = frame.withColumn("of a `fold`", expr("IF(a > 1, 'last', 'first')"))
    estimator = SparktuneEstimator(
        study={**study(tmp_path), "data": {"validation": {"column": "of a `fold`", "value": "last"}}},
        inputCols=["a", "b"],
        overrides=["search.space.learning_rate=[0.1]"],
        offline=True,
    )
    assert estimator.fit(frame).bundle.schema.features[-1].name == "b"
    evaluation = json.loads((tmp_path / "signs-1" / "evaluation.json").read_text())
    assert (evaluation["split"], evaluation["rows"]) == ("validation", frame.where("a > 1").count())


@pytest.mark.parametrize("given", [5, "absent.yaml", {"data": {"label": "age"}}])
def test_a_study_that_cannot_be_used_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match=r"study must be a mapping|cannot read|must leave out data\.label"):
        SparktuneEstimator(study=given)


def test_a_missing_study_is_named(frame: Any) -> None:
    with pytest.raises(InputError, match="needs study"):
        SparktuneEstimator(study=None, inputCols=["a"]).fit(frame)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputCols": ["a", "B", "lable"]}, "^column 'lable' is missing; did you mean 'label'"),
        ({"inputCols": ["a", "label"]}, "must not hold the label"),
    ],
)
def test_columns_that_cannot_be_used_leave_no_folder(
    frame: Any, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    estimator = SparktuneEstimator(study=study(tmp_path), offline=True, **changes)
    with pytest.raises(InputError, match=message):
        estimator.fit(frame)
    assert [*tmp_path.iterdir()] == []


def test_each_fit_has_a_folder_of_its_own(tmp_path: Path) -> None:
    spec = parse_spec(study(tmp_path))
    assert [new_name(spec) for _ in range(3)] == ["signs-1", "signs-2", "signs-3"]
