"""The MLflow runs of one study: one for the study and one per trial, also after errors and restarts."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, final

from sparktune.spec import StudySpec
from sparktune.summary import DataSummary, Objective
from sparktune.tracking.base import Artifacts
from sparktune.tracking.mlflow.address import is_database
from sparktune.tracking.mlflow.artifacts import write_artifacts
from sparktune.tracking.mlflow.best import BEST, PARETO, mark
from sparktune.tracking.mlflow.client import connect
from sparktune.tracking.mlflow.dataset import log_dataset
from sparktune.tracking.mlflow.entries import CURVES, PARENT, STATE, Entry
from sparktune.tracking.mlflow.experiment import find_runs, is_complete, open_experiment
from sparktune.tracking.mlflow.parallel import all_at_once
from sparktune.tracking.mlflow.sql_writer import Batch, engine_for
from sparktune.tracking.mlflow.view import run_page, runs_page, view_tag
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
class StudyRuns:
    """Finds and writes the runs of one study, by the tags `sparktune.study_id` and `sparktune.trial`.

    One search at the start finds the runs that exist. After that a trial on a server costs three requests
    (create_run, log_batch and the update of its status), and several trials are written at the same time. In
    a database a trial costs its rows, in a transaction shared with other trials. A deleted experiment is
    restored. Not thread-safe.
    """

    def __init__(self, uri: str, experiment: str, study_id: str) -> None:
        self._client: MlflowClient = connect(uri)
        self._engine = engine_for(uri)
        self._on_server = not is_database(uri)
        self._study_id = study_id
        self.experiment_id = open_experiment(self._client, uri, experiment)
        self._requests = Requests(self._client, self.experiment_id)
        self.study: str | None = None  # the id of its own run
        self._own: Run | None = None
        # By trial number, None for the study's own run:
        self._found = self._find()  # runs that a search found, not used yet
        known = [run for runs in self._found.values() for run in runs]
        self._marked = {  # ids of the runs that have a tag
            tag: {str(run.info.run_id) for run in known if tag in run.data.tags} for tag in (BEST, PARETO)
        }
        self._run_ids: dict[int, str] = {}  # runs that are written here
        self._shown: dict[int, tuple[str, int | None]] = {}  # outcomes that are written in full
        self._uncertain: set[int | None] = set()  # a write failed: to be searched for again
        self._unfinished: set[str] = set()  # ids of runs that are shown as running
        self._unchanged = True  # no trial was written here
        self._paused: dict[str, int | None] = {}  # of these, those of paused trials, each with its time
        self._epochs: dict[int, int] = {}  # written so far of trials that are shown as running
        self._ended_ms: int | None = None  # when the study ended, once `finish_study` was called

    def write_study(self, entry: Entry, reopen: bool = True) -> str:
        """Write the study's own run; `reopen` shows it as running again."""
        run = self._own_run(entry)
        known = run.data.params
        params = {k: v for k, v in entry.params.items() if k not in known}
        self._requests.log(run.info.run_id, entry.points, params, entry.tags)
        if reopen and run.info.status != "RUNNING":
            self._client.update_run(run.info.run_id, status="RUNNING")
        self._own, self.study = run, run.info.run_id
        return str(self.study)

    def write_dataset(self, spec: StudySpec, data: DataSummary) -> None:
        """Log the study's data set as an input of its own run, once."""
        log_dataset(self._client, self._client.get_run(str(self.study)), spec, data)

    def write_view(self, spec: StudySpec, objective: Objective) -> None:
        """Save the view of the study's runs that `table` opens."""
        self._client.set_experiment_tag(self.experiment_id, *view_tag(spec, self._study_id, objective))

    @property
    def table(self) -> str:
        """The address of the table of the study's runs, as a link in a page of MLflow."""
        return runs_page(self.experiment_id, self._study_id).removeprefix("/")

    def page_of(self, number: int) -> str | None:
        """The address of a trial's page, as a link in a page of MLflow; None where it has no run yet."""
        run_id = self.run_of(number)
        return run_page(self.experiment_id, run_id).removeprefix("/") if run_id else None

    def run_of(self, number: int) -> str | None:
        """The id of a trial's run; None where it is not written yet."""
        return self._run_ids.get(number)

    def mark(self, tag: str, numbers: Iterable[int]) -> None:
        """Give the runs of these trials, and no other ones, a tag: `best` or `pareto`. Idempotent.

        Raises:
            KeyError: one of them is not written yet.
        """
        run_ids = {self._run_ids[number] for number in numbers}
        found = {str(run.info.run_id) for runs in self._found.values() for run in runs}
        if self._marked[tag] != run_ids:
            mark(self._client, tag, run_ids, self._marked[tag] & (found | set(self._run_ids.values())))
            self._marked[tag] = run_ids

    def finish_study(self, entry: Entry) -> None:
        """End the study's own run, and every other that is still shown as running. Idempotent.

        A paused trial is SCHEDULED, as it goes on later; every other one is KILLED, also one that is written
        after this. A study that had ended so before, and got no trial since, keeps the time of its end.
        """
        self._ended_ms = entry.end_ms
        run = self._client.get_run(self.study)
        end = _new_end(run, entry)
        # Trials that were never recorded, by this driver or by one that died.
        left = {r.info.run_id for runs in self._found.values() for r in runs if r.info.status == "RUNNING"}
        for run_id in (left | self._unfinished) - {self.study}:
            paused = run_id in self._paused
            self._client.set_tag(run_id, STATE, "PAUSED" if paused else "KILLED")
            status, end_ms = ("SCHEDULED", self._paused[run_id]) if paused else ("KILLED", entry.end_ms)
            self._requests.end(run_id, status, end_ms)
        self._unfinished.clear()
        self._paused.clear()
        self._requests.log(run.info.run_id, end.points, {}, end.tags)
        if run.info.status != entry.status:
            before = self._own.info if self._own and self._unchanged else None
            ended_ms = before.end_time if before and before.status == entry.status else entry.end_ms
            self._requests.end(run.info.run_id, entry.status, ended_ms)

    def write_trials(self, entries: Iterable[Entry]) -> None:
        """Write the runs of trials, after `write_study`. A trial that is shown in full is left as it is.

        A paused trial is shown as running, as it goes on at once; its new epochs are added to its run.
        After an error each may be there in full, in part or not at all; another call completes them.
        """
        new = {_number(e): e for e in entries if self._shown.get(_number(e)) != e.outcome}
        for number in new.keys() & self._shown.keys():  # another attempt
            self._uncertain.add(number)
            del self._shown[number], self._run_ids[number]
        # Rows can be added for a run that does not exist yet, or is empty since it was created here.
        written = self._uncertain | self._epochs.keys()
        by_rows = {n: e for n, e in new.items() if not self._found[n] and n not in written}
        if self._engine is None:
            by_rows.clear()
        elif by_rows:
            self._write_rows(self._engine, by_rows)
        jobs = [partial(self._write_trial, entry) for number, entry in new.items() if number not in by_rows]
        if self._on_server:
            all_at_once(jobs)
        else:
            for job in jobs:
                job()

    def delete_others(self) -> None:
        """Delete the runs of trials that have ended but were not written here. Idempotent.

        One that was only launched stays: a study may be running it.
        """
        for number in self._found.keys() - self._run_ids.keys() - {None}:
            for run in self._found[number]:
                if run.data.params and run.info.status not in ("RUNNING", "SCHEDULED"):
                    self._client.delete_run(run.info.run_id)
            del self._found[number]

    def _write_trial(self, entry: Entry) -> None:
        """Write the run of one trial by requests."""
        number = _number(entry)
        if number not in self._run_ids:
            self._find_or_create(number, entry)
        if number not in self._shown:
            run_id = self._run_ids[number]
            self._unfinished.add(run_id)
            try:
                _fill(self._requests, run_id, self._new_part(entry))
            except Exception:
                self._forget_part(entry)
                raise
            self._note(run_id, entry)

    def _new_part(self, entry: Entry) -> Entry:
        """What is not written yet of a trial's entry, as it is shown now.

        One that is paused goes on, and is shown as running; after the study's end no trial runs.
        """
        known = self._epochs.get(_number(entry))
        if entry.status == "SCHEDULED" and self._ended_ms is None:
            entry = replace(entry, status="RUNNING", tags={**entry.tags, STATE: "RUNNING"})
        elif entry.status == "RUNNING" and self._ended_ms is not None:
            tags = {**entry.tags, STATE: "KILLED"}
            entry = replace(entry, status="KILLED", end_ms=self._ended_ms, tags=tags)
        if known is None:
            return entry
        return replace(entry, params={}, points=tuple(p for p in entry.points if not 0 < p.step <= known))

    def _forget_part(self, entry: Entry) -> None:
        """Have a run written anew of which it is not known how many epochs it has."""
        number = _number(entry)
        if self._epochs.pop(number, None) is not None or entry.status == "SCHEDULED":
            run_id = self._run_ids.pop(number)
            self._unfinished.discard(run_id)
            self._paused.pop(run_id, None)
            self._uncertain.add(number)

    def _write_rows(self, engine: "Engine", entries: dict[int, Entry]) -> None:
        """Write the runs of several trials in one transaction."""
        batch = Batch(engine, self._own)
        ids: dict[int, str] = {}
        for number, entry in entries.items():
            known = self._run_ids.pop(number, None)
            ids[number] = known or self._create(batch, entry)
            _fill(batch, ids[number], self._new_part(entry))
        self._uncertain |= ids.keys()
        try:
            batch.commit()
        except UNKNOWN_MLFLOW:
            self._engine = None
            raise
        self._uncertain -= ids.keys()
        self._run_ids |= ids
        for number, entry in entries.items():
            self._note(ids[number], entry)

    def _note(self, run_id: str, entry: Entry) -> None:
        """Remember whether the run is complete, or is still to be ended."""
        self._unchanged = False
        self._paused.pop(run_id, None)
        if entry.status == "SCHEDULED":
            self._paused[run_id] = entry.end_ms
            # After a lost checkpoint a trial has fewer epochs than are written.
            written = self._epochs.get(_number(entry), 0)
            self._epochs[_number(entry)] = max(written, *(point.step for point in entry.points), 0)
        if entry.status in ("RUNNING", "SCHEDULED"):
            self._unfinished.add(run_id)
        else:
            self._unfinished.discard(run_id)
            self._epochs.pop(_number(entry), None)
            self._shown[_number(entry)] = entry.outcome

    def _create(self, writer: Writer, entry: Entry) -> str:
        """The id of a new run, nested in the study's own run."""
        return writer.create(entry.start_ms, entry.name, {**entry.identity, PARENT: str(self.study)})

    def write_artifacts(self, artifacts: Artifacts) -> None:
        """Add artefacts to the study's own run: a Path is copied, a str is text."""
        write_artifacts(self._client, str(self.study), artifacts)

    def _find(self, number: int | None = None) -> dict[int | None, list["Run"]]:
        return find_runs(self._client, self.experiment_id, self._study_id, number)

    def _own_run(self, entry: Entry) -> "Run":
        """The study's own run: the parent of the trials' runs, else the oldest, else a new one.

        All others are deleted.
        """
        if None in self._uncertain:
            self._found = self._find()
        own = self._found[None]
        parents = {r.data.tags.get(PARENT) for n, runs in self._found.items() if n is not None for r in runs}
        kept = next((r for r in own if r.info.run_id in parents), own[0] if own else None)
        self._uncertain.add(None)
        for extra in [r for r in own if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        kept = kept or self._client.create_run(self.experiment_id, entry.start_ms, entry.identity, entry.name)
        self._uncertain.discard(None)
        self._found[None] = [kept]
        return kept

    def _find_or_create(self, number: int, entry: Entry) -> None:
        """Find or create the run of a trial.

        Every other run of the trial is deleted: a second one, one of another attempt, and a half-written one,
        as MLflow cannot correct a start time.
        """
        if number in self._uncertain:
            self._found[number] = self._find(number)[number]
        found = self._found[number]
        complete = next((r for r in found if is_complete(r, entry, self.study)), None)
        # A create_run whose answer was lost has left an empty run.
        new = (entry.start_ms, "RUNNING", self.study)
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


def _new_end(run: "Run", entry: Entry) -> Entry:
    """What is not written yet of the end of the study's own run.

    Where it has the curves of another trial these stay: MLflow would keep two values of each epoch.
    """
    known, latest, curves_of = run.data.metrics, entry.latest(), run.data.tags.get(CURVES)
    if curves_of is None:  # none so far, or written by an earlier version
        others = any(p.step and p.key in known for p in entry.points)
    else:
        others = curves_of != entry.tags.get(CURVES)
    if others:
        tags = {name: text for name, text in entry.tags.items() if name != CURVES}
        entry = replace(entry, points=tuple(p for p in entry.points if not p.step), tags=tags)
    return replace(entry, points=tuple(p for p in entry.points if known.get(p.key) != latest[p.key]))


def _number(entry: Entry) -> int:
    if entry.number is None:
        raise ValueError("a trial's entry needs a number, but got None")
    return entry.number


def together(uri: str) -> int:
    """How many trials `write_trials` should get in one call: as many as are written at the same time."""
    return TOGETHER if is_database(uri) else IN_FLIGHT
