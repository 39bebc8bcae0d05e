"""Where a segment finds its checkpoint, and where it leaves one that is too large to be sent."""

from dataclasses import replace
from hashlib import sha256

from sparktune.errors import CheckpointError
from sparktune.shared_files import inside, read_file, write_file
from sparktune.spec import StudySpec
from sparktune.training.checkpoint import Checkpoint
from sparktune.trial import Segment, Trial, TrialNotes, TrialResult


def read_checkpoint(segment: Segment) -> Checkpoint | None:
    """What a segment goes on from; None where it begins its trial.

    Raises:
        CheckpointError: it is missing, damaged, or that of another trial.
    """
    content = segment.checkpoint_bytes
    if content is None:
        if segment.checkpoint is None:
            return None
        try:
            content = read_file(segment.checkpoint)
        except OSError as error:
            raise CheckpointError(f"the checkpoint is missing: {error}") from None
    checkpoint = Checkpoint.from_bytes(content)
    if checkpoint.seed != segment.trial.seed:
        raise CheckpointError("the checkpoint is that of another trial")
    return checkpoint


def with_room(result: TrialResult, trial: Trial, spec: StudySpec) -> TrialResult:
    """A paused result whose checkpoint, where it is too large to be sent, lies in `output.checkpoints`."""
    content, output = result.checkpoint_bytes or b"", spec.output
    if len(content) <= output.checkpoint_limit:
        return result
    kept = replace(result, checkpoint_bytes=None)
    if spec.shared_checkpoints is None:
        why = f"none: it has {len(content)} bytes, and output.checkpoint_limit is {output.checkpoint_limit}"
        return replace(kept, notes=result.notes.updated(TrialNotes(checkpoint=why)))
    # Studies of one name may share the folder: each finds, and removes, its own.
    name = f"{trial.study_id}-{trial.number}-{result.epochs}-{sha256(content).hexdigest()[:16]}.checkpoint"
    place = inside(spec.shared_checkpoints, name)
    try:
        write_file(place, content)
    except OSError as error:
        why = f"none: output.checkpoints cannot be written: {error}"
        return replace(kept, notes=result.notes.updated(TrialNotes(checkpoint=why)))
    return replace(kept, checkpoint=place)
