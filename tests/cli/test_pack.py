"""`sparktune pack`; tests/packing and tests/jobs unpack what it writes."""

import json

import pytest

from tests.cli.command import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "environment.zip"), "--output must end in .tar.gz or .tgz"),
        (("--exclude", "no-such-package"), "got 'no-such-package'; `pip list` shows their names"),
    ],
)
def test_what_cannot_be_packed_is_bad_input(capfd, tmp_path, monkeypatch, arguments, said) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capfd, "pack", *arguments, "--json")
    assert (code, json.loads(out)["error"]["type"]) == (2, "InputError")
    assert said in err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def empty_environment(tmp_path, monkeypatch) -> None:
    """In an empty folder, and with nothing to pack."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sparktune.packing.archive.interpreter_entries", lambda scratch: [])
    monkeypatch.setattr("sparktune.packing.archive.package_entries", lambda target, exclude: [])


@pytest.mark.usefixtures("empty_environment")
def test_what_was_written_is_said_with_the_way_to_ship_it(capfd, tmp_path) -> None:
    code, out, err = run(capfd, "pack", "--output", "e.tgz", "--json")
    assert code == 0
    assert json.loads(out) == {
        "output": "e.tgz",
        "bytes": (tmp_path / "e.tgz").stat().st_size,
        "unpacked": 0,
        "files": 0,
    }
    assert "PYSPARK_PYTHON=./environment/bin/python spark-submit --archives e.tgz#environment" in err


@pytest.mark.usefixtures("empty_environment")
def test_a_path_that_spark_would_not_read_is_given_as_a_uri(capfd, tmp_path) -> None:
    err = run(capfd, "pack", "--output", "my #1.tgz")[2]
    assert f"--archives file://{tmp_path}/my%20%231.tgz#environment ..." in err
