"""The engine `sql`: a function of Spark SQL that answers what Python does, without Python."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.engines import sql_writer
from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.data import Table, load_dataset
from sparktune.errors import BundleError, ScoringError
from sparktune.ml import SparktuneModel
from sparktune.scoring import expression, register, score
from sparktune.scoring.expression import answer_in_sql
from sparktune.scoring.local import predict_rows
from sparktune.scoring.types import Output, answer_type
from sparktune.scoring.worker import answers
from sparktune.spec import parse_spec
from sparktune.training.kinds.column_inputs import columns_together
from tests.bundle.models import BINARY, inputs, lineage
from tests.customers import customers

WORDS = BINARY.model_copy(update={"classes": ("it's", 'a\\b "no"')})
LABELS = BINARY.model_copy(update={"task": "labels", "classes": ("x", "y", "z"), "outputs": 3})
NUMBERS = BINARY.model_copy(update={"task": "classes", "classes": (10, 20, 30), "outputs": 3})
VALUES = BINARY.model_copy(update={"task": "regression", "classes": (), "outputs": 2})
TASKS = {"binary": (WORDS, "sigmoid"), "classes": (NUMBERS, "softmax"), "labels": (LABELS, "sigmoid")}
TASKS |= {"values": (VALUES, "linear")}


def small(schema: Schema, last: str, folder: Path) -> Bundle:
    """A bundle whose engine is `sql`; with one output it has a hidden layer of two."""
    import keras

    keras.utils.set_random_seed(3)
    hidden = [keras.layers.Dense(2, "relu")] if schema.outputs == 1 else []
    layers = [keras.layers.Rescaling(2.0, offset=-1.0), *hidden, keras.layers.Dense(schema.outputs, last)]
    keras.Sequential([keras.Input((20,)), *layers]).save(folder / "small.keras")
    rows = inputs("binary", 50)
    file, place = folder / "small.keras", folder / "bundle"
    return export_bundle(file, schema, lineage(), place, ["sql", "keras"], example=rows, verify_on=rows)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    return {name: small(*task, tmp_path_factory.mktemp(name)) for name, task in TASKS.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("customers")
    pq.write_table(customers(400), folder / "train.parquet")
    pq.write_table(customers(200, seed=1), folder / "new.parquet")
    return folder


@pytest.fixture(scope="module")
def churn(folder: Path) -> Bundle:
    """A bundle of raw columns: nulls, words, dates, times, bools, decimals."""
    import keras

    columns = {"joined": {"kind": "date"}, "age": {"kind": "number", "clip": [20, 80], "flag": True}}
    data = {"source": "parquet", "path": str(folder / "train.parquet"), "label": "left", "columns": columns}
    given = load_dataset(parse_spec({"data": data}))
    matrix = keras.Input(given.schema.input_shape)
    keras.utils.set_random_seed(3)
    scaling = [keras.layers.Rescaling(0.01)]
    x = columns_together(matrix, given.schema, scaling, lambda codes: 3 if codes > 10 else None)
    x = keras.layers.Dense(1, "sigmoid")(keras.layers.Dense(2, "tanh")(x))
    keras.Model(matrix, x).save(folder / "churn.keras")
    file, place = folder / "churn.keras", folder / "bundle"
    rows = given.train.x
    return export_bundle(
        file, given.schema, lineage(), place, ["numpy", "keras"], example=given.example, verify_on=rows
    )


@pytest.fixture(scope="module")
def expected(churn: Bundle, folder: Path) -> dict[str, dict[str, Any]]:
    table = pq.read_table(folder / "new.parquet")
    answers = predict_rows(churn, Table.of(zip(table.column_names, table.columns, strict=True), "new"))
    return dict(zip(table["id"].to_pylist(), answers, strict=True))


@pytest.fixture(scope="module")
def spending(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of decimals with few digits, and of whole numbers that the training rows held as floats."""
    import keras

    encoders = {
        "bill": NumberEncoder(column_type="decimal(5,2)", median=10.0, mean=11.0, flag=True),
        "zone": CategoryEncoder(column_type="bigint", levels=(3, 1, 0), values=4),
        "code": CategoryEncoder(column_type="bigint", levels=(2**60,), values=2),
    }
    folder, dense = tmp_path_factory.mktemp("spending"), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((4,)), dense])
    dense.set_weights([np.array([[1.0], [1e4], [2e4], [1e5]], "f4"), np.zeros(1, "f4")])
    model.save(folder / "spending.keras")
    features = tuple(Feature.encoded(name, encoder) for name, encoder in encoders.items())
    schema = Schema(features=features, input_shape=(4,), task="regression", outputs=1)
    example = [(1.5, 3.0, 2.0**60), (None, np.nan, np.nan)]
    file, place = folder / "spending.keras", folder / "bundle"
    return export_bundle(file, schema, lineage(), place, ["numpy", "sql"], example=example)


