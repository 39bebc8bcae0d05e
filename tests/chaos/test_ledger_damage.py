"""The ledger of a study with segments is cut or damaged: what is whole counts, the rest runs again."""

import json
import logging
import random
import shutil
from pathlib import Path

import pytest

from sparktune.ledger import Ledger
from sparktune.study import tune
from tests.chaos.studies import (
    assert_recorded_once,
    assert_same,
    data,
    document,
    events,
    study_of,
    write_study,
)

pytestmark = pytest.mark.usefixtures("fork_server")
LOCAL = {"launcher": "local", "parallelism": 2, "segment_seconds": 1e-6}
LINES = 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with a sound ledger."""
    config = write_study(tmp_path_factory.mktemp("whole"), resources=LOCAL)
    tune(config, data=data(), offline=True)
    return config


def copy_of(whole: Path, folder: Path, content: bytes) -> Path:
    """The study in another folder, with this ledger."""
    config = write_study(folder, resources=LOCAL)
    shutil.copytree(study_of(whole), study_of(config))
    (study_of(config) / "ledger.jsonl").write_bytes(content)
    return config


def go_on(folder: Path) -> None:
    tune(document(folder, resources=LOCAL), data=data(), offline=True)


@pytest.mark.fault("the ledger is cut at every byte of its last lines: it opens")
def test_every_cut_leaves_the_whole_lines(whole: Path, tmp_path: Path) -> None:
    path = study_of(whole) / "ledger.jsonl"
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    end = next(n for n in reversed(range(len(lines))) if b'"event": "result"' in lines[n]) + 1
    place = tmp_path / "ledger.jsonl"
    for number in range(end - LINES, end):
        place.write_bytes(b"".join(lines[:number]))
        expected = Ledger.read(tmp_path)
        start = sum(map(len, lines[:number]))
        for size in range(start + 1, start + len(lines[number])):
            place.write_bytes(content[:size])
            cut = Ledger.read(tmp_path)
            assert (cut.results, cut.unfinished) == (expected.results, expected.unfinished), size


@pytest.mark.fault("the ledger is cut anywhere: the study goes on and ends the same")
def test_a_study_goes_on_after_a_cut(whole: Path, tmp_path: Path, at_full_length: bool) -> None:
    content = (study_of(whole) / "ledger.jsonl").read_bytes()
    first = content.index(b"\n") + 1
    cuts = random.Random(0).sample(range(first, len(content)), 10 if at_full_length else 2)
    for number, size in enumerate(cuts):
        config = copy_of(whole, tmp_path / str(number), content[:size])
        known = Ledger.read(study_of(config)).results
        go_on(config.parent)
        assert_same(config, whole)
        assert_recorded_once(config, 4)
        assert {n: Ledger.read(study_of(config)).results[n] for n in known} == known


@pytest.mark.fault("a damaged line in the middle of the ledger costs its trial, and is said")
def test_a_damaged_line_costs_its_trial(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = (study_of(whole) / "ledger.jsonl").read_bytes()
    first = min(events(whole, "result"), key=lambda event: event["time"])["result"]["trial"]
    (line,) = [
        line
        for line in content.splitlines(keepends=True)
        if b'"event": "result"' in line and json.loads(line)["result"]["trial"] == first
    ]
    at = content.index(line) + len(line) // 2
    config = copy_of(whole, tmp_path, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    caplog.set_level(logging.WARNING)
    go_on(tmp_path)
    assert f"the result of trial {first}, which `sparktune tune` runs again" in caplog.text
    assert_same(config, whole)
    launched = [event["trial"] for event in events(config, "launched")]
    before = [event["trial"] for event in events(whole, "launched")]
    assert set(launched[len(before) :]) == {first}
