"""The one durable record of a study, in its directory."""

import hashlib
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar, final

from sparktune.errors import RecordError, StudyDirectoryError
from sparktune.files import write_atomically
from sparktune.ledger.events import (
    FORMAT,
    Event,
    Header,
    Launched,
    Note,
    Recorded,
    SpecChanged,
    Voided,
    event_to_line,
)
from sparktune.ledger.history import LedgerState
from sparktune.ledger.journal import Journal, encode_line
from sparktune.ledger.lock import DriverLock
from sparktune.ledger.ownership import (
    LEDGER,
    LOCK,
    check_directory,
    check_same,
    header_of,
    stored_spec,
)
from sparktune.ledger.reading import read_ledger
from sparktune.ledger.recovery import rebuilt_header, repair, warn_of_damage
from sparktune.spec import StudySpec
from sparktune.trial import Params, Trial, TrialResult, TrialState

NoteKind = TypeVar("NoteKind", bound=Note)


@final
class Ledger:
    """Every event of a study, one line of `ledger.jsonl` each, and the best trial's `.keras` file beside it.

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
        self._history = LedgerState(header.direction)
        self._history.replay(events)
        self._journal = journal
        self._lock = lock
        self._turn = threading.RLock()

    @classmethod
    def open(cls, directory: Path, spec: StudySpec, data_digest: str, direction: str) -> Self:
        """Create the study directory, or resume the study in it.

        A best trial whose model file is missing or damaged loses its record, and is trained again.

        Args:
            directory: the study's own folder, `studies/NAME` say.
            spec: what was asked for.
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
                return cls._locked(directory, spec, data_digest, direction, lock)
            except BaseException:
                lock.close()
                raise
        except RecordError:
            raise
        except OSError as error:
            raise StudyDirectoryError(f"cannot write to {directory}: {error}; set output.directory") from None

    @classmethod
    def _locked(
        cls, directory: Path, spec: StudySpec, data_digest: str, direction: str, lock: DriverLock
    ) -> Self:
        path = directory / LEDGER
        if not path.exists():
            write_atomically(path, encode_line(asdict(_header(spec, data_digest, direction))))
        read = read_ledger(path)
        warn_of_damage(path, read)
        there = header_of(read, path)
        header = there or rebuilt_header(read, spec, data_digest, direction)
        check_same(header, spec, data_digest, direction, directory)
        if there is None or read.damaged:
            read = repair(path, None if there else header, read)
        ledger = cls(directory, header, read.events, Journal(path, read.size), lock)
        ledger._take_over(spec)
        return ledger

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The record as it stands now, also of a study under way; nothing is locked or written.

        Raises:
            StudyDirectoryError: there is no ledger, or it cannot be read.
        """
        path = directory / LEDGER
        if not path.is_file():
            raise StudyDirectoryError(f"{directory} must be a study directory, but holds no {LEDGER}")
        try:
            read = read_ledger(path)
        except OSError as error:
            raise StudyDirectoryError(f"{path} must be readable: {error}") from None
        warn_of_damage(path, read)
        header = header_of(read, path)
        if header is None:
            raise StudyDirectoryError(
                f"the first line of {path} is damaged; run `sparktune tune` with the study's own spec: it "
                "writes that line again and keeps the trials"
            )
        return cls(directory, header, read.events, None, None)

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
        return stored_spec(self._history.spec or self._header.spec, self._directory)

    @property
    def header(self) -> Header:
        """What the study was created with."""
        return self._header

    @property
    def results(self) -> Mapping[int, TrialResult]:
        """Terminal results by trial number, without models."""
        return MappingProxyType(self._history.results)

    @property
    def unfinished(self) -> Mapping[int, TrialResult]:
        """The last result of each trial that was killed or paused and has not run to its end since."""
        return MappingProxyType(self._history.unfinished)

    @property
    def ended(self) -> Mapping[int, float]:
        """When each of these results came back, in seconds since 1970."""
        return MappingProxyType(self._history.ended)

    @property
    def launched_params(self) -> Mapping[int, Params]:
        """The parameters of every trial that was ever launched, by any driver."""
        return MappingProxyType(self._history.params)

    def attempts(self, trial: int) -> int:
        """How often this trial was launched so far, by any driver."""
        return self._history.attempts.get(trial, 0)

    def last(self, kind: type[NoteKind]) -> NoteKind | None:
        """The newest note of a kind; None where there is none.

        Example:
            >>> ledger.last(StudyEnded).state  # doctest: +SKIP
            'FINISHED'
        """
        return next((note for note in reversed(self._history.notes) if isinstance(note, kind)), None)

    @property
    def best(self) -> TrialResult | None:
        """The best complete trial; of equal values the one with the lowest number."""
        return self._history.best

    @property
    def best_model(self) -> Path | None:
        """The `.keras` file of the best trial; None where it has none."""
        best, digest = self._history.best, self._history.best_digest
        path = self._model_of(best.trial) if best and digest else None
        return path if path and path.is_file() else None

    def launched(self, *trials: Trial) -> None:
        """Trials were handed to the launcher.

        Raises:
            RecordError: as for `record`.
        """
        self._append(*(Launched(t.number, t.attempt, t.seed, t.params) for t in trials))

    def record(self, result: TrialResult) -> None:
        """A trial came back. Its first terminal result stands; later ones are passed over.

        The model of a new best is on the disk before its result is; the former best's file goes after.

        Raises:
            RecordError: the disk is full, say; what was recorded before stays good.
        """
        if result.state is TrialState.RUNNING:
            raise ValueError(
                f"only a trial that has ended can be recorded, but trial {result.trial} is RUNNING"
            )
        with self._turn:
            if result.trial in self._history.results:
                return
            wins = self._history.wins(result)
            digest = self._keep(result) if wins else None
            self._append(Recorded(result, digest))
            if wins:
                self._sweep()

    def note(self, note: Note) -> None:
        """Something happened besides trials: the study started or ended, its model was exported.

        Raises:
            RecordError: as for `record`.
        """
        self._append(note)

    def close(self) -> None:
        """Let another driver in; idempotent."""
        with self._turn:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if self._lock is not None:
                self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, *events: Event) -> None:
        with self._turn:
            if self._journal is None:
                raise RuntimeError("this ledger was opened for reading, or is closed")
            now = round(time.time(), 3)
            with self._writing():
                self._journal.append(*({**event_to_line(event), "time": now} for event in events))
            self._history.replay((now, event) for event in events)

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
        """Note how the study runs now, void a best trial without its model, remove what a crash left."""
        document = spec.model_dump(mode="json")
        if document != (self._history.spec or self._header.spec):
            self._append(SpecChanged(document))
        for half_written in self._directory.glob(".*.tmp"):
            half_written.unlink(missing_ok=True)
        best = self._history.best
        if best is not None and not self._intact():
            if self._has_model_without_result():
                return
            self._append(Voided(best.trial, "the model file is missing or damaged"))
        self._sweep()

    def _has_model_without_result(self) -> bool:
        """Whether the line of the best result is lost: its trial, which runs again, brings the best model."""
        recorded = {self._model_of(trial) for trial in self._history.results}
        return any(path not in recorded for path in self._directory.glob("best-*.keras"))

    def _intact(self) -> bool:
        path = self.best_model
        return path is not None and _sha256(path.read_bytes()) == self._history.best_digest

    def _model_of(self, trial: int) -> Path:
        return self._directory / f"best-{trial}.keras"

    def _keep(self, result: TrialResult) -> str | None:
        if result.model is None:
            return None
        with self._writing():
            write_atomically(self._model_of(result.trial), result.model)
        return _sha256(result.model)

    def _sweep(self) -> None:
        """Remove model files that are not the best trial's."""
        keep = self.best_model
        for path in self._directory.glob("best-*.keras"):
            if path != keep:
                with suppress(OSError):  # it takes place on the disk, no more
                    path.unlink()


def _header(spec: StudySpec, data_digest: str, direction: str) -> Header:
    return Header(
        format=FORMAT,
        study_id=uuid.uuid4().hex,
        spec=spec.model_dump(mode="json"),
        spec_digest=spec.digest(),
        data_digest=data_digest,
        direction=direction,
        created=round(time.time(), 3),
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