@pytest.fixture
def view(spark: Any, tasks: dict[str, Bundle]) -> Iterator[np.ndarray]:
    """Rows with a NULL in row 3, a NaN in row 4, far numbers in row 5, and infinite ones in rows 6 and 7."""
    x = inputs("binary", 8)
    x[4, 2], x[5] = np.nan, np.linspace(-1e4, 1e4, 20)
    x[6, 2], x[7, 2:4] = np.inf, (np.inf, -np.inf)
    columns = {f"f{n}": pa.array(x[:, n]) for n in range(20)}
    columns["f7"] = pa.array(x[:, 7], mask=np.arange(8) == 3)
    spark.createDataFrame(pa.table({"id": np.arange(8), **columns})).createOrReplaceTempView("small")
    yield x
    spark.catalog.dropTempView("small")


@pytest.mark.parametrize("task", TASKS)
def test_each_output_is_that_of_python(
    spark: Any, tasks: dict[str, Bundle], view: np.ndarray, task: str
) -> None:
    bundle, valid = tasks[task], np.arange(8) != 3
    assert bundle.manifest.engine == "sql"
    outputs: list[Output] = ["prediction", "both", "raw"]
    if task != "values":
        outputs.append("probability")
    for output in outputs:
        register(spark, bundle, f"small_{output}", output)
    columns = ", ".join(f"f{n}" for n in range(20))
    calls = (f"small_{output}({columns}) AS {output}" for output in outputs)
    frame = spark.sql(f"SELECT id, {', '.join(calls)} FROM small")
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    rows = sorted(frame.collect())
    for output in outputs:
        assert types[output] == answer_type(bundle.schema, output).replace(": ", ":").replace(", ", ",")
        expected = answers(bundle.schema, output, bundle.predict(view), valid).to_pylist()
        for row, wanted in zip(rows, expected, strict=True):
            assert_close(row[output], tuple(wanted.values()) if output == "both" else wanted)


def assert_close(found: Any, expected: Any) -> None:
    """Equal, numbers to 1e-5."""
    if isinstance(expected, tuple):
        for pair in zip(found, expected, strict=True):
            assert_close(*pair)
    elif np.asarray(expected).dtype.kind == "f":
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6)
    else:
        assert found == expected


def test_raw_columns_by_name(spark: Any, churn: Bundle, folder: Path, expected: dict[str, Any]) -> None:
    """Nulls, new words, dates and times go through the encoders in SQL."""
    register(spark, churn, "leaves", "both", engine="sql")
    spark.read.parquet(str(folder / "new.parquet")).createOrReplaceTempView("new")
    names = [feature.name for feature in churn.schema.features]
    call = ", ".join(f"{name} => {name}" for name in reversed(names))
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try:
        found = spark.sql(f"SELECT id, leaves({call}) AS answer FROM new").collect()
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    assert len(found) == len(expected)
    for row in found:
        assert row.answer.prediction == expected[row.id]["prediction"]
        assert row.answer.probability == pytest.approx(expected[row.id]["probability"], 1e-5)
    plan = spark.sql(f"SELECT leaves({call}) FROM new")._jdf.queryExecution().toString()
    assert "Python" not in plan and "Arrow" not in plan
    empty = spark.sql(f"SELECT leaves({', '.join(['NULL'] * len(names))})").first()[0]
    assert empty.prediction in ("no", "yes")


