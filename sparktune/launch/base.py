"""What every launcher promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from sparktune.data.host import SharedData
from sparktune.spec import StudySpec
from sparktune.trial import Segment, TrialResult


class Launcher(ABC):
    """Runs the segments of one study's trials somewhere.

    A study calls `start` once, then `launch` whenever there is room, from one thread. Leaving the context
    of a launcher cancels what runs and closes it.

    Example: one trial at a time, in a thread of the driver.
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> import sparktune
        >>> class ThreadLauncher(sparktune.Launcher):
        ...     def start(self, spec, shared):
        ...         self.spec, self.data = spec, shared.data
        ...         self.pool = ThreadPoolExecutor(1)
        ...     def slots(self):
        ...         return 1
        ...     def launch(self, segments):
        ...         run = sparktune.run_segment
        ...         return [self.pool.submit(run, one, self.spec, self.data) for one in segments]
        ...     def cancel(self):
        ...         pass  # a thread cannot be stopped: the study waits for its trial
        ...     def close(self):
        ...         self.pool.shutdown()
    """

    @abstractmethod
    def start(self, spec: StudySpec, shared: SharedData) -> None:
        """Get ready to run segments of this study; `shared.data` is its data set.

        Raises:
            LaunchError: such trials cannot run here; nothing has been started.
        """

    @abstractmethod
    def slots(self) -> int:
        """How many trials can run at once now; may change while the study runs."""

    def max_in_flight(self) -> int:
        """How many launches keep every slot busy; more than `slots` where they wait for a free one."""
        return self.slots()

    @abstractmethod
    def launch(self, segments: Sequence[Segment]) -> "list[Future[TrialResult]]":
        """Start segments that share a slot, where they run one after another; returns at once.

        A future gives a TrialResult whatever happens to the trial: a Python error is FAILED with its
        traceback and trained once; a lost worker is tried again, with a higher `attempt`, and FAILED when
        attempts run out; a trial that passes a limit of `resources` is TIMED_OUT or OUT_OF_MEMORY, and those
        that were to run beside it do run; a cancelled one is KILLED; one that has epochs left after its
        segment is PAUSED, with the reference of its checkpoint. Segments that were to run beside one whose
        worker was lost lose an attempt at most. Only when the cluster itself is gone or unfit, for which no
        trial is to blame, it gives a LaunchError.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Stop every segment under way, and no other work of the cluster; futures give KILLED in seconds.

        Launching may go on afterwards.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what the launcher took; idempotent. No segment can be launched afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()
        self.close()
