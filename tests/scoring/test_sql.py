"""A bundle as a SQL function: the same answers as Keras, for every way of passing columns."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.bundle import Bundle
from sparktune.errors import BundleError, ScoringError
from sparktune.scoring import register
from sparktune.scoring.sql import COLUMNAR_INPUT
from sparktune.scoring.worker import predict_columns
from tests.bundle.models import by_keras, inputs

SCALARS = ", ".join(f"f{i}" for i in range(20))


@pytest.fixture(scope="module")
def tables(spark: Any) -> dict[str, np.ndarray]:
    """Views `binary`, `classes` and `regression`; row 3 of each has a NULL among its features."""
    x = {kind: inputs(kind, 40) for kind in ("binary", "classes", "regression")}
    binary = [[i, *map(float, row)] for i, row in enumerate(x["binary"])]
    binary[3][7] = None  # type: ignore[call-overload]
    names = ["id int", *(f"f{i} float" for i in range(20))]
    spark.createDataFrame(binary, ", ".join(names)).coalesce(1).createOrReplaceTempView("binary")

    pixels = [None if i == 3 else row.tolist() for i, row in enumerate(x["classes"])]
    packed = [
        None if i == 3 else bytearray(row.astype("<f4").tobytes()) for i, row in enumerate(x["classes"])
    ]
    rows = [(i, pixels[i], packed[i]) for i in range(40)]
    kinds = "id int, pixels array<array<smallint>>, packed binary"
    spark.createDataFrame(rows, kinds).coalesce(1).createOrReplaceTempView("classes")

    mixed = [
        (i, None if i == 3 else float(row[0]), row[1:].tolist()) for i, row in enumerate(x["regression"])
    ]
    kinds = "id int, a double, b array<double>"
    spark.createDataFrame(mixed, kinds).coalesce(1).createOrReplaceTempView("regression")
    return x


def answers(spark: Any, query: str) -> list[Any]:
    """The second column, in the order of the ids."""
    return [row[1] for row in sorted(spark.sql(query).collect())]


def assert_equal(got: list[Any], bundle: Bundle, x: np.ndarray) -> None:
    """The answers are those of Keras, and NULL in row 3."""
    assert [i for i, answer in enumerate(got) if answer is None] == [3]
    raw = np.array([np.ravel(a) for a in got if a is not None])
    np.testing.assert_allclose(raw, np.delete(by_keras(bundle, x), 3, axis=0), atol=1e-5)


@pytest.mark.parametrize(
    "call",
    [
        f"predict({SCALARS})",
        "predict(" + ", ".join(f"f{i} => f{i}" for i in range(19, -1, -1)) + ")",
        f"predict_row({SCALARS})",
        f"predict_row(array({SCALARS}))",
        "predict_row(struct(*))",
        "predict_row(named_struct('more', 1, " + ", ".join(f"'f{i}', f{i}" for i in range(19, -1, -1)) + "))",
    ],
    ids=["columns", "by name", "row of columns", "array", "struct", "struct in another order"],
)
def test_binary_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], call: str
) -> None:
    register(spark, bundles["binary"], "predict", output="raw")
    got = answers(spark, f"SELECT id, {call} FROM binary")
    assert_equal(got, bundles["binary"], tables["binary"])


@pytest.mark.parametrize("argument", ["pixels", "packed", "flatten(pixels)", "struct(pixels)"])
def test_array_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], argument: str
) -> None:
    register(spark, bundles["classes"].path, "recognise", output="raw")
    got = answers(spark, f"SELECT id, recognise({argument}) FROM classes")
    assert_equal(got, bundles["classes"], tables["classes"])


@pytest.mark.parametrize(
    "arguments", ["a, b", "b => b, a => a", "a, b => b", "a, b[0], b[1], b[2]", "struct(b, a)"]
)
def test_mixed_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], arguments: str
) -> None:
    register(spark, str(bundles["regression"].path), "estimate", output="raw")
    got = answers(spark, f"SELECT id, estimate({arguments}) FROM regression")
    assert_equal(got, bundles["regression"], tables["regression"])


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("arguments", ["c => b, a => a", "b => b", "a, a => a"])
def test_named_arguments_that_are_not_the_features(
    spark: Any, bundles: dict[str, Bundle], arguments: str
) -> None:
    register(spark, bundles["regression"], "estimate")
    with pytest.raises(Exception, match=r"ScoringError: arguments by name must be .* \((a, b|b|)\), but got"):
        spark.sql(f"SELECT estimate({arguments}) FROM regression").collect()


def test_ml_vectors(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], tmp_path: Path
) -> None:
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql.functions import array, col

    predict = register(spark, bundles["binary"], "predict", output="raw")
    frame = spark.table("binary").where("id != 3").select("id", array(SCALARS.split(", ")).alias("v"))
    frame.select("id", array_to_vector(col("v")).alias("v")).write.parquet(str(tmp_path / "vectors"))
    got = spark.read.parquet(str(tmp_path / "vectors")).select("id", predict("v").alias("p")).collect()
    raw = np.delete(by_keras(bundles["binary"], tables["binary"]), 3, axis=0)
    np.testing.assert_allclose([row.p for row in sorted(got)], raw[:, 0], atol=1e-5)


TYPES = {
    "binary": ("string", "double", "struct<prediction:string,probability:double>", "float"),
    "classes": (
        "bigint",
        "array<float>",
        "struct<prediction:bigint,probability:array<float>>",
        "array<float>",
    ),
    "regression": ("double", None, "struct<prediction:double>", "float"),
}
ARGUMENTS = {"binary": SCALARS, "classes": "pixels", "regression": "a, b"}


@pytest.mark.parametrize("kind", TYPES)
def test_the_outputs_of_one_row_fit_together(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], kind: str
) -> None:
    """The prediction is the default, and `label` another name for it; NULL where an input is NULL."""
    register(spark, bundles[kind], "by_default")
    register(spark, bundles[kind], "label_of", output="label")
    calls = [f"by_default({ARGUMENTS[kind]}) AS d", f"label_of({ARGUMENTS[kind]}) AS l"]
    for output, type_ in zip(("prediction", "probability", "both", "raw"), TYPES[kind], strict=True):
        if type_ is not None:
            register(spark, bundles[kind], f"{output}_of", output=output)  # type: ignore[arg-type]
            calls.append(f"{output}_of({ARGUMENTS[kind]}) AS {output}")
    frame = spark.sql(f"SELECT id, {', '.join(calls)} FROM {kind} ORDER BY id")
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    assert [types.get(output) for output in ("prediction", "probability", "both", "raw")] == [*TYPES[kind]]
    rows, raw = frame.collect(), by_keras(bundles[kind], tables[kind])
    expected = bundles[kind].labels(raw)
    for index, row in enumerate(rows):
        assert row.d == row.l == row.prediction == row.both.prediction
        if index == 3:
            assert row.prediction is row.raw is None
        else:
            assert row.prediction == (
                expected[index] if kind != "regression" else pytest.approx(expected[index])
            )
            np.testing.assert_allclose(np.ravel(row.raw), raw[index], atol=1e-5)
        if kind != "regression":
            assert row.both.probability == row.probability


Count = Callable[[], int]


@pytest.fixture
def rows_scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Count:
    """How many rows the functions registered from now on have scored since the last call."""
    notes = tmp_path / "rows"

    def counted(payload: Any, output: Any, *columns: Any) -> Any:
        with notes.open("a") as file:
            file.write(f"{len(columns[0])}\n")
        return predict_columns(payload, output, *columns)

    def count() -> int:
        rows = sum(map(int, notes.read_text().split()))
        notes.unlink()
        return rows

    monkeypatch.setattr("sparktune.scoring.sql.predict_columns", counted)
    return count


def test_an_aggregate_and_a_filter_on_an_alias_score_each_row_once(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], rows_scored: Count
) -> None:
    predict = register(spark, bundles["binary"], "predict")
    expected = bundles["binary"].labels(by_keras(bundles["binary"], tables["binary"]))
    expected[3] = None
    yes = [i for i, label in enumerate(expected) if label == "yes"]
    hits = f"SELECT avg(CAST(predict({SCALARS}) = 'yes' AS INT)) FROM binary"
    assert spark.sql(hits).first()[0] == pytest.approx(len(yes) / 39)
    assert rows_scored() == 40
    kept = f"SELECT id, p FROM (SELECT id, predict({SCALARS}) AS p FROM binary) WHERE p = 'yes'"
    assert sorted(row.id for row in spark.sql(kept).collect()) == yes
    assert rows_scored() == 40
    chosen = spark.table("binary").select("id", predict(*SCALARS.split(", ")).alias("p")).where("p = 'yes'")
    assert sorted(row.id for row in chosen.collect()) == yes
    assert rows_scored() == 40


def test_functions_of_arrays_score_the_rows_that_a_filter_keeps_twice(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], rows_scored: Count
) -> None:
    register(spark, bundles["classes"], "recognise")
    expected = bundles["classes"].labels(by_keras(bundles["classes"], tables["classes"]))
    label = expected[0]
    expected[3] = None
    kept = [i for i, each in enumerate(expected) if each == label]
    hits = f"SELECT avg(CAST(recognise(pixels) = {label} AS INT)) FROM classes"
    assert spark.sql(hits).first()[0] == pytest.approx(len(kept) / 39)
    assert rows_scored() == 40
    alias = f"SELECT id FROM (SELECT id, recognise(pixels) AS p FROM classes) WHERE p = {label}"
    assert sorted(row.id for row in spark.sql(alias).collect()) == kept
    assert rows_scored() == 40
    again = f"SELECT id, p FROM (SELECT id, recognise(pixels) AS p FROM classes) WHERE p = {label}"
    assert sorted(row.id for row in spark.sql(again).collect()) == kept
    assert rows_scored() == 40 + len(kept)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("predict(f0)", r"predict. requires .*2.*0.* parameters but the actual number is 1\."),
        (f"predict({SCALARS}, f0)", r"predict. requires .*2.*0.* parameters but the actual number is 21\."),
        (f"predict(array(1), {SCALARS[4:]})", 'cannot cast "ARRAY<INT>" to "FLOAT"'),
        (f"predict(current_date(), {SCALARS[4:]})", 'cannot cast "DATE" to "FLOAT"'),
        (f"predict(f_0 => f0, {SCALARS[4:]})", "(?i)named argument|f_0"),
    ],
    ids=["too few", "too many", "an array", "a date", "an unknown name"],
)
def test_wrong_arguments_are_errors_of_the_analysis(
    spark: Any, bundles: dict[str, Bundle], call: str, message: str
) -> None:
    from pyspark.errors import AnalysisException

    register(spark, bundles["binary"], "predict")
    with pytest.raises(AnalysisException) as refused:
        spark.sql(f"SELECT {call} FROM binary")
    assert re.search(message, str(refused.value).splitlines()[0])


@pytest.mark.usefixtures("tables")
def test_arguments_are_cast_as_cast_does(spark: Any, bundles: dict[str, Bundle]) -> None:
    from pyspark.errors import NumberFormatException

    register(spark, bundles["binary"], "predict", output="raw")
    epoch = "TIMESTAMP '1970-01-01 00:00:02.5Z'"
    calls = [f"predict({first}, {SCALARS[4:]})" for first in ("2.5F", "'2.5'", epoch)]
    number, text, timestamp = spark.sql(f"SELECT {', '.join(calls)} FROM binary WHERE id = 0").first()
    assert number == text == timestamp
    with pytest.raises(NumberFormatException, match="CAST_INVALID_INPUT"):
        spark.sql(f"SELECT predict('two', {SCALARS[4:]}) FROM binary").collect()


def test_the_session_keeps_its_options_or_is_told(
    spark: Any, bundles: dict[str, Bundle], caplog: pytest.LogCaptureFixture
) -> None:
    def options() -> dict[str, str]:
        return {row.key: row.value for row in spark.sql("SET").collect()}

    spark.conf.set(COLUMNAR_INPUT, "true")
    before = options()
    register(spark, bundles["binary"], "predict")
    changed = {key for key, value in options().items() if before.get(key) != value}
    assert changed <= {COLUMNAR_INPUT, "sparktune.function.predict", "sparktune.function.predict_row"}
    assert [record.message for record in caplog.records if COLUMNAR_INPUT in record.message] == [
        f"{COLUMNAR_INPUT} is now false in this session, so that ML vectors can be scored"
    ]
    caplog.clear()
    register(spark, bundles["binary"], "predict")
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my predict", "must be an identifier such as predict, but got 'my predict'"),
        ("1st", "must be an identifier"),
        ("db.predict", "must be an identifier"),
        ("", "must be an identifier"),
        ("table", "'table' is a word of SQL; choose another name"),
        ("Distinct", "'Distinct' is a word of SQL"),
        ("Abs", "'Abs' exists already"),
        ("cast", "'cast' exists already"),
    ],
)
def test_names_that_are_refused(spark: Any, bundles: dict[str, Bundle], name: str, message: str) -> None:
    with pytest.raises(ScoringError, match=message):
        register(spark, bundles["binary"], name)


def test_reserved_words_are_refused(spark: Any, bundles: dict[str, Bundle]) -> None:
    spark.conf.set("spark.sql.ansi.enforceReservedKeywords", "true")
    try:
        with pytest.raises(ScoringError, match="'check' is a reserved word"):
            register(spark, bundles["binary"], "check")
    finally:
        spark.conf.unset("spark.sql.ansi.enforceReservedKeywords")


def test_function_of_somebody_else_is_kept(spark: Any, bundles: dict[str, Bundle]) -> None:
    spark.udf.register("theirs", lambda x: x, "int")
    with pytest.raises(ScoringError, match="'THEIRS' exists already"):
        register(spark, bundles["binary"], "THEIRS")
    assert spark.sql("SELECT theirs(5)").first()[0] == 5
    spark.udf.register("mine_row", lambda x: x, "int")
    with pytest.raises(ScoringError, match="'mine_row' exists already"):
        register(spark, bundles["binary"], "mine")


def test_a_name_is_free_in_a_database_whose_name_is_quoted(spark: Any, bundles: dict[str, Bundle]) -> None:
    spark.sql("CREATE DATABASE `2024`")
    spark.sql("USE `2024`")
    try:
        for _ in range(2):  # the second one looks whose it is
            register(spark, bundles["regression"], "in_quotes")
        spark.sql("CREATE FUNCTION in_quotes() RETURNS INT RETURN 5")
        with pytest.raises(ScoringError, match="'in_quotes' exists already"):
            register(spark, bundles["regression"], "in_quotes")
    finally:
        spark.sql("USE default")
        spark.sql("DROP DATABASE `2024` CASCADE")


def test_unknown_output_is_refused(spark: Any, bundles: dict[str, Bundle]) -> None:
    with pytest.raises(
        ScoringError, match="output must be prediction, probability, both or raw, but got 'labels'"
    ):
        register(spark, bundles["binary"], "predict", output="labels")  # type: ignore[arg-type]


def test_model_that_is_no_bundle_is_refused(spark: Any, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be a bundle"):
        register(spark, tmp_path, "predict")


ELSEWHERE = """
import sys
from pyspark.sql import SparkSession
import sparktune
from sparktune.scoring import sql, worker

def on_executor(*given):
    found = worker.predict_columns(*given)
    assert not {"pandas", "tensorflow", "keras", "mlflow"} & set(sys.modules)
    return found

sql.predict_columns = on_executor
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
sparktune.register(spark, sys.argv[1], "predict", output="raw")
assert "tensorflow" not in sys.modules and "mlflow" not in sys.modules
columns = ", ".join(f"float({i}) / 20" for i in range(20))
print("answer", spark.sql(f"SELECT predict({columns})").first()[0])
"""


def test_fresh_process_in_another_folder(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    command = [sys.executable, "-c", ELSEWHERE, str(bundles["binary"].path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    expected = bundles["binary"].predict(np.arange(20, dtype="f4")[None] / 20)[0, 0]
    assert float(done.stdout.split("answer ")[1]) == pytest.approx(expected, abs=1e-5)
