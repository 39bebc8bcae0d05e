"""What the checks of the doctor look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, final

from sparktune.doctor.probe import Report, probe
from sparktune.errors import LaunchError
from sparktune.finding import Level
from sparktune.launch import open_session
from sparktune.launch.spark.everywhere import on_each_slot
from sparktune.launch.spark.settings import SparkSettings, setting_findings
from sparktune.shared_files import inside, remove_file, write_file
from sparktune.spec import StudySpec
from sparktune.study.runtime import Runtime

SECONDS = 60.0  # within which an executor must have answered
SPREAD = 0.3  # seconds that a task holds its slot, so that others take the next ones
MARK = "sparktune-doctor"


@final
class Case:
    """A study, and where it would run; Spark starts when a check first needs it.

    Args:
        spec: the study.
        offline: whether MLflow is left out.
    """

    def __init__(self, spec: StudySpec, offline: bool = False) -> None:
        self.spec = spec
        self.offline = offline
        self.on_spark = Runtime(spec).on_spark

    @property
    def session(self) -> Any:
        """The Spark session.

        Raises:
            LaunchError: Spark does not start; that is tried once.
        """
        if isinstance(self._opened, LaunchError):
            raise self._opened
        return self._opened

    @cached_property
    def _opened(self) -> Any:
        try:
            return open_session(self.spec)
        except LaunchError as error:
            return error

    @cached_property
    def settings(self) -> SparkSettings:
        """What the session was started with."""
        return SparkSettings.of(self.session.sparkContext)

    @cached_property
    def executors(self) -> list[Report]:
        """What executors say of themselves, one for each host; those that took no task are missing.

        Raises:
            LaunchError: none of them could answer, or jobs would hang with the settings of Spark.
        """
        if isinstance(self._answers, LaunchError):
            raise self._answers
        return list({answer["host"]: Report(**answer) for answer in self._answers}.values())

    @cached_property
    def _answers(self) -> list[dict[str, Any]] | LaunchError:
        """What executors answer, or why they do not: that may take a minute, so it is found out once."""
        try:
            return self._asked()
        except LaunchError as error:
            return error

    def _asked(self) -> list[dict[str, Any]]:
        if any(found.level is Level.ERROR for found in setting_findings(self.settings, self.spec)):
            raise LaunchError("executors are not asked before the settings of Spark are changed")
        with self.marked_checkpoints() as file:
            there = 0
            while self._executors_at_work > there:  # more of a cluster's have started since
                there = self._executors_at_work
                answers = on_each_slot(self.session.sparkContext, SECONDS, probe, file, SPREAD)
        return answers

    @property
    def _executors_at_work(self) -> int:
        """How many executors have registered, and the driver."""
        return int(self.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size())

    @contextmanager
    def marked_checkpoints(self) -> Iterator[str | None]:
        """A file in `output.checkpoints` as long as the context is open; None where no place is given.

        Raises:
            LaunchError: it cannot be written there.
        """
        place = self.spec.output.checkpoints
        file = inside(place, f".{MARK}-{id(self)}") if place else None
        try:
            if file:
                write_file(file, MARK.encode())
        except OSError as error:
            raise LaunchError(f"output.checkpoints {place} cannot be written: {error}") from None
        try:
            yield file
        finally:
            if file:
                remove_file(file)
