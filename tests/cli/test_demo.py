import json
import os
import subprocess
import sys


def test_the_demo_tunes_scores_and_says_what_next(tmp_path):
    command = [sys.executable, "-m", "sparktune", "demo", "--directory", "demo"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "demo/studies/digits/summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 12}
    assert summary["best"]["value"] > 0.9
    assert summary["test"]["accuracy"] > 0.9
    assert "predict(" in done.stdout
    report = done.stdout.split()[-1]
    assert report == "demo/studies/digits/report.html"
    assert "The exported model" in (tmp_path / report).read_text(encoding="utf-8")
    assert "mlflow ui" in done.stdout
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"demo", "spark-warehouse"}
