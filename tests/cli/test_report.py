"""`sparktune report`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sparktune.cli import main
from tests.report.ledgers import finished


def test_it_writes_the_page_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = finished(tmp_path / "small")
    for options, path in (
        ((), folder / "report.html"),
        (("-o", str(tmp_path / "a.html")), tmp_path / "a.html"),
    ):
        with pytest.raises(SystemExit, match="0"):
            main(["report", str(folder), *options])
        assert capsys.readouterr().out.replace("\n", "") == str(path)
        assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_cannot_be_read_or_written_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished(tmp_path / "small")
    for arguments, message in (
        ([str(tmp_path)], "must be a study directory"),
        ([str(folder), "-o", str(tmp_path / "no" / "a.html")], "--output"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["report", *arguments])
        assert message in capsys.readouterr().err


def test_it_answers_in_json_and_imports_nothing_heavy(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    code = f"""
import sys
from sparktune.cli import main
try:
    main(["report", {str(folder)!r}, "--json"])
except SystemExit as ended:
    heavy = {{"tensorflow", "mlflow", "pyspark", "matplotlib"}} & set(sys.modules)
    print(ended.code, *heavy, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == {"report": str(folder / "report.html")}
    assert done.stderr.split() == ["0"]