def test_a_table_is_scored_without_python(
    spark: Any, churn: Bundle, folder: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    rows = score(spark, churn, folder / "new.parquet", tmp_path / "scored", engine="sql", columns=["id"])
    assert rows == len(expected)
    for row in pq.read_table(tmp_path / "scored").to_pylist():
        assert row["prediction"] == expected[row["id"]]["prediction"]
        assert row["probability"] == pytest.approx(expected[row["id"]]["probability"], 1e-5)


@pytest.mark.parametrize("engine", ["numpy", "sql"])
@pytest.mark.parametrize("kind", ["double", "decimal(10,3)"])
def test_numbers_need_not_fit_the_columns_of_training(
    spark: Any, spending: Bundle, engine: str, kind: str
) -> None:
    """More digits, fractions in place of whole numbers, NaN in place of NULL."""
    bills, zones = [1234.5, 0.129, None, 10.0, 10.0], [3.7, 3.0, 1.0, None, -0.0]
    codes = [2**60, 2**60 + 1, None, 7, 7]
    if kind == "double":
        bills[2], zones[3] = np.nan, np.nan
    table = pa.table({"bill": bills, "zone": zones, "code": codes})
    expected = spending.predict(spending.rows(table)).ravel()
    new = spark.createDataFrame(table).selectExpr(f"CAST(bill AS {kind})", f"CAST(zone AS {kind})", "code")
    predict = register(spark, spending, "of_spending", "raw", engine=engine)
    scored = SparktuneModel(spending.with_engine(engine)).transform(new.coalesce(1))
    for found in (new.coalesce(1).select(predict(*new.columns)), scored.select("prediction")):
        np.testing.assert_allclose([row[0] for row in found.collect()], expected, 1e-6)


def test_a_permanent_function_outlives_its_session(spark: Any, tasks: dict[str, Bundle]) -> None:
    arguments = ", ".join(["0.5"] * 20)
    for output in ("label", "raw"):  # the second one replaces the first
        register(spark, tasks["binary"], "lasting", output, permanent=True)  # type: ignore[arg-type]
    other = spark.newSession()
    try:
        found = other.sql(f"SELECT lasting({arguments})").first()[0]
        register(other, tasks["binary"], "lasting", "raw", permanent=True)  # ours, of another session
    finally:
        spark.sql("DROP FUNCTION lasting")
    assert found == pytest.approx(tasks["binary"].predict(np.full((1, 20), 0.5))[0, 0], 1e-5)
    with pytest.raises(ScoringError, match="engine sql can be permanent, but got 'keras'"):
        register(spark, tasks["binary"], "lasting", engine="keras", permanent=True)


def test_what_it_answers_is_compared_with_python(
    spark: Any, tasks: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By `register`, `score` and `SparktuneModel`, before any row is scored."""
    monkeypatch.setattr(expression, "_CHECKED", set())
    monkeypatch.setitem(sql_writer.ACTIVATIONS, "sigmoid", "(0.1D + {x} * 0D)")
    with pytest.raises(ScoringError, match="Spark SQL must answer what Python does"):
        register(spark, tasks["binary"], "wrong")
    assert not spark.catalog.functionExists("wrong")
    rows = pa.table({f"f{n}": [0.5] for n in range(20)})
    pq.write_table(rows, tmp_path / "rows.parquet")
    with pytest.raises(ScoringError, match="Spark SQL must answer what Python does"):
        score(spark, tasks["binary"], tmp_path / "rows.parquet", tmp_path / "scored")
    assert not (tmp_path / "scored").exists()
    with pytest.raises(ScoringError, match="Spark SQL must answer what Python does"):
        SparktuneModel(tasks["binary"]).transform(spark.createDataFrame(rows))


def test_answers_are_compared_once(
    spark: Any, tasks: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an application, for each model: what Spark computes does not change there."""
    monkeypatch.setattr(expression, "_CHECKED", set())
    frame = spark.createDataFrame(pa.table({f"f{n}": [0.5] for n in range(20)}))
    SparktuneModel(tasks["binary"]).transform(frame)
    monkeypatch.setitem(sql_writer.ACTIVATIONS, "sigmoid", "(0.1D + {x} * 0D)")
    SparktuneModel(tasks["binary"]).transform(frame)
    with pytest.raises(ScoringError, match="Spark SQL must answer what Python does"):
        SparktuneModel(tasks["labels"]).transform(frame)


def test_models_without_sql_are_refused(bundles: dict[str, Bundle]) -> None:
    arrays = bundles["classes"].with_engine("sql")
    with pytest.raises(BundleError, match=r"reads columns of single values, .* but column 'pixels'"):
        answer_in_sql(arrays, ["pixels"], "raw")
    with pytest.raises(ScoringError, match="the engine must be sql, but got 'numpy'"):
        answer_in_sql(bundles["binary"], ["f0"], "raw")


def test_functions_of_a_former_model_are_dropped(
    spark: Any, bundles: dict[str, Bundle], tasks: dict[str, Bundle]
) -> None:
    """No `NAME_row` is left, and no temporary function hides the permanent one."""
    arguments = ", ".join(["0.5"] * 20)
    register(spark, bundles["binary"], "again", "raw")
    register(spark, tasks["binary"], "again", "raw", permanent=True)
    try:
        assert not spark.catalog.functionExists("again_row")
        found = spark.sql(f"SELECT again({arguments})").first()[0]
        register(spark, bundles["binary"], "again", "raw")
        register(spark, tasks["binary"], "again", "raw")
        assert not spark.catalog.functionExists("again_row")
    finally:
        spark.sql("DROP TEMPORARY FUNCTION IF EXISTS again")
        spark.sql("DROP FUNCTION again")
    assert found == pytest.approx(tasks["binary"].predict(np.full((1, 20), 0.5))[0, 0], 1e-5)


def test_a_model_takes_the_name_of_any_other(
    spark: Any, bundles: dict[str, Bundle], tasks: dict[str, Bundle]
) -> None:
    """One of an array, one of columns and one of the engine sql, each after each of the others."""
    models = {"array": bundles["classes"], "columns": bundles["binary"], "sql": tasks["binary"]}
    arguments = {"array": "array_repeat(0.5, 64)"}
    register(spark, tasks["binary"], "changing_row")
    for kind in ("array", "columns", "array", "sql", "columns", "sql", "array", "columns", "columns"):
        bundle = models[kind]
        register(spark, bundle, "changing", "raw")
        found = spark.sql(f"SELECT changing({arguments.get(kind, ', '.join(['0.5'] * 20))})").first()[0]
        expected = bundle.predict(np.full((1, *bundle.schema.input_shape), 0.5, "f4"))
        np.testing.assert_allclose(np.ravel(found), expected[0], 1e-5, 1e-6)
        assert spark.catalog.functionExists("changing_row") == (kind != "sql")


def test_the_row_function_of_another_model_is_kept(
    spark: Any, bundles: dict[str, Bundle], tasks: dict[str, Bundle]
) -> None:
    register(spark, bundles["binary"], "Whole", "raw")
    for bundle in (bundles["binary"], tasks["binary"]):
        with pytest.raises(ScoringError, match="'WHOLE_row' is a part of 'whole', which calls it; choose"):
            register(spark, bundle, "WHOLE_row", "raw")
    register(spark, bundles["binary"], "whole", "raw")
    register(spark, tasks["binary"], "whole", "raw")  # by the engine sql, which has no such part
    for _ in range(2):
        register(spark, bundles["binary"], "whole_row", "raw")


def test_a_permanent_function_of_somebody_else_is_neither_replaced_nor_hidden_again(
    spark: Any, bundles: dict[str, Bundle], tasks: dict[str, Bundle]
) -> None:
    register(spark, bundles["binary"], "ours_first")
    spark.sql("CREATE FUNCTION ours_first() RETURNS INT RETURN 5")
    try:
        for permanent in (False, True):
            with pytest.raises(ScoringError, match="'ours_first' exists already"):
                register(spark, tasks["binary"], "ours_first", permanent=permanent)
        assert spark.sql("SELECT default.ours_first()").first()[0] == 5
    finally:
        spark.sql("DROP TEMPORARY FUNCTION ours_first")
        spark.sql("DROP FUNCTION ours_first")
