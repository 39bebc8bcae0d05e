"""Checkpoints lie in the study directory as long as they are needed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sparktune.ledger import Ledger
from sparktune.ledger.checkpoints import CheckpointFiles
from sparktune.ledger.journal import decode_line, encode_line
from sparktune.shared_files import inside
from sparktune.spec import StudySpec
from sparktune.trial import TrialNotes, TrialResult, TrialState


def paused(epochs: int, content: bytes | None = b"state", **fields: object) -> TrialResult:
    history = {"loss": [1 / (1 + epoch) for epoch in range(epochs)]}
    result = TrialResult(0, {"n": 1}, TrialState.PAUSED, history=history, checkpoint_bytes=content)
    return replace(result, timings={"train": 2.0}, **fields)  # type: ignore[arg-type]


def files(ledger: Ledger) -> list[str]:
    return sorted(path.name for path in ledger.directory.glob("checkpoints/*"))


@pytest.fixture
def ledger(tmp_path: Path, spec: StudySpec):
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as ledger:
        yield ledger


def test_the_newest_one_is_kept_until_its_trial_ends(ledger: Ledger) -> None:
    for epochs in (1, 3):
        result = ledger.record(paused(epochs))
        assert files(ledger) == [f"0-{epochs}.checkpoint"]
        assert result == replace(ledger.unfinished[0], checkpoint=result.checkpoint)
        assert result.checkpoint_bytes is None
        assert Path(result.checkpoint or "").read_bytes() == b"state"
    assert ledger.paused(0) == result
    ledger.record(replace(paused(4, None), state=TrialState.COMPLETE, value=0.1, epoch=4))
    assert (files(ledger), ledger.paused(0)) == ([], None)
    assert not (ledger.directory / "checkpoints").exists()


def test_a_killed_segment_leaves_the_checkpoint_and_what_is_known(ledger: Ledger) -> None:
    before = ledger.record(paused(2, notes=TrialNotes(checkpoint="trained again")))
    killed = ledger.record(TrialResult(0, {"n": 1}, TrialState.KILLED, attempt=2))
    assert ledger.paused(0) == before
    assert (killed.history, killed.seconds, killed.notes) == (before.history, 2.0, before.notes)
    ended = ledger.record(TrialResult(0, {"n": 1}, TrialState.FAILED, error="lost", timings={"train": 1.0}))
    assert (ended.history, ended.seconds, files(ledger)) == (before.history, 3.0, [])


def test_a_line_has_only_new_epochs_and_reading_joins_them(ledger: Ledger) -> None:
    for epochs in (2, 5, 7):
        last = ledger.record(paused(epochs))
    text = (ledger.directory / "ledger.jsonl").read_text()
    lines = [line for line in text.splitlines() if '"event": "paused"' in line]
    read = Ledger.read(ledger.directory)
    assert read.paused(0) == last
    assert (last.epochs, last.seconds) == (7, 6.0)
    events = [json.loads(line) for line in lines]
    assert [(event["start"], len(event["result"]["history"]["loss"])) for event in events] == [
        (0, 2),
        (2, 3),
        (5, 2),
    ]


def test_a_trial_that_was_trained_again_has_its_new_history(ledger: Ledger) -> None:
    ledger.record(paused(5))
    again = replace(paused(3), history={"loss": [0.5, 0.4, 0.3]})
    ledger.record(again)
    read = Ledger.read(ledger.directory).paused(0)
    assert read is not None and read.history == again.history
    assert files(ledger) == ["0-3.checkpoint"]


def test_a_lost_line_costs_its_trial(ledger: Ledger, spec: StudySpec, tmp_path: Path) -> None:
    for epochs in (1, 2, 3):
        ledger.record(paused(epochs))
    ledger.close()
    path = ledger.directory / "ledger.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"".join(line for line in rest if b'"start": 1' not in line))
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as opened:
        known = opened.paused(0)
        assert known is not None and (known.checkpoint, known.epochs) == (None, 0)
        assert files(opened) == []


def test_what_a_killed_driver_left_is_removed(ledger: Ledger, spec: StudySpec, tmp_path: Path) -> None:
    ledger.record(paused(2))
    ledger.close()
    (ledger.directory / "checkpoints/0-1.checkpoint").write_bytes(b"older")
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as opened:
        assert files(opened) == ["0-2.checkpoint"]


def test_a_study_without_segments_is_resumed(ledger: Ledger, spec: StudySpec, tmp_path: Path) -> None:
    ledger.record(TrialResult(0, {"n": 1}, TrialState.KILLED))
    ledger.record(TrialResult(1, {"n": 2}, TrialState.COMPLETE, value=0.5, epoch=1, model=b"model"))
    ledger.close()
    path = ledger.directory / "ledger.jsonl"
    first, rest = path.read_bytes().split(b"\n", 1)
    header, _ = decode_line(first)
    del header["spec"]["resources"]["segment_seconds"]
    del header["spec"]["output"]["checkpoints"], header["spec"]["output"]["checkpoint_limit"]
    path.write_bytes(encode_line(header) + rest)
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as opened:
        assert ([*opened.results], [*opened.unfinished]) == ([1], [0])
        assert opened.paused(0) is None
        opened.record(paused(2))
    assert Ledger.read(tmp_path / "s").spec == spec


def test_one_that_lies_elsewhere_is_removed_there(ledger: Ledger, tmp_path: Path) -> None:
    place = tmp_path / "shared.checkpoint"
    place.write_bytes(b"large")
    result = ledger.record(paused(2, None, checkpoint=f"file://{place}"))
    assert result.checkpoint == f"file://{place}"
    ledger.record(replace(paused(3, None), state=TrialState.COMPLETE, value=0.1, epoch=3))
    assert not place.exists()


def sharing(spec: StudySpec, folder: Path | str) -> StudySpec:
    output = spec.output.model_copy(update={"checkpoints": str(folder)})
    return spec.model_copy(update={"output": output})


@pytest.mark.parametrize(("scheme", "options"), [("", ""), ("file://", "?use_mmap=true")])
def test_what_no_trial_goes_on_from_is_removed_from_the_shared_place(
    tmp_path: Path, spec: StudySpec, scheme: str, options: str
) -> None:
    """At the end of a run and when the next one begins; files of other studies and of older versions stay."""
    spec = sharing(spec, f"{scheme}{tmp_path}/shared{options}")
    folder = tmp_path / "shared" / spec.study.name
    folder.mkdir(parents=True)
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as ledger:
        mine = ledger.study_id
        kept = [f"{mine}-0-2-ab.checkpoint", "other-0-1-ab.checkpoint", "0-2-ab.checkpoint"]
        late = [f"{mine}-0-1-cd.checkpoint", f"{mine}-1-1-ef.checkpoint.77.tmp"]
        for name in (*kept, *late):
            (folder / name).touch()
        place = inside(spec.shared_checkpoints or "", kept[0])
        ledger.record(paused(2, None, checkpoint=place))
        ledger.remove_unused_checkpoints()
        assert {path.name for path in folder.iterdir()} == {*kept}
    (folder / late[0]).touch()
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as again:
        assert {path.name for path in folder.iterdir()} == {*kept}
        assert again.paused(0).checkpoint == place  # type: ignore[union-attr]


def test_one_under_the_name_of_an_older_version_is_gone_on_from(tmp_path: Path, spec: StudySpec) -> None:
    spec = sharing(spec, tmp_path / "shared")
    old = tmp_path / "shared" / spec.study.name / "0-2-ab.checkpoint"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"state")
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as ledger:
        ledger.record(paused(2, None, checkpoint=str(old)))
    with Ledger.open(tmp_path / "s", spec, "data", "minimize") as again:
        assert Path(again.paused(0).checkpoint).read_bytes() == b"state"  # type: ignore[union-attr,arg-type]
        again.record(replace(paused(3, None), state=TrialState.COMPLETE, value=0.1, epoch=3))
    assert not old.exists()


def test_a_shared_place_that_cannot_be_listed_is_a_warning(
    tmp_path: Path, spec: StudySpec, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / spec.study.name).touch()
    with Ledger.open(tmp_path / "s", sharing(spec, tmp_path / "shared"), "data", "minimize"):
        assert "which cannot be listed" in caplog.text


def test_a_study_directory_can_be_moved(tmp_path: Path) -> None:
    place = CheckpointFiles(tmp_path).place
    assert place("checkpoints/0-1.checkpoint") == f"{tmp_path}/checkpoints/0-1.checkpoint"
    assert place("s3://bucket/0-1.checkpoint") == "s3://bucket/0-1.checkpoint"
    assert place(None) is None
