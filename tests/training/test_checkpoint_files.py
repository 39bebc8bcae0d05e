"""Where checkpoints lie: sent along, in the place that hosts share, or nowhere."""

from dataclasses import replace
from hashlib import sha256

import pytest

from sparktune.errors import CheckpointError
from sparktune.spec import StudySpec
from sparktune.training.checkpoint import Checkpoint
from sparktune.training.checkpoint_files import read_checkpoint, with_room
from sparktune.trial import Segment, Trial, TrialResult, TrialState

CONTENT = Checkpoint(5, 2, 9, [], [], [], {}, [], {}).to_bytes()
PAUSED = TrialResult(3, {}, TrialState.PAUSED, history={"loss": [1.0, 0.5]}, checkpoint_bytes=CONTENT)
TRIAL = Trial("s", 3, {}, seed=5, study_id="a1")
SEGMENT = Segment(TRIAL, start=2)


def spec_of(**output: object) -> StudySpec:
    return StudySpec(study={"name": "s"}, output=output)


def test_a_small_one_is_sent(tmp_path):
    assert with_room(PAUSED, TRIAL, spec_of(checkpoints=str(tmp_path))) is PAUSED


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_large_one_lies_in_the_shared_place(tmp_path, scheme):
    spec = spec_of(checkpoint_limit=10, checkpoints=f"{scheme}{tmp_path}/shared")
    result = with_room(PAUSED, TRIAL, spec)
    place = f"{scheme}{tmp_path}/shared/s/a1-3-2-{sha256(CONTENT).hexdigest()[:16]}.checkpoint"
    assert result == replace(PAUSED, checkpoint=place, checkpoint_bytes=None)
    read = read_checkpoint(replace(SEGMENT, checkpoint=result.checkpoint))
    assert read == Checkpoint.from_bytes(CONTENT)


def test_equal_checkpoints_of_two_studies_are_two_files(tmp_path):
    spec = spec_of(checkpoint_limit=10, checkpoints=str(tmp_path))
    places = {with_room(PAUSED, replace(TRIAL, study_id=name), spec).checkpoint for name in ("a1", "b2")}
    assert {str(path) for path in (tmp_path / "s").iterdir()} == places
    assert len(places) == 2


def test_without_room_there_is_none_and_a_note(tmp_path):
    result = with_room(PAUSED, TRIAL, spec_of(checkpoint_limit=10))
    assert (result.checkpoint, result.checkpoint_bytes) == (None, None)
    assert result.notes.checkpoint == f"none: it has {len(CONTENT)} bytes, and output.checkpoint_limit is 10"
    (tmp_path / "file").touch()
    result = with_room(PAUSED, TRIAL, spec_of(checkpoint_limit=10, checkpoints=f"{tmp_path}/file"))
    assert result.checkpoint is None
    assert str(result.notes.checkpoint).startswith("none: output.checkpoints cannot be written: ")


def test_a_trial_begins_without_one():
    assert read_checkpoint(SEGMENT) is None


def test_one_that_is_missing_or_of_another_trial_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="the checkpoint is missing: "):
        read_checkpoint(replace(SEGMENT, checkpoint=str(tmp_path / "gone")))
    other = replace(SEGMENT, trial=Trial("s", 3, {}, seed=6), checkpoint_bytes=CONTENT)
    with pytest.raises(CheckpointError, match="that of another trial"):
        read_checkpoint(other)
