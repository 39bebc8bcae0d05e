"""The MLflow runs of a study's trials, nested in the study's own run, also after errors and restarts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, final

from sparktune.tracking.mlflow.address import is_database
from sparktune.tracking.mlflow.best import BEST, PARETO, mark
from sparktune.tracking.mlflow.entries import PARENT, STATE, Entry
from sparktune.tracking.mlflow.experiment import find_runs, is_complete
from sparktune.tracking.mlflow.parallel import all_at_once
from sparktune.tracking.mlflow.sql_writer import Batch, engine_for
from sparktune.tracking.mlflow.writer import Requests, Writer

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from sqlalchemy import Engine

TOGETHER = 100  # trials in one transaction
# Raised where MLflow's tables or classes are not as `Batch` expects.
UNKNOWN_MLFLOW = (AttributeError, ImportError, TypeError)
IN_FLIGHT = 8  # trials written to a server at the same time; MLflow's client keeps up to 10 connections


@final
class TrialRuns:
    """Finds and writes the runs of the trials of one study, by the tag `sparktune.trial`.

    On a server a trial costs three requests (create_run, log_batch and the update of its status), and several
    trials are written at the same time. In a database a trial costs its rows, in a transaction shared with
    other trials. Not thread-safe.

    Args:
        client: MLflow's, of the tracking server or database `uri`.
        experiment_id: where the runs are.
        study_id: whose runs they are.
        found: the runs that exist, by the number of their trial, oldest first.
    """

    def __init__(
        self,
        client: "MlflowClient",
        uri: str,
        experiment_id: str,
        study_id: str,
        found: Mapping[int, list["Run"]],
    ) -> None:
        self._client = client
        self._engine = engine_for(uri)
        self._on_server = not is_database(uri)
        self._experiment_id, self._study_id = experiment_id, study_id
        self._requests = Requests(client, experiment_id)
        self.parent: Run | None = None  # the study's own run, to be set before anything is written
        self.unchanged = True  # no trial was written here
        self._ended_ms: int | None = None  # when the study ended, once `end_unfinished` was called
        self._found = dict(found)  # runs that are not used yet
        self._marked = {  # ids of the runs that have a tag
            tag: {run_id for run_id, run in self._found_ids().items() if tag in run.data.tags}
            for tag in (BEST, PARETO)
        }
        # By trial number:
        self._run_ids: dict[int, str] = {}  # runs that are written here
        self._shown: dict[int, tuple[str, int | None]] = {}  # outcomes that are written in full
        self._uncertain: set[int] = set()  # a write failed: to be searched for again
        self._epochs: dict[int, int] = {}  # written so far of trials that are shown as running
        # By run id:
        self._unfinished: set[str] = set()  # shown as running
        self._paused: dict[str, int | None] = {}  # of these, those of paused trials, each with its time

    def run_of(self, number: int) -> str | None:
        """The id of a trial's run; None where it is not written yet."""
        return self._run_ids.get(number)

    def parents(self) -> Collection[str | None]:
        """The ids of the runs in which those that were found are nested."""
        return {run.data.tags.get(PARENT) for run in self._found_ids().values()}

    def mark(self, tag: str, numbers: Iterable[int]) -> None:
        """Give the runs of these trials, and no other ones, a tag: `best` or `pareto`. Idempotent.

        Raises:
            KeyError: one of them is not written yet.
        """
        run_ids = {self._run_ids[number] for number in numbers}
        if self._marked[tag] != run_ids:
            there = self._found_ids().keys() | set(self._run_ids.values())
            mark(self._client, tag, run_ids, self._marked[tag] & there)
            self._marked[tag] = run_ids

    def write(self, entries: Iterable[Entry]) -> None:
        """Write the runs of trials. A trial that is shown in full is left as it is.

        A paused trial is shown as running, as it goes on at once; its new epochs are added to its run.
        After an error each may be there in full, in part or not at all; another call completes them.
        """
        new = {_number(e): e for e in entries if self._shown.get(_number(e)) != e.outcome}
        for number in new.keys() & self._shown.keys():  # another attempt
            self._uncertain.add(number)
            del self._shown[number], self._run_ids[number]
        # Rows can be added for a run that does not exist yet, or is empty since it was created here.
        written = self._uncertain | self._epochs.keys()
        by_rows = {n: e for n, e in new.items() if not self._found.get(n) and n not in written}
        if self._engine is None:
            by_rows.clear()
        elif by_rows:
            self._write_rows(self._engine, by_rows)
        jobs = [
            partial(self._write_trial, number, entry)
            for number, entry in new.items()
            if number not in by_rows
        ]
        if self._on_server:
            all_at_once(jobs)
        else:
            for job in jobs:
                job()

    def end_unfinished(self, end_ms: int | None) -> None:
        """End every run that is still shown as running; those that are written later end with the study, too.

        A paused trial is SCHEDULED, as it goes on later; every other one is KILLED.
        """
        self._ended_ms = end_ms
        # Trials that were never recorded, by this driver or by one that died.
        left = {run_id for run_id, run in self._found_ids().items() if run.info.status == "RUNNING"}
        for run_id in left | self._unfinished:
            paused = run_id in self._paused
            self._client.set_tag(run_id, STATE, "PAUSED" if paused else "KILLED")
            status, ended_ms = ("SCHEDULED", self._paused[run_id]) if paused else ("KILLED", end_ms)
            self._requests.end(run_id, status, ended_ms)
        self._unfinished.clear()
        self._paused.clear()

    def delete_others(self) -> None:
        """Delete the runs of trials that have ended but were not written here. Idempotent.

        One that was only launched stays: a study may be running it.
        """
        for number in self._found.keys() - self._run_ids.keys():
            for run in self._found[number]:
                if run.data.params and run.info.status not in ("RUNNING", "SCHEDULED"):
                    self._client.delete_run(run.info.run_id)
            del self._found[number]

    def _found_ids(self) -> dict[str, "Run"]:
        """The runs that were found and are not used yet, by their id."""
        return {str(run.info.run_id): run for runs in self._found.values() for run in runs}

    def _write_trial(self, number: int, entry: Entry) -> None:
        """Write the run of one trial by requests."""
        if number not in self._run_ids:
            self._find_or_create(number, entry)
        if number not in self._shown:
            run_id = self._run_ids[number]
            self._unfinished.add(run_id)
            try:
                _fill(self._requests, run_id, self._new_part(number, entry))
            except Exception:
                self._forget_part(number, entry)
                raise
            self._note(number, entry)

    def _new_part(self, number: int, entry: Entry) -> Entry:
        """What is not written yet of a trial's entry, as it is shown now.

        One that is paused goes on, and is shown as running; after the study's end no trial runs.
        """
        known = self._epochs.get(number)
        if entry.status == "SCHEDULED" and self._ended_ms is None:
            entry = replace(entry, status="RUNNING", tags={**entry.tags, STATE: "RUNNING"})
        elif entry.status == "RUNNING" and self._ended_ms is not None:
            tags = {**entry.tags, STATE: "KILLED"}
            entry = replace(entry, status="KILLED", end_ms=self._ended_ms, tags=tags)
        if known is None:
            return entry
        return replace(entry, params={}, points=tuple(p for p in entry.points if not 0 < p.step <= known))

    def _forget_part(self, number: int, entry: Entry) -> None:
        """Have a run written anew of which it is not known how many epochs it has."""
        if self._epochs.pop(number, None) is not None or entry.status == "SCHEDULED":
            run_id = self._run_ids.pop(number)
            self._unfinished.discard(run_id)
            self._paused.pop(run_id, None)
            self._uncertain.add(number)

    def _write_rows(self, engine: "Engine", entries: dict[int, Entry]) -> None:
        """Write the runs of several trials in one transaction."""
        batch = Batch(engine, self.parent)
        ids: dict[int, str] = {}
        for number, entry in entries.items():
            known = self._run_ids.pop(number, None)
            ids[number] = known or self._create(batch, entry)
            _fill(batch, ids[number], self._new_part(number, entry))
        self._uncertain |= ids.keys()
        try:
            batch.commit()
        except UNKNOWN_MLFLOW:
            self._engine = None
            raise
        self._uncertain -= ids.keys()
        self._run_ids |= ids
        for number, entry in entries.items():
            self._note(number, entry)

    def _note(self, number: int, entry: Entry) -> None:
        """Remember whether the trial's run is complete, or is still to be ended."""
        run_id = self._run_ids[number]
        self.unchanged = False
        self._paused.pop(run_id, None)
        if entry.status == "SCHEDULED":
            self._paused[run_id] = entry.end_ms
            # After a lost checkpoint a trial has fewer epochs than are written.
            self._epochs[number] = max(
                self._epochs.get(number, 0), *(point.step for point in entry.points), 0
            )
        if entry.status in ("RUNNING", "SCHEDULED"):
            self._unfinished.add(run_id)
        else:
            self._unfinished.discard(run_id)
            self._epochs.pop(number, None)
            self._shown[number] = entry.outcome

    def _create(self, writer: Writer, entry: Entry) -> str:
        """The id of a new run."""
        tags = {**entry.identity, PARENT: str(self._parent_id)}
        return writer.create(entry.start_ms, entry.name, tags)

    @property
    def _parent_id(self) -> str | None:
        return self.parent.info.run_id if self.parent else None

    def _find_or_create(self, number: int, entry: Entry) -> None:
        """Find or create the run of a trial.

        Every other run of the trial is deleted: a second one, one of another attempt, and a half-written one,
        as MLflow cannot correct a start time.
        """
        if number in self._uncertain:
            again = find_runs(self._client, self._experiment_id, self._study_id, number)
            self._found[number] = again[number]
        found = self._found.get(number, [])
        complete = next((r for r in found if is_complete(r, entry, self._parent_id)), None)
        # A create_run whose answer was lost has left an empty run.
        new = (entry.start_ms, "RUNNING", self._parent_id)
        empty = (
            r
            for r in found
            if not r.data.metrics and (r.info.start_time, r.info.status, r.data.tags.get(PARENT)) == new
        )
        kept = complete or next(empty, None)
        self._uncertain.add(number)
        for extra in [r for r in found if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        self._run_ids[number] = str(kept.info.run_id) if kept else self._create(self._requests, entry)
        self._uncertain.discard(number)
        self._found[number] = []
        if complete:
            self._shown[number] = entry.outcome


def _fill(writer: Writer, run_id: str, entry: Entry) -> None:
    writer.log(run_id, entry.points, entry.params, entry.tags)
    if entry.status != "RUNNING":
        writer.end(run_id, entry.status, entry.end_ms)


def _number(entry: Entry) -> int:
    if entry.number is None:
        raise ValueError("a trial's entry needs a number, but got None")
    return entry.number


def together(uri: str) -> int:
    """How many trials `write` should get in one call: as many as are written at the same time."""
    return TOGETHER if is_database(uri) else IN_FLIGHT
