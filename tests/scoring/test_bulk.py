"""One pass of Arrow batches gives what the SQL function does, and kept columns come back as they were."""

import datetime
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sparktune.bundle import Bundle
from sparktune.scoring import score
from sparktune.scoring.bulk import scored_in_one_pass, through_arrow
from sparktune.scoring.sql import predict_function
from tests.bundle.models import inputs
from tests.cli.command import run

KEPT = {
    "id": ("bigint", 2**60),
    "ü name": ("string", "Zoë"),
    "price": ("decimal(10,2)", Decimal("12.30")),
    "day": ("date", datetime.date(1969, 7, 20)),
    "at": ("timestamp", datetime.datetime(2026, 3, 29, 2, 30, 0, 123456)),
    "there": ("timestamp_ntz", datetime.datetime(2026, 3, 29, 2, 30, 0, 123456)),
    "raw": ("binary", bytearray(b"\x00\xff")),
    "tags": ("array<string>", ["a", None]),
    "seen": ("boolean", None),
}


@pytest.fixture(scope="module")
def frame(spark: Any) -> Any:
    """20 features and columns of many types; row 3 has a NULL among its features."""
    rows = [[*(value for _, value in KEPT.values()), *map(float, row)] for row in inputs("binary", 12)]
    rows[3][-1] = None
    kinds = [f"`{name}` {kind}" for name, (kind, _) in KEPT.items()]
    schema = ", ".join([*kinds, *(f"f{i} float" for i in range(20))])
    return spark.createDataFrame(rows, schema).coalesce(1)


def test_answers_are_those_of_the_function(frame: Any, bundles: dict[str, Bundle]) -> None:
    features, kept = [f"f{i}" for i in range(20)], [*KEPT, "f7"]
    one_pass = scored_in_one_pass(bundles["binary"], frame, features, kept)
    types, answers = dict(frame.dtypes), {"prediction": "string", "probability": "double"}
    assert dict(one_pass.dtypes) == {name: types[name] for name in kept} | answers
    answer = predict_function(bundles["binary"], "both")(*features)
    joined = frame.select(*(f"`{name}`" for name in kept), answer.alias("answer")).collect()
    found = one_pass.collect()
    assert [row[:-2] for row in found] == [row[:-1] for row in joined]
    answered = [(row.answer.prediction, row.answer.probability) for row in joined if row.answer]
    assert [tuple(row[-2:]) for row in found if row.prediction is not None] == [
        pair for pair in answered if pair[0] is not None
    ]
    assert [number for number, row in enumerate(found) if row.prediction is None] == [3]


def test_names_may_have_any_letters(frame: Any, bundles: dict[str, Bundle]) -> None:
    odd = frame.withColumnRenamed("id", "a`b.c").limit(1)
    (row,) = scored_in_one_pass(bundles["binary"], odd, [f"f{i}" for i in range(20)], ["a`b.c"]).collect()
    assert row["a`b.c"] == 2**60


def test_columns_that_arrow_would_change_are_named(spark: Any, frame: Any) -> None:
    assert through_arrow(frame, [*KEPT, "f0"])
    odd = spark.sql("SELECT 1 AS a, named_struct('b', 2) AS s, map('k', 1) AS m, parse_json('1') AS v")
    assert through_arrow(odd, ["a"])
    assert not any(through_arrow(odd, ["a", name]) for name in ("s", "m", "v"))


@pytest.mark.parametrize("face", ["python", "command"])
def test_a_table_of_which_few_columns_are_kept(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spark: Any,
    frame: Any,
    bundles: dict[str, Bundle],
    tmp_path: Path,
    face: str,
) -> None:
    monkeypatch.setattr("sparktune.scoring.task_progress.SECONDS", 0.002)
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame.write.parquet(str(source))
    if face == "python":
        assert score(spark, bundles["binary"], source, target, columns=["ü name", "id"]) == 12
    else:
        places = ["--model", str(bundles["binary"].path), "--input", str(source), "--output", str(target)]
        code, _, said = run(capfd, "score", *places, "--columns", "ü name,id")
        assert (code, bool(re.search(r"^\d+ of \d+ tasks$", said, re.MULTILINE))) == (0, True), said
    written = spark.read.parquet(str(target))
    assert written.columns == ["ü name", "id", "prediction", "probability"]
    assert written.where("prediction IS NULL").count() == 1
