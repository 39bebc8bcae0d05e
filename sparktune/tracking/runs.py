"""The MLflow runs of one study: written so that each exists once, whatever happened before."""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparktune.tracking.address import sqlite_file
from sparktune.tracking.base import Artifacts
from sparktune.tracking.client import connect
from sparktune.tracking.entries import ATTEMPT, PARENT, STATE, STUDY_ID, TRIAL, Entry

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

METRICS_PER_BATCH = 800  # MLflow takes 1000 entries in a batch, of them 100 params and 100 tags
PER_BATCH = 100
PER_PAGE = 1000
KIND = {"mlflow.experimentKind": "custom_model_development"}  # the pages for training, not those for agents


class StudyRuns:
    """Finds and writes the runs of one study, by the tags `sparktune.study_id` and `sparktune.trial`.

    One search at the start finds what is there; after that a trial costs create_run, log_batch and the
    update of its status. A deleted experiment is restored. Not for more than one thread.
    """

    def __init__(self, uri: str, experiment: str, study_id: str) -> None:
        self._client: MlflowClient = connect(uri)
        self._study_id = study_id
        self.experiment_id = self._experiment(uri, experiment)
        self.study: str | None = None
        self._there = self._search()
        self._written: dict[int, str] = {}
        self._unfinished: set[str] = set()
        self._uncertain: set[int | None] = set()

    def write_study(self, entry: Entry, reopen: bool = True) -> str:
        """Write the study's own run; `reopen` shows it as running again."""
        run = self._own_run(entry)
        known = run.data.params
        self._log(run.info.run_id, entry, {k: v for k, v in entry.params.items() if k not in known})
        if reopen and run.info.status != "RUNNING":
            self._client.update_run(run.info.run_id, status="RUNNING")
        self.study = run.info.run_id
        return self.study

    def finish_study(self, entry: Entry) -> None:
        """Close the study's own run, and as KILLED what is still shown as running; may be repeated."""
        run = self._client.get_run(self.study)
        fresh = tuple(p for p in entry.points if run.data.metrics.get(p.key) != p.value)
        self._close_unfinished(entry.end_ms)
        self._log(run.info.run_id, entry, {}, fresh)
        if run.info.status != entry.status:
            self._client.set_terminated(run.info.run_id, entry.status, entry.end_ms)

    def write_trial(self, entry: Entry) -> None:
        """Write a trial's run; needs `write_study` before. One that is shown in full is left alone."""
        number = entry.number
        if number is None:
            raise ValueError("a trial's entry needs a number, but got None")
        run_id = self._written.get(number) or self._place(number, entry)
        if run_id is None:
            return
        self._log(run_id, entry, entry.params)
        if entry.status != "RUNNING":
            self._client.set_terminated(run_id, entry.status, entry.end_ms)
            self._unfinished.discard(run_id)

    def write_artifacts(self, artifacts: Artifacts) -> None:
        """Add artefacts to the study's own run: a Path is copied, a str is text."""
        for name, content in artifacts.items():
            if isinstance(content, str):
                self._client.log_text(self.study, content, name)
            elif content.is_dir():
                self._client.log_artifacts(self.study, str(content), name)
            else:
                self._upload(content, Path(name))

    def _upload(self, source: Path, name: Path) -> None:
        """Log one file under a name of ours; MLflow would keep the file's own."""
        folder = None if name.parent == Path() else name.parent.as_posix()
        if source.name == name.name:
            self._client.log_artifact(self.study, str(source), folder)
            return
        with tempfile.TemporaryDirectory() as temporary:
            copy = shutil.copyfile(source, Path(temporary) / name.name)
            self._client.log_artifact(self.study, str(copy), folder)

    def _experiment(self, uri: str, name: str) -> str:
        """The experiment's id. Artefacts of a database file lie beside it, not in the working directory.

        Fails where another study makes it at the same moment; the next try finds it.
        """
        database = sqlite_file(uri)
        place = str(database.absolute().parent / "mlruns" / name) if database else None
        if (found := self._client.get_experiment_by_name(name)) is None:
            return str(self._client.create_experiment(name, artifact_location=place, tags=KIND))
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _search(self, more: str = "") -> dict[int | None, list["Run"]]:
        """Runs of this study by trial number, oldest first; None: the study's own."""
        runs: dict[int | None, list[Run]] = defaultdict(list)
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id],
                f"tags.`{STUDY_ID}` = '{self._study_id}'{more}",
                max_results=PER_PAGE,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            for run in page:
                runs[int(run.data.tags[TRIAL]) if TRIAL in run.data.tags else None].append(run)
            if not (token := page.token):
                return runs

    def _own_run(self, entry: Entry) -> "Run":
        """The study's run: the one that trials belong to, else the oldest, else a new one; the rest goes."""
        if None in self._uncertain:
            self._there = self._search()
        own = self._there[None]
        parents = {r.data.tags.get(PARENT) for n, runs in self._there.items() if n is not None for r in runs}
        kept = next((r for r in own if r.info.run_id in parents), own[0] if own else None)
        self._uncertain.add(None)
        for extra in [r for r in own if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        kept = kept or self._create(entry, entry.identity)
        self._uncertain.discard(None)
        self._there[None] = [kept]
        return kept

    def _place(self, number: int, entry: Entry) -> str | None:
        """The id of the run to write a trial into; None if the trial is shown in full already.

        A run of another attempt, an extra or a half-written one is deleted: a start time cannot be corrected.
        """
        if number in self._uncertain:
            self._there[number] = self._search(f" and tags.`{TRIAL}` = '{number}'")[number]
        there = self._there[number]
        complete = next((r for r in there if self._shows(r, entry)), None)
        kept = complete or next((r for r in there if self._fits(r, entry)), None)
        self._uncertain.add(number)
        for extra in [r for r in there if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        kept = kept or self._create(entry, {**entry.identity, PARENT: str(self.study)})
        self._uncertain.discard(number)
        self._there[number] = []
        self._written[number] = kept.info.run_id
        if complete:
            return None
        self._unfinished.add(kept.info.run_id)
        return str(kept.info.run_id)

    def _create(self, entry: Entry, tags: dict[str, str]) -> "Run":
        return self._client.create_run(self.experiment_id, entry.start_ms, tags, entry.name)

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

    def _log(
        self, run_id: str, entry: Entry, params: dict[str, str], points: Sequence[Any] | None = None
    ) -> None:
        """One log_batch, or as many as MLflow's limits ask for."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = [
            Metric(p.key, p.value, p.at_ms, p.step) for p in (entry.points if points is None else points)
        ]
        parts = zip_longest(
            _parts(metrics, METRICS_PER_BATCH),
            _parts([Param(k, v) for k, v in params.items()], PER_BATCH),
            _parts([RunTag(k, v) for k, v in entry.tags.items()], PER_BATCH),
            fillvalue=(),
        )
        for batch in parts:
            self._client.log_batch(run_id, *batch)

    def _close_unfinished(self, end_ms: int | None) -> None:
        """Runs that nobody will write any more: of trials never recorded, by this driver or one that died."""
        left = {r.info.run_id for runs in self._there.values() for r in runs if r.info.status == "RUNNING"}
        for run_id in (left | self._unfinished) - {self.study}:
            self._client.set_tag(run_id, STATE, "KILLED")
            self._client.set_terminated(run_id, "KILLED", end_ms)
        self._unfinished.clear()


def _parts(entries: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(entries), size):
        yield entries[first : first + size]
