"""A raw table goes in at one end and comes out scored at the other."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations
from sklearn.ensemble import HistGradientBoostingClassifier

import sparktune
from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.model import signature, write_mlmodel
from sparktune.columns.schema import places_of
from sparktune.data import Table, load_dataset
from sparktune.errors import ScoringError
from sparktune.scoring.local import measure_rows, predict_rows
from sparktune.scoring.rows import read_rows, table_of
from sparktune.spec import parse_spec
from tests.customers import customers

USED = ["age", "income", "plan", "city", "joined", "seen", "vip", "bill"]
NEW = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("customers")
    pq.write_table(customers(6000), folder / "train.parquet", row_group_size=1600)
    new = customers(NEW, seed=1)
    pq.write_table(new, folder / "new.parquet", row_group_size=100)
    new.to_pandas().to_csv(folder / "new.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def result(folder: Path, fork_server: None) -> sparktune.StudyResult:
    spec = {
        "study": {"name": "customers"},
        "data": {"source": "parquet", "path": str(folder / "train.parquet"), "label": "left"},
        "training": {"epochs": 12, "batch_size": 32},
        "search": {"space": {"learning_rate": [0.01, 0.003]}},
        "resources": {"launcher": "local", "parallelism": 1},
        "output": {"directory": str(folder)},
    }
    return sparktune.tune(spec, offline=True)


@pytest.fixture(scope="module")
def bundle(result: sparktune.StudyResult) -> Bundle:
    assert result.bundle is not None
    return result.bundle


@pytest.fixture(scope="module")
def expected(bundle: Bundle, folder: Path) -> dict[str, dict[str, Any]]:
    """What the local predictor answers for the new rows, by id."""
    table = pq.read_table(folder / "new.parquet")
    answers = predict_rows(bundle, Table.of(zip(table.column_names, table.columns, strict=True), "new"))
    return dict(zip(table["id"].to_pylist(), answers, strict=True))


def test_the_study_learns_from_raw_columns(result: sparktune.StudyResult, bundle: Bundle) -> None:
    assert [feature.name for feature in bundle.schema.features] == USED
    assert [feature.dtype for feature in bundle.schema.features] == [
        *["double"] * 2,
        *["string"] * 2,
        *["date", "timestamp_ntz", "boolean", "decimal(10,2)"],
    ]
    assert bundle.schema.classes == ("no", "yes") and bundle.manifest.engine == "numpy"


def test_it_is_as_good_as_gradient_boosting(result: sparktune.StudyResult, folder: Path) -> None:
    spec = parse_spec({"data": {"source": "parquet", "path": str(folder / "train.parquet"), "label": "left"}})
    data = load_dataset(spec)
    names = [
        place.start
        for feature, place in zip(data.schema.features, places_of(data.schema.features), strict=True)
        if feature.encoder.codes
    ]
    trees = HistGradientBoostingClassifier(categorical_features=names).fit(data.train.x, data.train.y)
    theirs = trees.score(data.validation.x, data.validation.y)
    assert result.best is not None and result.best.value > max(theirs - 0.01, 6 / 7)


def test_every_way_of_local_scoring_answers_alike(bundle: Bundle, folder: Path, expected: Any) -> None:
    table = pq.read_table(folder / "new.parquet")
    raw = bundle.predict(bundle.rows(table))
    probabilities = [answer["probability"] for answer in expected.values()]
    np.testing.assert_array_equal(raw[:, 0], np.float32(probabilities))
    np.testing.assert_array_equal(bundle.predict(bundle.rows(table.to_pandas())), raw)
    rows = [{**row, "joined": row["joined"] and row["joined"].isoformat()} for row in table.to_pylist()]
    rows = [{**row, "seen": row["seen"].isoformat(), "bill": float(row["bill"])} for row in rows]
    again = predict_rows(bundle, table_of(rows, bundle.schema, "--row"))
    assert again == list(expected.values())
    assert predict_rows(bundle, read_rows(folder / "new.csv", bundle.schema)) == list(expected.values())


def test_spark_answers_as_the_local_predictor(
    spark: Any, bundle: Bundle, folder: Path, expected: Any
) -> None:
    frame = spark.read.parquet(str(folder / "new.parquet"))
    frame.createOrReplaceTempView("new_customers")
    sparktune.register(spark, bundle, "leaves", output="both")
    for call in (f"leaves({', '.join(USED)})", "leaves_row(struct(*))"):
        rows = spark.sql(f"SELECT id, {call} AS found FROM new_customers").collect()
        assert {row.id: row.found.asDict() for row in rows} == expected
    assert sparktune.score(spark, bundle, folder / "new.parquet", folder / "scored.parquet") == NEW
    scored = pq.read_table(folder / "scored.parquet")
    names = ["id", "prediction", "probability"]
    rows = scored.select(names).to_pylist()
    assert {row.pop("id"): row for row in rows} == expected
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")  # in which the file's times are read
    try:
        sparktune.score(spark, bundle, folder / "new.csv", folder / "of_csv.parquet", columns=["id"])
    finally:
        spark.conf.unset("spark.sql.session.timeZone")
    rows = pq.read_table(folder / "of_csv.parquet").to_pylist()
    assert {row.pop("id"): row for row in rows} == expected


def test_bad_columns_are_one_line(spark: Any, bundle: Bundle, folder: Path) -> None:
    new = pq.read_table(folder / "new.parquet")
    for name, table, message in (
        ("lacking", new.drop_columns(["age"]), "feature column 'age' is missing"),
        ("words", new.set_column(1, "age", pa.array(["x"] * NEW)), "'age' must hold double, .* got string"),
        ("numbers", new.set_column(4, "city", pa.array([1] * NEW)), "'city' must hold string, .* got bigint"),
    ):
        pq.write_table(table, folder / f"{name}.parquet")
        with pytest.raises(ScoringError, match=message):
            sparktune.score(spark, bundle, folder / f"{name}.parquet", folder / "never.parquet")
    bad = new.set_column(5, "joined", pa.array(["2024-01-31", *["31.1.2024"] * (NEW - 1)]))
    with pytest.raises(ScoringError, match=r"column 'joined' must hold dates .* row 1 holds '31.1.2024'"):
        bundle.rows(bad)
    with pytest.raises(
        ScoringError, match=r"column 'city' must hold words, as in training, but its type is int"
    ):
        bundle.rows(pq.read_table(folder / "numbers.parquet"))


def test_the_bundle_shows_raw_rows_and_their_types(bundle: Bundle) -> None:
    from sparktune.bundle.example import read_example

    names, rows = read_example(bundle.path) or ([], [])
    assert names == USED and len(rows) == 3 and all(isinstance(row[2], str) for row in rows)
    again = predict_rows(
        bundle, table_of([dict(zip(names, row, strict=True)) for row in rows], bundle.schema, "x")
    )
    assert all(answer["prediction"] in ("no", "yes") for answer in again)
    kinds = {column.name: str(column.type) for column in signature(bundle.schema).inputs}
    assert "string" in kinds["plan"] and "Any" in kinds["joined"] and "Any" in kinds["vip"]


def test_mlflows_server_answers_raw_rows(bundle: Bundle, folder: Path, expected: Any) -> None:
    logged = SimpleNamespace(artifact_location="somewhere", model_id="m-1")
    write_mlmodel(bundle, folder / "served", "run-1", logged)
    model = mlflow.pyfunc.load_model(str(folder / "served"))

    def asked(rows: list[dict[str, Any]], **params: str) -> Any:
        content = json.dumps({"dataframe_records": rows, "params": params}, default=str)
        columns = model.metadata.get_input_schema()
        return json.loads(invocations(content, "application/json", model, columns).response)["predictions"]

    rows = [{**row, "bill": float(row["bill"])} for row in pq.read_table(folder / "new.parquet").to_pylist()]
    assert any(row["city"] is None for row in rows) and rows[-1]["city"].startswith("new city")
    assert asked(rows) == list(expected.values())
    raw = [[answer["probability"]] for answer in expected.values()]
    np.testing.assert_array_equal(np.float32(asked(rows, output="raw")), np.float32(raw))
    with pytest.raises(MlflowException, match=r"missing inputs \['plan'\]"):
        asked([{name: value for name, value in rows[0].items() if name != "plan"}])
    with pytest.raises(MlflowException, match=r"column 'age' must hold numbers, but its type is string;"):
        asked([{**rows[0], "age": "old"}])


def test_the_quality_on_raw_rows_is_that_of_the_answers(bundle: Bundle, folder: Path, expected: Any) -> None:
    table = read_rows(folder / "new.parquet", bundle.schema)
    truth = table.values("left", "label")
    right = np.mean(
        [answer["prediction"] == left for answer, left in zip(expected.values(), truth, strict=True)]
    )
    assert measure_rows(bundle, table)["accuracy"] == pytest.approx(right)


def test_tensorflow_serving_takes_the_numbers_of_each_column(bundle: Bundle, folder: Path) -> None:
    x = bundle.rows(pq.read_table(folder / "new.parquet"))
    served = sparktune.load(bundle.path, engine="tensorflow").predict(x)
    np.testing.assert_allclose(served, bundle.predict(x), atol=1e-5)
