"""The checkpoints of a study's paused trials, while they are needed."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import final

from sparktune.files import write_atomically
from sparktune.shared_files import base_name, file_names, inside, remove_file
from sparktune.trial import TrialResult

FOLDER = "checkpoints"

log = logging.getLogger("sparktune.ledger")


@final
class CheckpointFiles:
    """The files `checkpoints/TRIAL-EPOCHS.checkpoint` of a study directory.

    A result names such a file by its path in the study directory, which can be moved; a checkpoint that lies
    elsewhere, as it was too large to be sent, by an absolute path or a URI.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, result: TrialResult) -> TrialResult:
        """The result with the name of its checkpoint, which is written, in place of the content.

        Raises:
            OSError: the disk is full, say; earlier checkpoints stay.
        """
        if result.checkpoint_bytes is None:
            return result
        name = f"{FOLDER}/{result.trial}-{result.epochs}.checkpoint"
        (self._directory / FOLDER).mkdir(exist_ok=True)
        write_atomically(self._directory / name, result.checkpoint_bytes)
        return replace(result, checkpoint=name, checkpoint_bytes=None)

    def place(self, name: str | None) -> str | None:
        """The absolute path or URI of a checkpoint."""
        if name is None or not name.startswith(f"{FOLDER}/"):
            return name
        return str((self._directory / name).absolute())

    def remove(self, name: str | None) -> None:
        """Remove a checkpoint that is no longer needed, and the folder if it was the last one."""
        if (place := self.place(name)) is not None:
            remove_file(place)
            with suppress(OSError):
                (self._directory / FOLDER).rmdir()

    def remove_others(self, names: Iterable[str | None]) -> None:
        """Remove all files but these: what a driver that was killed has left."""
        needed = {self.place(name) for name in names}
        for path in (self._directory / FOLDER).glob("*"):
            if str(path.absolute()) not in needed:
                self.remove(f"{FOLDER}/{path.name}")


def remove_other_shared(folder: str, study_id: str, places: Iterable[str | None]) -> None:
    """Remove a study's files in a folder of `output.checkpoints` but those at these places.

    Results that never came back have left them. A folder that cannot be listed is a warning.
    """
    needed = {base_name(place) for place in places if place is not None}
    try:
        names = file_names(folder)
    except OSError as error:
        log.warning("checkpoints that nobody needs may stay in %s, which cannot be listed: %s", folder, error)
        return
    for name in names:
        if name.startswith(f"{study_id}-") and name not in needed:
            remove_file(inside(folder, name))
