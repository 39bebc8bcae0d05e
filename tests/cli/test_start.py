"""Commands to start from."""

import json

import yaml

from sparktune.spec import parse_spec
from tests.cli.command import run


def test_the_schema_is_json_schema(capsys):
    code, out, _ = run(capsys, "schema")
    assert code == 0
    assert set(json.loads(out)["properties"]) >= {"study", "data", "model", "search", "training"}


def test_init_prints_an_example(capsys):
    code, out, _ = run(capsys, "init", "cnn")
    assert code == 0
    assert yaml.safe_load(out)["model"]["kind"] == "cnn"
    assert "#" in out


def test_init_writes_a_file_once(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "init", "mlp", "--output", "new.yaml")[0] == 0
    before = (tmp_path / "new.yaml").read_text()
    code, _, err = run(capsys, "init", "cnn", "--output", "new.yaml")
    assert code == 2
    assert "new.yaml" in err
    assert (tmp_path / "new.yaml").read_text() == before


def test_an_unknown_kind_is_bad_input(capsys):
    code, _, err = run(capsys, "init", "mpl")
    assert code == 2
    assert "mlp" in err


def test_an_example_is_a_json_document_too(capfd):
    code, out, err = run(capfd, "init", "mlp", "--json")
    assert (code, err) == (0, "")
    assert parse_spec(json.loads(out)).model.kind == "mlp"


def test_a_written_file_is_named(capfd, tmp_path):
    target = tmp_path / "new.yaml"
    code, out, err = run(capfd, "init", "--output", str(target), "--json")
    assert (code, json.loads(out)) == (0, {"output": str(target)})
    assert "sparktune tune --config" in err
    target.unlink()
    assert run(capfd, "init", "--output", str(target), "--quiet") == (0, "", "")
