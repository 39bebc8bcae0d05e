import json
import os
import subprocess
import sys

import pytest

from sparktune.cli.demo import write_study
from sparktune.errors import InputError
from sparktune.spec import load_spec


def test_the_demo_tunes_scores_and_says_what_next(tmp_path):
    command = [sys.executable, "-m", "sparktune", "demo", "--directory", "demo:1"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "demo:1/studies/digits/summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 12}
    assert summary["best"]["value"] > 0.9
    assert summary["test"]["accuracy"] > 0.9
    assert "predict(" in done.stdout
    report = done.stdout.split()[-1]
    assert report == "demo:1/studies/digits/report.html"
    assert "The exported model" in (tmp_path / report).read_text(encoding="utf-8")
    assert "mlflow ui" in done.stdout
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"demo:1", "spark-warehouse"}


@pytest.mark.parametrize("name", ["a, b", "my demo #1", "x: y", "{braces}", "größe 🙂", "a'b\"c\\d"])
def test_the_study_of_any_folder_is_in_that_folder(tmp_path, name):
    spec = load_spec(write_study(tmp_path / name))
    assert spec.output.directory == str(tmp_path / name / "studies")
    assert spec.tracking.uri == f"sqlite:///{tmp_path / name}/mlflow.db"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "\udcff"):
        with pytest.raises(InputError, match=r"--directory: cannot write '.*digits\.yaml'"):
            write_study(place)
