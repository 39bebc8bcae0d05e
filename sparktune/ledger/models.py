"""The model files of a study directory."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import final

from sparktune.files import write_atomically


@final
class ModelFiles:
    """The files `best-N.keras` of a study directory, N being a trial's number.

    Only the best trial's model is kept; of several objectives those of the Pareto front. After a crash there
    may be one file more.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, trial: int) -> Path:
        """Where the model of a trial is, or would be."""
        return self._directory / f"best-{trial}.keras"

    def write(self, trial: int, model: bytes | None) -> str | None:
        """Write the model of a trial, and give its sha256; None for a trial without a model.

        Raises:
            OSError: the disk is full, say; what was there before stays.
        """
        if model is None:
            return None
        write_atomically(self.path(trial), model)
        return hashlib.sha256(model).hexdigest()

    def is_intact(self, trial: int, digest: str | None) -> bool:
        """Whether the file of a trial is there and has this sha256; False without one."""
        path = self.path(trial)
        return (
            digest is not None and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
        )

    def is_there(self, trial: int) -> bool:
        """Whether there is a model of this trial, whatever it holds."""
        return self.path(trial).is_file()

    def has_others(self, trials: Iterable[int]) -> bool:
        """Whether there is a model of a trial that is not one of these."""
        return any(self._others(trials))

    def remove_others(self, trials: Iterable[int]) -> None:
        """Remove all models but those of these trials; what cannot be removed stays: it only takes space."""
        for path in self._others(trials):
            with suppress(OSError):
                path.unlink()

    def _others(self, trials: Iterable[int]) -> Iterator[Path]:
        known = {self.path(trial) for trial in trials}
        return (path for path in self._directory.glob("best-*.keras") if path not in known)
