"""The durable record of a study, in its directory."""

import logging
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar, final

from sparktune.errors import RecordError, StudyDirectoryError
from sparktune.ledger.checkpoints import CheckpointFiles, remove_other_shared
from sparktune.ledger.events import (
    LEFT_OUT,
    Event,
    Header,
    Launched,
    Note,
    Recorded,
    Retried,
    Skipped,
    SpecChanged,
    StudyEnded,
    Voided,
    WarmStarted,
    event_to_line,
)
from sparktune.ledger.journal import Journal
from sparktune.ledger.lock import DriverLock
from sparktune.ledger.models import ModelFiles
from sparktune.ledger.opening import create_or_repair, read_existing
from sparktune.ledger.ownership import LEDGER, LOCK, check_directory, stored_spec
from sparktune.ledger.state import LedgerState, Step
from sparktune.pareto import ParetoFront
from sparktune.spec import StudySpec
from sparktune.trial import Params, Trial, TrialResult, TrialState

NoteKind = TypeVar("NoteKind", bound=Note)

log = logging.getLogger("sparktune.ledger")


@final
class Ledger:
    """Every event of a study, one line of `ledger.jsonl` each, and the `.keras` files of the best trials.

    What a method has recorded is on the disk when it returns, and stays whatever kills the driver. `open` is
    for the one driver, `read` for anybody. Methods may be called from several threads.
    """

    def __init__(
        self,
        directory: Path,
        header: Header,
        events: Iterable[tuple[float, Event]],
        journal: Journal | None,
        lock: DriverLock | None,
    ) -> None:
        self._directory = directory
        self._header = header
        self._state = LedgerState(header.direction, header.metrics)
        self._state.replay(events)
        self._journal = journal
        self._lock = lock
        self._models = ModelFiles(directory)
        self._checkpoints = CheckpointFiles(directory)
        self._turn = threading.RLock()

    @classmethod
    def open(cls, directory: Path, spec: StudySpec, data_digest: str, direction: str) -> Self:
        """Create the study directory, or resume the study in it.

        The result of a trial of the front whose model file is missing or damaged is voided: it runs again.

        Args:
            directory: the study's own folder, `studies/NAME` say.
            spec: the study's spec, complete.
            data_digest: sha256 of the data.
            direction: `maximize` or `minimize`.

        Raises:
            StudyDirectoryError: the directory holds another study, other files or a newer format, is in use
                by another live driver, or cannot be written.
        """
        check_directory(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = DriverLock(directory / LOCK)
            try:
                header, file = create_or_repair(directory, spec, data_digest, direction)
                ledger = cls(directory, header, file.events, Journal(directory / LEDGER, file.size), lock)
                ledger._take_over(spec)
                return ledger
            except BaseException:
                lock.close()
                raise
        except RecordError:
            raise
        except OSError as error:
            raise StudyDirectoryError(f"cannot write to {directory}: {error}; set output.directory") from None

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The record as it stands now, also of a study under way; nothing is locked or written.

        Raises:
            StudyDirectoryError: there is no ledger, or it cannot be read.
        """
        header, file = read_existing(directory)
        return cls(directory, header, file.events, None, None)

    @property
    def directory(self) -> Path:
        """The study's folder."""
        return self._directory

    @property
    def study_id(self) -> str:
        """Unique to this study, and the same after every resume."""
        return self._header.study_id

    @property
    def spec(self) -> StudySpec:
        """The spec that the study was last run with."""
        return stored_spec(self._state.spec or self._header.spec, self._directory)

    @property
    def header(self) -> Header:
        """What the study was created with."""
        return self._header

    @property
    def results(self) -> Mapping[int, TrialResult]:
        """Terminal results by trial number, without models."""
        return MappingProxyType(self._state.results)

    @property
    def unfinished(self) -> Mapping[int, TrialResult]:
        """The last result of each trial that was killed, paused or retried and has no end since."""
        return MappingProxyType(self._state.unfinished)

    @property
    def all_results(self) -> list[TrialResult]:
        """What stands for every trial that has a result, terminal ones first.

        That is the last one, but of a trial that runs again for its model alone the one that it had.
        """
        state = self._state
        return [*state.results.values(), *{**state.unfinished, **state.voided}.values()]

    @property
    def ended(self) -> Mapping[int, float]:
        """When each of these results came back, in seconds since 1970."""
        return MappingProxyType(self._state.ended)

    @property
    def sequence(self) -> Sequence[Step]:
        """What the sampler has to know, in the order in which it came.

        First launches, as number and parameters, reports of paused trials, terminal results, and which trials
        were opened again.
        """
        return self._state.sequence

    @property
    def params(self) -> Mapping[int, Params]:
        """The parameters of every trial that was ever launched, by number."""
        return MappingProxyType(self._state.params)

    def paused(self, trial: int) -> TrialResult | None:
        """The last paused result of a trial that is not over: what it goes on from; None where there is none.

        Its `checkpoint` is a path or URI; None where there is none, and the trial begins anew.
        """
        result = self._state.paused.get(trial)
        return result and replace(result, checkpoint=self._checkpoints.place(result.checkpoint))

    @property
    def paused_results(self) -> list[TrialResult]:
        """The last result of each trial that was paused and not launched since; `paused` of each."""
        under_way = self._state.under_way
        found = [self.paused(number) for number in sorted(self._state.paused) if number not in under_way]
        return [result for result in found if result is not None]

    def attempts(self, trial: int) -> int:
        """How often this trial was launched so far, by any driver."""
        return self._state.attempts.get(trial, 0)

    def last(self, kind: type[NoteKind]) -> NoteKind | None:
        """The newest note of a kind; None where there is none.

        Example:
            >>> ledger.last(StudyEnded).state  # doctest: +SKIP
            'FINISHED'
        """
        return next((note for note in reversed(self._state.notes) if isinstance(note, kind)), None)

    @property
    def end(self) -> StudyEnded | None:
        """How the last run ended; None where it goes on, or was killed, whatever an earlier run found."""
        return self._state.end

    @property
    def best(self) -> TrialResult | None:
        """The best complete trial; of equal values the one with the lowest number.

        It stays so while it runs again because its model is lost. With several objectives it is the trial of
        the front that is best by the deciding one.
        """
        return self._state.best

    @property
    def front(self) -> ParetoFront:
        """The trials that no other one beats in all objectives; with one objective the best one alone.

        Models of these are kept. `measured_front` also has trials that run again because theirs is lost.
        """
        return self._state.front

    @property
    def measured_front(self) -> ParetoFront:
        """The front of `all_results`."""
        return self._state.measured_front

    def model(self, trial: int) -> Path | None:
        """The `.keras` file of a trial of the front; None where it has none."""
        path = self._models.path(trial)
        return path if self._state.model_digests.get(trial) and path.is_file() else None

    @property
    def best_model(self) -> Path | None:
        """The `.keras` file of the best trial; None where it has none."""
        best = self._state.best
        return self.model(best.trial) if best else None

    def launched(self, *trials: Trial) -> None:
        """Record that trials were handed to the launcher.

        Raises:
            RecordError: as for `record`.
        """
        self._append(*(Launched(t.number, t.attempt, t.seed, t.params) for t in trials))

    def record(self, result: TrialResult) -> TrialResult:
        """Record how a trial, or a segment of it, ended; gives the result with what earlier segments gave.

        The first terminal result of a trial stands; later ones are ignored. The model of a new best trial is
        written before its result; then those that it beats are removed. A checkpoint is written before its
        paused result; then the trial's earlier checkpoint is removed.

        Raises:
            RecordError: the disk is full, say; what was recorded before stays good.
        """
        if result.state is TrialState.RUNNING:
            raise ValueError(
                f"only a trial that has ended can be recorded, but trial {result.trial} is RUNNING"
            )
        with self._turn:
            if result.trial in self._state.results:
                return self._state.results[result.trial]
            before = self._state.paused.get(result.trial)
            result = self._state.joined(result)
            if result.state is TrialState.PAUSED:
                with self._writing():
                    result = self._checkpoints.write(result)
                self._append(self._state.new_epochs(result))
            else:
                self._record_end(result)
            if before and before.checkpoint != result.checkpoint and result.state is not TrialState.KILLED:
                self._checkpoints.remove(before.checkpoint)
        return replace(result, checkpoint=self._checkpoints.place(result.checkpoint))

    def _record_end(self, result: TrialResult) -> None:
        wins = self.front.admits(result)
        with self._writing():
            digest = self._models.write(result.trial, result.model) if wins else None
        self._append(Recorded(result, digest))
        if wins:
            self._models.remove_others(self.front.members)

    def retry(self, states: Collection[TrialState]) -> list[int]:
        """Open the trials that ended in these states again, but for skipped ones; gives their numbers.

        Raises:
            RecordError: as for `record`.
        """
        skipped = self._state.skipped
        numbers = [n for n, r in sorted(self.results.items()) if r.state in states and n not in skipped]
        self._append(*map(Retried, numbers))
        return numbers

    def skip(self, trial: int) -> None:
        """Leave a launched trial out for good: it is FAILED where it has not ended, and never retried.

        Raises:
            RecordError: as for `record`.
        """
        ended = trial in self.results
        if ended and trial in self._state.skipped:
            return
        self._append(*[Skipped(trial)] * (2 if ended else 1))  # two lines say it: one of them may be damaged
        attempt = max(1, self.attempts(trial))
        self.record(
            TrialResult(trial, self.params[trial], TrialState.FAILED, attempt=attempt, error=LEFT_OUT)
        )

    def note(self, note: Note) -> None:
        """Record an event of the study itself: it started or ended, or its model was exported.

        What it has taken over from an earlier study takes two lines: one of them may be damaged, and the
        earlier study may be gone by then, or have grown.

        Raises:
            RecordError: as for `record`.
        """
        self._append(*[note] * (2 if isinstance(note, WarmStarted) else 1))

    def remove_unused_checkpoints(self) -> None:
        """Remove the checkpoints of this study that no trial goes on from, once none trains any more.

        A driver that was killed, or a host that was late, has left them.
        """
        needed = [result.checkpoint for result in self._state.paused.values()]
        self._checkpoints.remove_others(needed)
        if (shared := self.spec.shared_checkpoints) is not None:
            remove_other_shared(shared, self.study_id, needed)

    def close(self) -> None:
        """Release the directory for another driver; idempotent."""
        with self._turn:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if self._lock is not None:
                self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _append(self, *events: Event) -> None:
        with self._turn:
            if self._journal is None:
                raise RuntimeError("this ledger was opened for reading, or is closed")
            now = round(time.time(), 3)
            with self._writing():
                self._journal.append(*({**event_to_line(event), "time": now} for event in events))
            self._state.replay((now, event) for event in events)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RecordError(
                f"{self._directory} cannot be written ({error}); what was recorded before is safe. Free "
                "space, or move the folder and set output.directory: the same command then resumes the study"
            ) from error

    def _take_over(self, spec: StudySpec) -> None:
        """Note the spec that the study runs with now; skipped trials are over, models of the front there."""
        document = spec.model_dump(mode="json")
        if document != (self._state.spec or self._header.spec):
            self._append(SpecChanged(document))
        for trial in sorted(self._state.skipped & self.params.keys() - self.results.keys()):
            self.skip(trial)  # the driver died in between, or the line of its end is damaged
        self.remove_unused_checkpoints()
        digests = self._state.model_digests
        measured = self._state.measured_front.members  # no other trial had a model that could be lost
        lost = [t for t, digest in digests.items() if t in measured and not self._models.is_intact(t, digest)]
        if lost:
            self._retry_those_with_a_model()
        if lost and self._models.has_others(self._state.results):
            return  # the line of a better result is lost: its trial runs again, and brings its model
        for trial in lost:
            one = "one of the best" if self._state.metrics else "the best one"
            log.warning("the model file of trial %d, %s, is missing or damaged: it runs again", trial, one)
            self._append(Voided(trial, "the model file is missing or damaged"))
        self._models.remove_others(self.front.members)

    def _retry_those_with_a_model(self) -> None:
        """A trial without a value that has a model was retried and became the best; those lines are lost."""
        ended = self.results.items()
        failed = [n for n, r in ended if r.state.unsuccessful and n not in self._state.skipped]
        for trial in filter(self._models.is_there, failed):
            log.warning("the result that belongs to the model file of trial %d is lost: it runs again", trial)
            self._append(Retried(trial))
