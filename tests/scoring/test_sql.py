"""A bundle as a SQL function: the same answers as Keras, for every way of passing columns."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.bundle import Bundle
from sparktune.errors import BundleError, ScoringError
from sparktune.scoring import register
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
    "arguments",
    [
        SCALARS,
        f"array({SCALARS})",
        "struct(*)",
        "named_struct('more', 1, " + ", ".join(f"'f{i}', f{i}" for i in range(19, -1, -1)) + ")",
    ],
    ids=["scalars", "array", "struct", "struct in another order"],
)
def test_binary_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], arguments: str
) -> None:
    register(spark, bundles["binary"], "predict")
    got = answers(spark, f"SELECT id, predict({arguments}) FROM binary")
    assert_equal(got, bundles["binary"], tables["binary"])


@pytest.mark.parametrize("argument", ["pixels", "packed", "flatten(pixels)", "struct(pixels)"])
def test_array_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], argument: str
) -> None:
    register(spark, bundles["classes"].path, "recognise")
    got = answers(spark, f"SELECT id, recognise({argument}) FROM classes")
    assert_equal(got, bundles["classes"], tables["classes"])


@pytest.mark.parametrize("arguments", ["a, b", "a, b[0], b[1], b[2]", "struct(b, a)"])
def test_mixed_columns(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], arguments: str
) -> None:
    register(spark, str(bundles["regression"].path), "estimate")
    got = answers(spark, f"SELECT id, estimate({arguments}) FROM regression")
    assert_equal(got, bundles["regression"], tables["regression"])


def test_ml_vectors(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray], tmp_path: Path
) -> None:
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql.functions import array, col

    predict = register(spark, bundles["binary"], "predict")
    frame = spark.table("binary").where("id != 3").select("id", array(SCALARS.split(", ")).alias("v"))
    frame.select("id", array_to_vector(col("v")).alias("v")).write.parquet(str(tmp_path / "vectors"))
    got = spark.read.parquet(str(tmp_path / "vectors")).select("id", predict("v").alias("p")).collect()
    raw = np.delete(by_keras(bundles["binary"], tables["binary"]), 3, axis=0)
    np.testing.assert_allclose([row.p for row in sorted(got)], raw[:, 0], atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments", "raw", "label"),
    [
        ("binary", SCALARS, "float", "string"),
        ("classes", "pixels", "array<float>", "bigint"),
        ("regression", "a, b", "float", "double"),
    ],
)
def test_labels_have_their_own_type(
    spark: Any,
    bundles: dict[str, Bundle],
    tables: dict[str, np.ndarray],
    kind: str,
    arguments: str,
    raw: str,
    label: str,
) -> None:
    register(spark, bundles[kind], "raw_of")
    register(spark, bundles[kind], "label_of", output="label")
    query = f"SELECT id, label_of({arguments}) AS label, raw_of({arguments}) AS raw FROM {kind}"
    frame = spark.sql(query)
    assert [frame.schema[name].dataType.simpleString() for name in ("raw", "label")] == [raw, label]
    got = answers(spark, query)
    expected = bundles[kind].labels(by_keras(bundles[kind], tables[kind]))
    expected[3] = None
    assert got == (expected if kind != "regression" else pytest.approx(expected, abs=1e-5))


def test_each_row_is_scored_once(
    spark: Any, bundles: dict[str, Bundle], tables: dict[str, np.ndarray]
) -> None:
    """A filter on the answer must not score the rows again, as Spark does with a deterministic function."""
    from pyspark.sql.functions import arrow_udf

    def evaluations(frame: Any) -> int:
        return int(frame._jdf.queryExecution().executedPlan().toString().count("ArrowEvalPython"))

    def filtered(function: Any) -> Any:
        return spark.table("binary").select(function(*SCALARS.split(", ")).alias("p")).where("p > 0.5")

    ours = register(spark, bundles["binary"], "predict")
    query = f"SELECT id, p FROM (SELECT id, predict({SCALARS}) AS p FROM binary) WHERE p > 0.5"
    assert evaluations(filtered(ours)) == evaluations(spark.sql(query)) == 1
    assert evaluations(filtered(arrow_udf(ours.func, "float"))) == 2
    raw = by_keras(bundles["binary"], tables["binary"])[:, 0]
    grouped = f"SELECT id > 9 AS k, avg(p) FROM (SELECT id, predict({SCALARS}) AS p FROM binary) GROUP BY k"
    assert answers(spark, grouped)[1] == pytest.approx(float(raw[10:].mean()), abs=1e-5)
    assert [id for id, _ in sorted(spark.sql(query).collect())] == [
        id for id, p in enumerate(raw) if p > 0.5 and id != 3
    ]


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


def test_unknown_output_is_refused(spark: Any, bundles: dict[str, Bundle]) -> None:
    with pytest.raises(ScoringError, match="output must be raw or label, but got 'labels'"):
        register(spark, bundles["binary"], "predict", output="labels")  # type: ignore[arg-type]


def test_model_that_is_no_bundle_is_refused(spark: Any, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be a bundle"):
        register(spark, tmp_path, "predict")


ELSEWHERE = """
import sys
from pyspark.sql import SparkSession
import sparktune
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
sparktune.register(spark, sys.argv[1], "predict")
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
