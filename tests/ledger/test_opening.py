"""From a study directory to the content of its ledger."""

import logging
from pathlib import Path

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.ledger.events import StudyStarted, event_to_line
from sparktune.ledger.journal import Journal
from sparktune.ledger.opening import create_or_repair, read_existing
from sparktune.spec import StudySpec

DATA = "d" * 64
STARTED = StudyStarted("loss", "minimize")


def append(folder: Path, size: int) -> None:
    journal = Journal(folder / "ledger.jsonl", size)
    journal.append({**event_to_line(STARTED), "time": 5.0})
    journal.close()


def test_a_new_ledger_has_a_header_alone_and_is_found_again(tmp_path: Path, spec: StudySpec) -> None:
    header, file = create_or_repair(tmp_path, spec, DATA, "maximize")
    assert (header.spec, header.spec_digest) == (spec.model_dump(mode="json"), spec.digest())
    assert (header.data_digest, header.direction) == (DATA, "maximize")
    assert (file.events, file.size) == ([], (tmp_path / "ledger.jsonl").stat().st_size)
    append(tmp_path, file.size)
    for again, content in (create_or_repair(tmp_path, spec, DATA, "maximize"), read_existing(tmp_path)):
        assert (again, content.events) == (header, [(5.0, STARTED)])


def test_an_empty_file_of_a_driver_that_died_is_taken_as_a_new_ledger(
    tmp_path: Path, spec: StudySpec
) -> None:
    (tmp_path / "ledger.jsonl").touch()
    with pytest.raises(StudyDirectoryError, match="missing or empty"):
        read_existing(tmp_path)
    header, file = create_or_repair(tmp_path, spec, DATA, "maximize")
    assert (header.spec_digest, file.events) == (spec.digest(), [])
    assert read_existing(tmp_path)[0] == header


def test_damaged_lines_are_read_over_and_removed_by_the_driver(
    tmp_path: Path, spec: StudySpec, caplog: pytest.LogCaptureFixture
) -> None:
    _, file = create_or_repair(tmp_path, spec, DATA, "maximize")
    append(tmp_path, file.size)
    path = tmp_path / "ledger.jsonl"
    good = path.read_bytes()
    damaged = good + b'{"event": "launched", "trial": 7\n'
    path.write_bytes(damaged)
    with caplog.at_level(logging.WARNING, "sparktune.ledger"):
        assert len(read_existing(tmp_path)[1].damaged) == 1
    assert "the launch of trial 7" in caplog.text
    assert path.read_bytes() == damaged
    (tmp_path / ".ledger.jsonl.tmp").touch()
    _, repaired = create_or_repair(tmp_path, spec, DATA, "maximize")
    assert (repaired.damaged, repaired.events, path.read_bytes()) == ([], [(5.0, STARTED)], good)
    assert not (tmp_path / ".ledger.jsonl.tmp").exists()


def test_a_folder_without_a_readable_ledger_is_refused(tmp_path: Path, spec: StudySpec) -> None:
    with pytest.raises(StudyDirectoryError, match=r"a study directory, but its ledger\.jsonl is missing"):
        read_existing(tmp_path)
    create_or_repair(tmp_path, spec, DATA, "maximize")
    with pytest.raises(StudyDirectoryError, match="belongs to another study"):
        create_or_repair(tmp_path, spec, DATA, "minimize")
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(StudyDirectoryError, match=r"the first line of .* is damaged; run `sparktune tune`"):
        read_existing(tmp_path)
