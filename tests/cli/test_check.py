"""The command that checks a study file."""

import json
import resource
from pathlib import Path

import pytest
import yaml

from tests.cli.command import documented, heavy_modules, run

CPU_SECONDS = 2.0


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{n},{n % 7},{'yes' if n % 2 else 'no'}\n" for n in range(200))
    (tmp_path / "rows.csv").write_text("a,b,left\n" + rows)
    study = {
        "study": {"name": "left"},
        "data": {"source": "csv", "path": "rows.csv", "label": "left", "validation": {"last": 0.2}},
        "search": {
            "sampler": "random",
            "trials": 5,
            "space": {
                "neurons": list(range(1, 13)),
                "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
            },
        },
        "resources": {"launcher": "local"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    return tmp_path / "study.yaml"


def test_it_says_what_would_run(capfd, config) -> None:
    code, out, err = run(capfd, "check", "--config", str(config), "--set", "search.trials=6")
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if line]
    for words in (
        "6 trials by sampler random",
        "in processes of this machine",
        "neurons: 1, 2, 3, 4, 5, 6, 7, 8 and 4 more",
        "learning_rate: 0.001 to 0.1 (log)",
        "160 train, 40 validation rows",
        "a       int32  none     0                mean ",
        "left, binary: no, yes",
        "val_accuracy, maximize",
    ):
        assert any(words in line for line in lines), words
    assert {path.name for path in config.parent.iterdir()} == {"study.yaml", "rows.csv"}


def test_it_names_every_objective(capfd, config) -> None:
    metrics = "objective.metrics=[{metric: val_loss}, {metric: parameters}]"
    code, out, _ = run(capfd, "check", "--config", str(config), "--set", metrics)
    assert code == 0
    assert "objective  val_loss, minimize; parameters, minimize; best by val_loss" in out.splitlines()


def test_scripts_get_a_document(capfd, config) -> None:
    code, out, _ = run(capfd, "check", "--config", str(config), "--json")
    plan = json.loads(out)
    assert (code, plan["trials"], plan["rows"]) == (0, 5, {"train": 160, "validation": 40})
    assert set(plan) == documented("check")
    code, out, _ = run(capfd, "check", "--config", str(config), "--json", "--set", "data.label=lef")
    assert (code, json.loads(out)["error"]["type"]) == (2, "DataError")


def test_it_is_quick_and_loads_no_heavy_library(config) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    arguments = ["check", "--config", str(config)]
    assert heavy_modules(*arguments, heavy=("tensorflow", "keras", "mlflow", "pyspark")) == []
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU_SECONDS
