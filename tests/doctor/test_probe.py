"""What an executor says of itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark import cloudpickle

from sparktune.doctor import probe as module
from sparktune.doctor.probe import PACKAGES, Report, available_memory, is_readable, probe, versions

ELSEWHERE = """
import json, pickle, sys
sys.modules["sparktune"] = None
print(json.dumps(pickle.load(open(sys.argv[1], "rb"))()))
"""


def asked(folder: Path, *python: str) -> Report:
    """What another Python answers, to which sparktune is missing."""
    cloudpickle.register_pickle_by_value(module)
    (folder / "probe").write_bytes(cloudpickle.dumps(probe))
    cloudpickle.unregister_pickle_by_value(module)
    command = [sys.executable, *python, "-c", ELSEWHERE, str(folder / "probe")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Report(**json.loads(done.stdout))


def test_it_answers_where_sparktune_cannot_be_imported(tmp_path: Path) -> None:
    report = asked(tmp_path)
    assert report.python == ".".join(map(str, sys.version_info[:3]))
    assert set(report.packages) == set(PACKAGES)
    assert report.memory is None or report.memory > 0
    assert report.shared is None


def test_pyspark_is_found_where_executors_have_it_from_spark_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an environment that `sparktune pack` has made, which leaves PySpark to Spark."""
    zips = (Path(pyspark.__file__).parent / "python" / "lib").glob("*.zip")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, zips)))
    found = asked(tmp_path, "-S").packages
    assert found == {**dict.fromkeys(PACKAGES), "pyspark": pyspark.__version__}


def test_a_container_has_no_more_memory_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GROUP", str(tmp_path))
    machine = available_memory()
    for name, text in {"memory.max": "max", "memory.current": "5000", "memory.stat": "file 9\n"}.items():
        (tmp_path / name).write_text(text + "\n")
    assert machine is None or (available_memory() or 0) > machine / 2
    (tmp_path / "memory.max").write_text("9000\n")
    (tmp_path / "memory.stat").write_text("file 2000\ninactive_file 1000\n")
    assert available_memory() == 5000


def test_packages_that_are_missing_have_no_version() -> None:
    assert versions(("numpy", "no-such-package"))["no-such-package"] is None


def test_shared_files_are_read_by_path_and_uri(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    assert is_readable(str(tmp_path / "file"))
    assert is_readable((tmp_path / "file").as_uri())
    for nothing in (str(tmp_path / "other"), (tmp_path / "other").as_uri(), "nothing://there"):
        assert not is_readable(nothing)
