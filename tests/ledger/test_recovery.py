"""A damaged ledger opens: one damaged line costs one trial at most, and is said."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparktune.errors import StudyDirectoryError
from sparktune.ledger import BundleExported, Ledger, StudyEnded, StudyStarted, WarmStarted
from sparktune.ledger.events import LEFT_OUT
from sparktune.ledger.journal import encode_line
from sparktune.spec import StudySpec
from sparktune.summary import Objective, Summary
from sparktune.trial import Trial, TrialResult, TrialState

DATA = "0123456789abcdef" * 4
VALUES = [0.1, 0.5, 0.3, 0.2, 0.9, 0.4]
POINTS = [{"neurons": n, "dropout": d} for n in (4, 8) for d in (0.0, 0.1, 0.2)]
WARM = WarmStarted("earlier", [TrialResult(7, POINTS[0], TrialState.COMPLETE, 0.25)], "f" * 64, "its best")
LIMITLESS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


def opened(folder: Path, spec: StudySpec, data: str = DATA, direction: str = "maximize") -> Ledger:
    return Ledger.open(folder / "s", spec, data, direction)


def result(trial: int, value: float) -> TrialResult:
    history = {"val_accuracy": [value / 2, value]}
    return TrialResult(
        trial,
        POINTS[trial],
        TrialState.COMPLETE,
        value,
        2,
        history,
        {"train": 1.0},
        model=b"model %d" % trial,
    )


@pytest.fixture(scope="module")
def study() -> StudySpec:
    return StudySpec(
        study={"name": "s", "seed": 1},
        data={"source": "digits"},
        search={"space": {"neurons": [4, 8], "dropout": [0.0, 0.1, 0.2]}},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, study: StudySpec) -> dict[str, bytes]:
    """The files of a study that ended, by name: six trials, the best of which is the fifth."""
    folder = tmp_path_factory.mktemp("whole")
    with opened(folder, study) as ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize"))
        for trial, value in enumerate(VALUES):
            ledger.launched(Trial("s", trial, POINTS[trial], seed=trial))
            ledger.record(result(trial, value))
        ledger.note(BundleExported(4, None))
        ledger.note(
            StudyEnded("FINISHED", Summary("s", ledger.study_id, {}, None, Objective("val_loss", "minimize")))
        )
    return {path.name: path.read_bytes() for path in ledger.directory.iterdir()}


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory, study: StudySpec) -> dict[str, bytes]:
    """The files of a study with a line of each kind, by name.

    Trial 4, the best, was retried, 1 was voided, 3 was paused, 0 and 5 were skipped, 5 after its end.
    """
    folder = tmp_path_factory.mktemp("eventful")
    trials = [Trial("s", trial, POINTS[trial], seed=trial) for trial in range(6)]
    with opened(folder, study) as ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize"))
        ledger.note(WARM)
        ledger.launched(*trials)
        ledger.record(result(1, 0.5))
        ledger.record(replace(result(3, 0.1), state=TrialState.PAUSED, model=None))
        for trial in (4, 5):
            ledger.record(TrialResult(trial, POINTS[trial], TrialState.FAILED, error="no memory"))
    (ledger.directory / "best-1.keras").unlink()
    with opened(folder, study) as ledger:
        ledger.skip(0)
        ledger.skip(5)
        assert ledger.retry({TrialState.FAILED}) == [4]
        for trial in (4, 1, 3, 2):
            again = replace(trials[trial], attempt=1 if trial == 3 else 2)
            ledger.launched(again)
            ledger.record(replace(result(trial, VALUES[trial]), attempt=again.attempt))
        ledger.note(
            StudyEnded("FINISHED", Summary("s", ledger.study_id, {}, None, Objective("val_loss", "minimize")))
        )
    files = {path.name: path.read_bytes() for path in ledger.directory.iterdir()}
    for event in ("launched", "result", "paused", "void", "retried", "skipped", "note"):
        assert b'"event": "%s"' % event.encode() in files["ledger.jsonl"]
    return files


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, eventful: dict[str, bytes]
) -> Mapping[int, TrialResult]:
    """The results of that study, undamaged."""
    folder = tmp_path_factory.mktemp("undamaged")
    put(folder, eventful, eventful["ledger.jsonl"])
    return Ledger.read(folder / "s").results


def put(folder: Path, files: dict[str, bytes], content: bytes) -> None:
    (folder / "s").mkdir()
    for name, text in {**files, "ledger.jsonl": content}.items():
        (folder / "s" / name).write_bytes(text)


def without_checksums(content: bytes) -> bytes:
    """The file as earlier versions wrote it."""
    lines = [json.loads(line) for line in content.splitlines()]
    return b"".join(json.dumps({k: v for k, v in x.items() if k != "crc"}).encode() + b"\n" for x in lines)


def trial_of(line: bytes) -> set[int]:
    """The trial that a good line is about."""
    read = json.loads(line)
    return {read.get("trial", (read.get("result") or {}).get("trial"))} - {None}


def check_and_run_again(
    folder: Path,
    spec: StudySpec,
    expected: Mapping[int, TrialResult],
    may_be_lost: set[int],
    skipped: set[int],
) -> None:
    """The study opens, all other results are there, and what is lost or failed can be run again."""
    with opened(folder, spec) as ledger:
        for trial in set(range(6)) - may_be_lost:
            assert ledger.results[trial] == expected[trial]
        assert not skipped & set(ledger.retry({TrialState.FAILED}))
        lost = set(range(6)) - set(ledger.results)
        assert not skipped & lost
        for trial in lost:
            ledger.record(result(trial, VALUES[trial]))
        assert ledger.best_model is not None and ledger.best_model.read_bytes() == b"model 4"
    read = Ledger.read(folder / "s")
    assert (sorted(read.results), read.best) == ([*range(6)], read.results[4])
    with opened(folder, spec) as ledger:
        assert len(ledger.results) == 6


@pytest.mark.fault("any byte of the ledger is another one")
@LIMITLESS
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_any_byte_of_any_line_may_be_any_other(
    tmp_path_factory: pytest.TempPathFactory,
    study: StudySpec,
    eventful: dict[str, bytes],
    expected: Mapping[int, TrialResult],
    place: float,
    byte: int,
) -> None:
    content = eventful["ledger.jsonl"]
    at = int(place * len(content))
    line = content[content.rfind(b"\n", 0, at) + 1 : content.index(b"\n", at)]
    may_be_lost = trial_of(line) if json.loads(line).get("event") == "result" else set()
    folder = tmp_path_factory.mktemp("flip")
    put(folder, eventful, content[:at] + bytes([byte]) + content[at + 1 :])
    check_and_run_again(folder, study, expected, may_be_lost, skipped={0, 5})  # these are FAILED anew
    with opened(folder, study) as ledger:
        assert ledger.study_id == json.loads(content.splitlines()[0])["study_id"]
        assert ledger.last(WarmStarted) == WARM


@pytest.mark.parametrize(
    "event",
    [
        b"launched",
        b"paused",
        b"void",
        b"retried",
        b"skipped",
        b'note", "kind": "warm_started',
        b'note", "kind": "ended',
    ],
)
def test_a_line_that_is_no_result_costs_no_result(
    tmp_path_factory: pytest.TempPathFactory,
    study: StudySpec,
    eventful: dict[str, bytes],
    expected: Mapping[int, TrialResult],
    event: bytes,
) -> None:
    lines = eventful["ledger.jsonl"].splitlines(keepends=True)
    found = [n for n, line in enumerate(lines) if line.startswith(b'{"event": "%s"' % event)]
    assert found
    for number in found:
        content = b"".join(b"?" + line[1:] if n == number else line for n, line in enumerate(lines))
        folder = tmp_path_factory.mktemp("line")
        put(folder, eventful, content)
        check_and_run_again(folder, study, expected, set(), skipped={0, 5})
        assert Ledger.read(folder / "s").last(WarmStarted) == WARM


def test_two_damaged_lines_in_a_row_cost_the_results_that_they_hold_alone(
    tmp_path_factory: pytest.TempPathFactory,
    study: StudySpec,
    eventful: dict[str, bytes],
    expected: Mapping[int, TrialResult],
) -> None:
    lines = eventful["ledger.jsonl"].splitlines(keepends=True)
    for number in range(1, len(lines) - 1):
        two = lines[number : number + 2]
        content = b"".join([*lines[:number], *(b"?" + line[1:] for line in two), *lines[number + 2 :]])
        results = [trial_of(line) for line in two if line.startswith(b'{"event": "result"')]
        folder = tmp_path_factory.mktemp("two")
        put(folder, eventful, content)
        skipped = {0, 5} - (trial_of(two[0]) & trial_of(two[1]))  # two lines say that it was skipped
        check_and_run_again(folder, study, expected, set().union(*results), skipped)


def test_a_skipped_trial_whose_end_is_missing_is_failed_when_the_study_opens(
    tmp_path: Path, study: StudySpec, eventful: dict[str, bytes]
) -> None:
    content = eventful["ledger.jsonl"]
    put(tmp_path, eventful, content[: content.index(b"\n", content.index(b'"event": "skipped"')) + 1])
    with opened(tmp_path, study) as ledger:
        assert (ledger.results[0].state, ledger.results[0].error) == (TrialState.FAILED, LEFT_OUT)
        assert ledger.retry({TrialState.FAILED}) == [4, 5]


@pytest.mark.fault("the ledger is cut anywhere, its first line too: it opens")
@LIMITLESS
@given(place=st.floats(0, 1))
def test_the_file_may_be_cut_at_any_byte(
    tmp_path_factory: pytest.TempPathFactory,
    study: StudySpec,
    eventful: dict[str, bytes],
    expected: Mapping[int, TrialResult],
    place: float,
) -> None:
    content = eventful["ledger.jsonl"]
    start = content.index(b'", "spec"') + 1
    at = start + int(place * (len(content) - start))
    there = content[:at].count(b"\n")
    behind = [trial for line in content.splitlines()[there:] for trial in trial_of(line)]
    folder = tmp_path_factory.mktemp("cut")
    put(folder, eventful, content[:at])
    ahead = [json.loads(line) for line in content.splitlines()[:there]]
    skipped = {line["trial"] for line in ahead if line.get("event") == "skipped"}
    check_and_run_again(folder, study, expected, set(behind), skipped)


@LIMITLESS
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_line_of_an_earlier_version_ends_in_no_other_error(
    tmp_path_factory: pytest.TempPathFactory,
    study: StudySpec,
    whole: dict[str, bytes],
    place: float,
    byte: int,
) -> None:
    content = without_checksums(whole["ledger.jsonl"])
    at = int(place * len(content))
    folder = tmp_path_factory.mktemp("old")
    put(folder, whole, content[:at] + bytes([byte]) + content[at + 1 :])
    try:
        with opened(folder, study) as ledger:
            assert len(ledger.results) >= 5
    except StudyDirectoryError as error:
        assert at < content.index(b"\n"), error


def test_lines_of_an_earlier_version_are_read_and_gone_on_with(
    tmp_path: Path, study: StudySpec, whole: dict[str, bytes]
) -> None:
    old = without_checksums(whole["ledger.jsonl"])
    assert b"crc" not in old
    put(tmp_path, whole, old)
    with opened(tmp_path, study) as ledger:
        assert len(ledger.results) == 6
        ledger.note(StudyStarted("val_accuracy", "maximize"))
    content = (tmp_path / "s" / "ledger.jsonl").read_bytes()
    assert content.startswith(old)
    *_, last = content.splitlines()
    body, _, checksum = last.partition(b', "crc": ')
    assert checksum == b'"%08x"}' % crc32(body + b"}")


def damaged(content: bytes, number: int, **members: Any) -> bytes:
    """The file with other members in a line that has no checksum."""
    lines = without_checksums(content).splitlines()
    lines[number - 1] = json.dumps({**json.loads(lines[number - 1]), **members}).encode()
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize(
    "members",
    [
        {"result": {"trial": 1}},
        {"result": None},
        {"result": {"trial": 1, "params": {}, "state": "COMPLETF"}},
        {"result": {"trial": 1, "params": {}, "state": "COMPLETE", "valuf": 0.5}},
        {"result": {"trial": 1, "params": {}, "state": "COMPLETE", "value": {"$float": []}}},
        {"event": "resulu"},
        {"event": ["result"]},
        {"time": "noon"},
        {"more": 1},
    ],
)
def test_a_damaged_member_of_valid_json_costs_that_line(
    tmp_path: Path, study: StudySpec, whole: dict[str, bytes], members: dict[str, Any]
) -> None:
    put(tmp_path, whole, damaged(whole["ledger.jsonl"], 6, **members))
    with opened(tmp_path, study) as ledger:
        assert sorted(ledger.results) == [0, 2, 3, 4, 5]
        assert (1, POINTS[1]) in ledger.sequence


def test_what_is_lost_is_said_once_and_the_damaged_file_is_kept(
    tmp_path: Path, study: StudySpec, whole: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    content = whole["ledger.jsonl"].replace(b'"value": 0.5', b'"value": 0.7')
    put(tmp_path, whole, content)
    caplog.set_level(logging.WARNING)
    assert sorted(Ledger.read(tmp_path / "s").results) == [0, 2, 3, 4, 5]
    assert "line 6 of" in caplog.text
    assert "held the result of trial 1, which `sparktune tune` runs again" in caplog.text
    caplog.clear()
    opened(tmp_path, study).close()
    assert "the result of trial 1, which `sparktune tune` runs again" in caplog.text
    assert "the file as it was is" in caplog.text
    assert (tmp_path / "s" / "ledger.damaged.jsonl").read_bytes() == content
    caplog.clear()
    opened(tmp_path, study).close()
    assert sorted(Ledger.read(tmp_path / "s").results) == [0, 2, 3, 4, 5]
    assert caplog.text == ""


def test_what_a_newer_version_tells_is_kept_and_passed_over(tmp_path: Path, study: StudySpec) -> None:
    opened(tmp_path, study).close()
    path = tmp_path / "s" / "ledger.jsonl"
    later = encode_line({"event": "promoted", "trial": 3, "time": 1.0})
    path.write_bytes(path.read_bytes() + later)
    with opened(tmp_path, study) as ledger:
        ledger.note(StudyStarted("loss", "minimize"))
    assert later in path.read_bytes()
    assert not path.with_name("ledger.damaged.jsonl").exists()


class TestHeader:
    @pytest.fixture
    def blank(self, tmp_path: Path, whole: dict[str, bytes]) -> bytes:
        """The study with nothing left of its first line."""
        first, _, rest = whole["ledger.jsonl"].partition(b"\n")
        put(tmp_path, whole, bytes(len(first)) + b"\n" + rest)
        return rest

    def test_it_is_written_again_from_the_spec_and_the_lines_behind(
        self,
        tmp_path: Path,
        study: StudySpec,
        whole: dict[str, bytes],
        blank: bytes,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with opened(tmp_path, study) as ledger:
            assert (len(ledger.results), ledger.spec) == (6, study)
        assert "the first line" in caplog.text and "written again" in caplog.text
        assert (tmp_path / "s" / "ledger.jsonl").read_bytes().endswith(blank)
        assert ledger.study_id == json.loads(whole["ledger.jsonl"].splitlines()[0])["study_id"]
        assert Ledger.read(tmp_path / "s").best == ledger.best

    @pytest.mark.parametrize("name", [b'"data_digest"', b'"created"', b'"spec"', b'"format"'])
    def test_a_damaged_name_in_one_without_a_checksum_is_repaired_for_good(
        self, tmp_path: Path, study: StudySpec, whole: dict[str, bytes], name: bytes
    ) -> None:
        old = without_checksums(whole["ledger.jsonl"])
        put(tmp_path, whole, old.replace(name, name.upper(), 1))
        opened(tmp_path, study).close()
        assert len(Ledger.read(tmp_path / "s").results) == 6
        assert (tmp_path / "s" / "ledger.jsonl").read_bytes().endswith(old.partition(b"\n")[2])

    def test_reading_alone_says_how_to_get_it_back(self, tmp_path: Path, blank: bytes) -> None:
        with pytest.raises(StudyDirectoryError, match=r"first line of .* is damaged; run `sparktune tune`"):
            Ledger.read(tmp_path / "s")

    def test_what_the_lines_say_must_agree(self, tmp_path: Path, study: StudySpec, blank: bytes) -> None:
        with pytest.raises(StudyDirectoryError, match="direction: maximize there, minimize here"):
            opened(tmp_path, study, direction="minimize")

    def test_a_lost_id_is_said(
        self, tmp_path: Path, study: StudySpec, caplog: pytest.LogCaptureFixture
    ) -> None:
        with opened(tmp_path, study) as ledger:
            ledger.note(StudyStarted("loss", "maximize"))
        path = tmp_path / "s" / "ledger.jsonl"
        path.write_bytes(b"?" + path.read_bytes().partition(b"\n")[2])
        path.write_bytes(b"lost\n" + path.read_bytes()[1:])
        with opened(tmp_path, study) as again:
            assert again.study_id != ledger.study_id
        assert "the id of the study is lost" in caplog.text

    @pytest.mark.parametrize("damage", [b'"format": 1', b'"created"', b'"direction": "m'])
    def test_another_study_is_refused_as_ever(
        self, tmp_path: Path, study: StudySpec, whole: dict[str, bytes], damage: bytes
    ) -> None:
        content = whole["ledger.jsonl"].replace(damage, b"?" * len(damage), 1)
        put(tmp_path, whole, content)
        other = study.model_copy(update={"training": study.training.model_copy(update={"epochs": 3})})
        with pytest.raises(StudyDirectoryError, match=r"training\.epochs: 10 there, 3 here"):
            opened(tmp_path, other)
        with pytest.raises(StudyDirectoryError, match="the data are others"):
            opened(tmp_path, study, data="f" * 64)
        assert (tmp_path / "s" / "ledger.jsonl").read_bytes() == content
        opened(tmp_path, study).close()
