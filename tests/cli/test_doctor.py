"""The command that looks at machine, cluster and places."""

import json
from pathlib import Path

import pytest

from tests.cli.command import documented, run

LOCAL = ("--set", "resources.launcher=local")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_lists_what_it_found(capfd) -> None:
    code, out, err = run(capfd, "doctor", "--offline", *LOCAL)
    assert (code, err) == (0, "")
    lines = {line.split()[1]: line for line in out.splitlines()}
    assert lines["slots"].startswith("ok")
    assert "mlflow" not in lines
    assert "driver: Python 3." in lines["python"]


def test_scripts_get_one_document_and_an_exit_code(capfd, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("tracking: {uri: 'http://127.0.0.1:9'}")
    code, out, _ = run(capfd, "doctor", "--config", "study.yaml", *LOCAL, "--json")
    document = json.loads(out)
    assert (code, document["healthy"]) == (1, False)
    assert set(document) <= documented("doctor")
    (mlflow,) = [found for found in document["findings"] if found["check"] == "mlflow"]
    assert mlflow["level"] == "error"
    assert "start the server" in mlflow["text"]


def test_bad_input_is_refused(capfd) -> None:
    code, out, _ = run(capfd, "doctor", "--set", "resources.cpus=0", "--json")
    assert (code, json.loads(out)["error"]["exit_code"]) == (2, 2)
