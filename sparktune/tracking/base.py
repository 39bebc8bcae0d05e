"""The interface of a tracker, which shows a study and never delays or fails it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, final

from sparktune.spec import StudySpec
from sparktune.summary import DataSummary, Objective, RunStatus, Summary
from sparktune.trial import Trial, TrialResult

if TYPE_CHECKING:
    from sparktune.bundle import Bundle

Artifacts = Mapping[str, Path | str]


class Tracker(ABC):
    """Shows one study somewhere.

    Every method but `check`, `wait` and `close` returns at once. None but `check` raises where the server or
    database is slow, down or refuses: one warning says that something could not be written, and the ledger
    has all of it for a later sync.

    Example: a line for each trial.
        >>> import sparktune
        >>> class Lines(sparktune.Tracker):
        ...     ids = None
        ...     def start(self, spec, study_id, objective):
        ...         self.metric = objective.metric
        ...     def launched(self, trial, at_ms=None):
        ...         pass
        ...     def record(self, result, ended_ms=None):
        ...         print(f"trial {result.trial}: {result.state}, {self.metric} {result.value}")
        ...     def finish(self, status, summary, artifacts=None):
        ...         print(f"{status}: {summary.states}")
        ...     def exported(self, bundle):
        ...         print(bundle.path)
        ...     def wait(self, timeout_s):
        ...         return None
        ...     def close(self, timeout_s=10.0):
        ...         return True
    """

    def check(self, spec: StudySpec) -> None:
        """Refuse a study that can never be shown, before anything has started.

        Raises:
            TrackingError: the tracking URI cannot be used.
        """
        return None

    @abstractmethod
    def start(self, spec: StudySpec, study_id: str, objective: Objective) -> None:
        """Show that a study runs; called once, before all the methods below.

        `study_id` stays the same when a study is resumed: what was shown before is continued. `objective` has
        the metric and direction that the study decided on, as the spec may leave them open.
        """

    def loaded(self, data: DataSummary) -> None:
        """Show which data set the study trains on; called after `start`. Optional."""
        return None

    @abstractmethod
    def launched(self, trial: Trial, at_ms: int | None = None) -> None:
        """Show that a trial runs, since `at_ms` (milliseconds since 1970, now by default). Optional."""

    @abstractmethod
    def record(self, result: TrialResult, ended_ms: int | None = None) -> None:
        """Show how a trial ended, at `ended_ms` (milliseconds since 1970, now by default).

        A result that is shown already is not written again, so a resumed study may record all its results.
        """

    @abstractmethod
    def finish(self, status: RunStatus, summary: Summary | None, artifacts: Artifacts | None = None) -> None:
        """Show how the study ended, its summary, and artefacts by name: a Path is copied, a str is text."""

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
        """Write what is left for at most `timeout_s` seconds; whether everything was written. Idempotent."""


@final
class NullTracker(Tracker):
    """Shows nothing: an offline study, whose ledger can be synced later."""

    def start(self, spec: StudySpec, study_id: str, objective: Objective) -> None:
        pass

    def launched(self, trial: Trial, at_ms: int | None = None) -> None:
        pass

    def record(self, result: TrialResult, ended_ms: int | None = None) -> None:
        pass

    def finish(self, status: RunStatus, summary: Summary | None, artifacts: Artifacts | None = None) -> None:
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
