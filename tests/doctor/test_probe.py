"""What an executor says of itself."""

import json
import subprocess
import sys
from pathlib import Path

from pyspark import cloudpickle

from sparktune.doctor import probe as module
from sparktune.doctor.probe import PACKAGES, Report, is_readable, probe, versions

ELSEWHERE = """
import json, pickle, sys
sys.modules["sparktune"] = None
print(json.dumps(pickle.load(open(sys.argv[1], "rb"))()))
"""


def test_it_answers_where_sparktune_cannot_be_imported(tmp_path: Path) -> None:
    cloudpickle.register_pickle_by_value(module)
    (tmp_path / "probe").write_bytes(cloudpickle.dumps(probe))
    cloudpickle.unregister_pickle_by_value(module)
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, str(tmp_path / "probe")], capture_output=True)
    report = Report(**json.loads(done.stdout))
    assert report.python == ".".join(map(str, sys.version_info[:3]))
    assert set(report.packages) == set(PACKAGES)
    assert report.memory is None or report.memory > 0
    assert report.shared is None


def test_packages_that_are_missing_have_no_version() -> None:
    assert versions(("numpy", "no-such-package"))["no-such-package"] is None


def test_shared_files_are_read_by_path_and_uri(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    assert is_readable(str(tmp_path / "file"))
    assert is_readable((tmp_path / "file").as_uri())
    for nothing in (str(tmp_path / "other"), (tmp_path / "other").as_uri(), "nothing://there"):
        assert not is_readable(nothing)
