"""The MLflow runs of one study: written so that each exists once, whatever happened before."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from sparktune.tracking.base import Artifacts
from sparktune.tracking.mlflow.address import is_database
from sparktune.tracking.mlflow.artifacts import write_artifacts
from sparktune.tracking.mlflow.client import connect
from sparktune.tracking.mlflow.entries import ATTEMPT, PARENT, STATE, Entry
from sparktune.tracking.mlflow.experiment import find_runs, open_experiment
from sparktune.tracking.mlflow.parallel import all_at_once
from sparktune.tracking.mlflow.sql_writer import Batch, store_of
from sparktune.tracking.mlflow.writer import Requests, Writer

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TOGETHER = 100
ANOTHER_INSIDE = (AttributeError, ImportError, TypeError)  # what an MLflow raises that is not as we know it
IN_FLIGHT = 8  # MLflow's client keeps up to 10 connections


class StudyRuns:
    """Finds and writes the runs of one study, by the tags `sparktune.study_id` and `sparktune.trial`.

    One search at the start finds what is there; after that a trial costs create_run, log_batch and the
    update of its status, those of several trials at once, or its rows in a transaction shared with other
    trials where we write to a database ourselves. A deleted experiment is restored. Not for more than one
    thread.
    """

    def __init__(self, uri: str, experiment: str, study_id: str) -> None:
        self._client: MlflowClient = connect(uri)
        self._store = store_of(self._client)
        self._on_server = not is_database(uri)
        self._study_id = study_id
        self.experiment_id = open_experiment(self._client, uri, experiment)
        self._requests = Requests(self._client, self.experiment_id)
        self.study: str | None = None
        self._own: Run | None = None
        self._there = self._find()
        self._written: dict[int, str] = {}
        self._shown: dict[int, tuple[str, int | None]] = {}
        self._unfinished: set[str] = set()
        self._uncertain: set[int | None] = set()

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

    def finish_study(self, entry: Entry) -> None:
        """Close the study's own run, and as KILLED what is still shown as running; may be repeated."""
        run = self._client.get_run(self.study)
        fresh = tuple(p for p in entry.points if run.data.metrics.get(p.key) != p.value)
        self._close_unfinished(entry.end_ms)
        self._requests.log(run.info.run_id, fresh, {}, entry.tags)
        if run.info.status != entry.status:
            self._requests.end(run.info.run_id, entry.status, entry.end_ms)

    def write_trials(self, entries: Iterable[Entry]) -> None:
        """Write the runs of trials; needs `write_study` before. One that is shown in full is left alone.

        After an error each may be there in full, in part or not at all: writing them again completes them.
        """
        new = {_number(e): e for e in entries if self._shown.get(_number(e)) != _outcome(e)}
        for number in new.keys() & self._shown.keys():  # another attempt
            self._uncertain.add(number)
            del self._shown[number], self._written[number]
        known = [new.pop(number) for number in [*new] if not self._may_share(number)]
        if new:
            self._write_together(new)
        if self._on_server:
            all_at_once([partial(self._write_trial, entry) for entry in known])
        else:
            for entry in known:
                self._write_trial(entry)

    def _write_trial(self, entry: Entry) -> None:
        number = _number(entry)
        run_id = self._written.get(number) or self._place(number, entry)
        if run_id is not None:
            _fill(self._requests, run_id, entry)
            self._note(run_id, entry)

    def _may_share(self, number: int) -> bool:
        """Whether the trial's run is in a database, and not there yet or empty since it was made here."""
        return self._store is not None and not self._there[number] and number not in self._uncertain

    def _write_together(self, entries: dict[int, Entry]) -> None:
        """Write the runs of several trials in one transaction; after an error each is looked for."""
        batch = Batch(self._store, self._own)
        ids = {number: self._add(batch, number, entry) for number, entry in entries.items()}
        self._uncertain |= ids.keys()
        try:
            batch.commit()
        except ANOTHER_INSIDE:
            self._store = None
            raise
        self._uncertain -= ids.keys()
        self._written |= ids
        for number, entry in entries.items():
            self._note(ids[number], entry)

    def _add(self, batch: Batch, number: int, entry: Entry) -> str:
        """The id of the run to which the batch adds the entry."""
        made = self._written.pop(number, None)
        run_id = made or self._create(batch, entry)
        _fill(batch, run_id, entry)
        return run_id

    def _note(self, run_id: str, entry: Entry) -> None:
        """Remember that somebody has to end the run, or that it was done."""
        if entry.status == "RUNNING":
            self._unfinished.add(run_id)
        else:
            self._unfinished.discard(run_id)
            self._shown[_number(entry)] = _outcome(entry)

    def _create(self, writer: Writer, entry: Entry) -> str:
        """A new run, found by the tags of its trial and shown below the study's."""
        return writer.create(entry.start_ms, entry.name, {**entry.identity, PARENT: str(self.study)})

    def write_artifacts(self, artifacts: Artifacts) -> None:
        """Add artefacts to the study's own run: a Path is copied, a str is text."""
        write_artifacts(self._client, str(self.study), artifacts)

    def _find(self, number: int | None = None) -> dict[int | None, list["Run"]]:
        return find_runs(self._client, self.experiment_id, self._study_id, number)

    def _own_run(self, entry: Entry) -> "Run":
        """The study's run: the one that trials belong to, else the oldest, else a new one; the rest goes."""
        if None in self._uncertain:
            self._there = self._find()
        own = self._there[None]
        parents = {r.data.tags.get(PARENT) for n, runs in self._there.items() if n is not None for r in runs}
        kept = next((r for r in own if r.info.run_id in parents), own[0] if own else None)
        self._uncertain.add(None)
        for extra in [r for r in own if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        kept = kept or self._client.create_run(self.experiment_id, entry.start_ms, entry.identity, entry.name)
        self._uncertain.discard(None)
        self._there[None] = [kept]
        return kept

    def _place(self, number: int, entry: Entry) -> str | None:
        """The id of the run to write a trial into; None if the trial is shown in full already.

        A run of another attempt, an extra or a half-written one is deleted: a start time cannot be corrected.
        """
        if number in self._uncertain:
            self._there[number] = self._find(number)[number]
        there = self._there[number]
        complete = next((r for r in there if self._shows(r, entry)), None)
        kept = complete or next((r for r in there if self._fits(r, entry)), None)
        self._uncertain.add(number)
        for extra in [r for r in there if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        run_id = str(kept.info.run_id) if kept else self._create(self._requests, entry)
        self._uncertain.discard(number)
        self._there[number] = []
        self._written[number] = run_id
        if complete:
            self._shown[number] = _outcome(entry)
            return None
        self._unfinished.add(run_id)
        return run_id

    def _fits(self, run: "Run", entry: Entry) -> bool:
        """Whether the run is the entry's own, still empty: made by a request whose answer was lost."""
        made = (run.info.start_time, run.info.status, run.data.tags.get(PARENT))
        return made == (entry.start_ms, "RUNNING", self.study) and not run.data.metrics

    def _shows(self, run: "Run", entry: Entry) -> bool:
        """Whether the run says all of the entry; its last write was its status."""
        tags = run.data.tags
        said = (run.info.status, tags.get(STATE), tags.get(ATTEMPT), tags.get(PARENT))
        if entry.status == "RUNNING":
            return False
        if said != (entry.status, entry.tags[STATE], entry.tags[ATTEMPT], self.study):
            return False
        missing = (
            entry.params.items() - run.data.params.items(),
            entry.latest().items() - run.data.metrics.items(),
        )
        return not any(missing)

    def _close_unfinished(self, end_ms: int | None) -> None:
        """Runs that nobody will write any more: of trials never recorded, by this driver or one that died."""
        left = {r.info.run_id for runs in self._there.values() for r in runs if r.info.status == "RUNNING"}
        for run_id in (left | self._unfinished) - {self.study}:
            self._client.set_tag(run_id, STATE, "KILLED")
            self._requests.end(run_id, "KILLED", end_ms)
        self._unfinished.clear()


def _fill(writer: Writer, run_id: str, entry: Entry) -> None:
    writer.log(run_id, entry.points, entry.params, entry.tags)
    if entry.status != "RUNNING":
        writer.end(run_id, entry.status, entry.end_ms)


def _outcome(entry: Entry) -> tuple[str, int | None]:
    """What tells one attempt at a trial from another."""
    return entry.status, entry.end_ms


def _number(entry: Entry) -> int:
    if entry.number is None:
        raise ValueError("a trial's entry needs a number, but got None")
    return entry.number


def together(uri: str) -> int:
    """How many trials to hand over at once: for one transaction, or for a server that serves many."""
    return TOGETHER if is_database(uri) else IN_FLIGHT
