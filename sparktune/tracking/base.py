"""What every tracker promises: it shows a study and never stands in its way."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sparktune.trial import Trial, TrialResult

if TYPE_CHECKING:
    from sparktune.bundle import Bundle

RunStatus = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
Artifacts = Mapping[str, Path | str]


class Tracker(ABC):
    """Shows one study somewhere.

    Every method but `wait` and `close` returns at once. None raises because the place is slow, down or
    refuses: what could not be written is warned about once and can be rebuilt from the ledger later.
    """

    @abstractmethod
    def start(self) -> None:
        """Show that the study runs; a study that was shown before is continued."""

    @abstractmethod
    def launched(self, trial: Trial, at_ms: int | None = None) -> None:
        """Show that a trial runs, since `at_ms` (milliseconds since 1970, now by default). Optional."""

    @abstractmethod
    def record(self, result: TrialResult, ended_ms: int | None = None) -> None:
        """Show how a trial ended, at `ended_ms` (milliseconds since 1970, now by default).

        A result that is shown already costs nothing, so a resumed study may record its whole ledger again.
        """

    @abstractmethod
    def finish(self, state: str, summary: Mapping[str, Any], artifacts: Artifacts | None = None) -> None:
        """Show how the study ended: FINISHED, FAILED or KILLED, its summary, and artefacts by name.

        An artefact that is a Path is copied, a str is text.

        Raises:
            ValueError: `state` is none of the three.
        """

    @abstractmethod
    def exported(self, bundle: "Bundle") -> None:
        """Show the exported model: in the study's run, and registered where the spec has a name for it."""

    @property
    @abstractmethod
    def ids(self) -> dict[str, str] | None:
        """`experiment_id` and `run_id` of the study, and its model's `model_uri`; None while unknown."""

    @abstractmethod
    def wait(self, timeout_s: float) -> dict[str, str] | None:
        """`ids`, after waiting for them for at most `timeout_s` seconds."""

    @abstractmethod
    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what is left, for at most `timeout_s` seconds; whether everything was written. Idempotent."""


class NullTracker(Tracker):
    """Shows nothing: an offline study, whose ledger can be synced later."""

    def start(self) -> None:
        pass

    def launched(self, trial: Trial, at_ms: int | None = None) -> None:
        pass

    def record(self, result: TrialResult, ended_ms: int | None = None) -> None:
        pass

    def finish(self, state: str, summary: Mapping[str, Any], artifacts: Artifacts | None = None) -> None:
        pass

    def exported(self, bundle: "Bundle") -> None:
        pass

    @property
    def ids(self) -> dict[str, str] | None:
        return None

    def wait(self, timeout_s: float) -> dict[str, str] | None:
        return None

    def close(self, timeout_s: float = 10.0) -> bool:
        return True
