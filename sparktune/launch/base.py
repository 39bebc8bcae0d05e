"""What every launcher promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from sparktune.trial import Trial, TrialResult


class Launcher(ABC):
    """Runs trials somewhere. A context manager: leaving it cancels what runs and frees what it took."""

    @abstractmethod
    def slots(self) -> int:
        """How many trials can run at once now; may change while the study runs."""

    @abstractmethod
    def max_in_flight(self) -> int:
        """How many launches keep every slot busy; more than `slots` where they wait for a free one."""

    def launch(self, trial: Trial) -> "Future[TrialResult]":
        """Start one trial, as `launch_together`."""
        return self.launch_together([trial])[0]

    @abstractmethod
    def launch_together(self, trials: Sequence[Trial]) -> "list[Future[TrialResult]]":
        """Start trials that share a slot, where they run one after another; returns at once.

        A future gives a TrialResult whatever happens to the trial: a Python error is FAILED with its
        traceback and trained once; a lost worker is tried again, with a higher `attempt`, and FAILED when
        attempts run out; a cancelled one is KILLED. Trials that were to run beside one whose worker was lost
        lose an attempt at most. Only when the cluster itself is gone or unfit, for which
        no trial is to blame, it gives a LaunchError.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Stop every trial under way, and no other work of the cluster; their futures give KILLED in seconds.

        Launching may go on afterwards.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what the launcher took; idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()
        self.close()
