"""Commands of exported models."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.bundle.models import inputs, make
from tests.cli.command import run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two classes, yes and no, and twenty features."""
    return make("binary", tmp_path_factory.mktemp("model")).path


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.DataFrame(inputs("binary", 4), columns=[f"f{n}" for n in range(20)])


def test_a_table_is_scored_into_a_target_only(capsys) -> None:
    code, _, err = run(capsys, "score", "--model", "bundle", "--input", "rows.parquet")
    assert code == 2
    assert "--output" in err


def test_rows_from_everywhere_have_the_same_answers(capfd, monkeypatch, tmp_path, model, rows) -> None:
    rows.to_csv(tmp_path / "rows.csv", index=False)
    code, out, _ = run(capfd, "predict", "--model", str(model), "--input", str(tmp_path / "rows.csv"))
    assert code == 0
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == 4
    assert all(0 <= a["probability"] <= 1 and a["prediction"] in ("no", "yes") for a in answers)

    monkeypatch.setattr("sys.stdin", io.StringIO(rows.to_json(orient="records", double_precision=15)))
    code, out, _ = run(capfd, "predict", "--model", str(model), "--json")
    assert [a["probability"] for a in json.loads(out)["predictions"]] == pytest.approx(
        [a["probability"] for a in answers]
    )
    first = rows.iloc[0].astype(float).to_dict()
    code, out, _ = run(capfd, "predict", "--model", str(model), "--row", json.dumps(first))
    assert json.loads(out) == pytest.approx(answers[0])
    code, out, _ = run(capfd, "predict", "--model", str(model), "--row", json.dumps({**first, "f0": None}))
    assert json.loads(out) == {"prediction": None, "probability": None}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--row", "{"], "--row must hold rows as JSON"),
        (["--row", '{"f0": 1}'], "'f1'"),
        (["--row", "{}", "--input", "rows.csv"], "exclude each other"),
        (["--input", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_rows_that_cannot_be_used_are_bad_input(capfd, model, more, words) -> None:
    code, out, err = run(capfd, "predict", "--model", str(model), *more)
    assert (code, out) == (2, "")
    assert words in err


def test_standard_input_in_another_encoding_is_bad_input(capfd, monkeypatch, model) -> None:
    latin = io.TextIOWrapper(io.BytesIO('{"f0": "Malmö"}'.encode("latin-1")), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", latin)
    code, out, err = run(capfd, "predict", "--model", str(model))
    assert (code, out) == (2, "")
    assert "standard input must hold rows as JSON in UTF-8, but is not: " in err


@pytest.mark.parametrize("command", ["score", "predict", "evaluate"])
def test_a_folder_that_is_no_model_is_bad_input_before_spark_starts(
    capfd, monkeypatch, tmp_path, rows, command
) -> None:
    monkeypatch.setattr(
        "sparktune.launch.spark.session.open_session", lambda **_: pytest.fail("Spark starts")
    )
    rows.to_csv(tmp_path / "rows.csv", index=False)
    target = ["--output", str(tmp_path / "scored")] if command == "score" else []
    source = ["--data" if command == "evaluate" else "--input", str(tmp_path / "rows.csv")]
    code, _, err = run(capfd, command, "--model", str(tmp_path), *source, *target)
    assert code == 2
    assert "manifest.json" in err


def test_a_model_is_measured_on_labelled_rows(capfd, tmp_path, model, rows) -> None:
    rows.assign(left=["no", "yes", "no", "yes"]).to_parquet(tmp_path / "rows.parquet")
    given = ["evaluate", "--model", str(model), "--data", str(tmp_path / "rows.parquet"), "--label", "left"]
    code, out, _ = run(capfd, *given, "--json")
    measured = json.loads(out)
    assert (code, measured["rows"]) == (0, 4)
    assert {"loss", "accuracy", "auc", "precision", "recall"} < set(measured["metrics"])
    printed = [line.split() for line in run(capfd, *given)[1].splitlines()]
    assert ["accuracy", f"{measured['metrics']['accuracy']:.6g}"] in printed
    code, _, err = run(capfd, *given[:-1], "nowhere")
    assert (code, "'nowhere'" in err) == (2, True)
