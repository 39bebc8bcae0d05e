"""The MLflow runs of one study: its own, and by `TrialRuns` those of its trials."""

from dataclasses import replace
from typing import TYPE_CHECKING, final

from sparktune.spec import StudySpec
from sparktune.summary import DataSummary, Objective
from sparktune.tracking.base import Artifacts
from sparktune.tracking.mlflow.artifacts import write_artifacts
from sparktune.tracking.mlflow.client import connect
from sparktune.tracking.mlflow.dataset import log_dataset
from sparktune.tracking.mlflow.entries import CURVES, Entry
from sparktune.tracking.mlflow.experiment import find_runs, open_experiment
from sparktune.tracking.mlflow.trial_runs import TrialRuns
from sparktune.tracking.mlflow.view import run_page, runs_page, view_tag
from sparktune.tracking.mlflow.writer import Requests

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


@final
class StudyRuns:
    """Finds and writes the runs of one study, by the tag `sparktune.study_id`.

    One search at the start finds the runs that exist. A deleted experiment is restored. `write_study` comes
    before all else that writes, also of `trials`. Not thread-safe.
    """

    def __init__(self, uri: str, experiment: str, study_id: str) -> None:
        self._client: MlflowClient = connect(uri)
        self._study_id = study_id
        self.experiment_id = open_experiment(self._client, uri, experiment)
        self._requests = Requests(self._client, self.experiment_id)
        self.study: str | None = None  # the id of its own run
        self._own: Run | None = None  # as it was when `write_study` found it
        found = find_runs(self._client, self.experiment_id, study_id)
        self._candidates = found[None]  # for its own run
        self._uncertain = False  # whether a request about them failed: to be searched for again
        of_trials = {number: runs for number, runs in found.items() if number is not None}
        self.trials = TrialRuns(self._client, uri, self.experiment_id, study_id, of_trials)

    def write_study(self, entry: Entry, reopen: bool = True) -> str:
        """Write the study's own run; `reopen` shows it as running again."""
        run = self._own_run(entry)
        known = run.data.params
        params = {k: v for k, v in entry.params.items() if k not in known}
        self._requests.log(run.info.run_id, entry.points, params, entry.tags)
        if reopen and run.info.status != "RUNNING":
            self._client.update_run(run.info.run_id, status="RUNNING")
        self._own, self.study, self.trials.parent = run, run.info.run_id, run
        return str(self.study)

    def write_dataset(self, spec: StudySpec, data: DataSummary) -> None:
        """Log the study's data set as an input of its own run, once."""
        log_dataset(self._client, self._client.get_run(str(self.study)), spec, data)

    def write_view(self, spec: StudySpec, objective: Objective) -> None:
        """Save the view of the study's runs that `table` opens."""
        self._client.set_experiment_tag(self.experiment_id, *view_tag(spec, self._study_id, objective))

    def write_artifacts(self, artifacts: Artifacts) -> None:
        """Add artefacts to the study's own run: a Path is copied, a str is text."""
        write_artifacts(self._client, str(self.study), artifacts)

    @property
    def table(self) -> str:
        """The address of the table of the study's runs, as a link in a page of MLflow."""
        return runs_page(self.experiment_id, self._study_id).removeprefix("/")

    def page_of(self, number: int) -> str | None:
        """The address of a trial's page, as a link in a page of MLflow; None where it has no run yet."""
        run_id = self.trials.run_of(number)
        return run_page(self.experiment_id, run_id).removeprefix("/") if run_id else None

    def finish_study(self, entry: Entry) -> None:
        """End the study's own run, and every other that is still shown as running. Idempotent.

        A paused trial is SCHEDULED, as it goes on later; every other one is KILLED, also one that is written
        after this. A study that had ended so before, and got no trial since, keeps the time of its end.
        """
        self.trials.end_unfinished(entry.end_ms)
        run = self._client.get_run(self.study)
        end = _new_end(run, entry)
        self._requests.log(run.info.run_id, end.points, {}, end.tags)
        if run.info.status != entry.status:
            before = self._own.info if self._own and self.trials.unchanged else None
            ended_ms = before.end_time if before and before.status == entry.status else entry.end_ms
            self._requests.end(run.info.run_id, entry.status, ended_ms)

    def _own_run(self, entry: Entry) -> "Run":
        """The study's own run: the parent of the trials' runs, else the oldest, else a new one.

        All others are deleted.
        """
        if self._uncertain:
            self._candidates = find_runs(self._client, self.experiment_id, self._study_id)[None]
        own, parents = self._candidates, self.trials.parents()
        kept = next((r for r in own if r.info.run_id in parents), own[0] if own else None)
        self._uncertain = True
        for extra in [r for r in own if r is not kept]:
            self._client.delete_run(extra.info.run_id)
        kept = kept or self._client.create_run(self.experiment_id, entry.start_ms, entry.identity, entry.name)
        self._uncertain = False
        self._candidates = [kept]
        return kept


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
