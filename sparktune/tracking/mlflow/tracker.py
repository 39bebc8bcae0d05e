"""The tracker of a running study, which writes to MLflow in a background thread."""

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, final

import yaml

from sparktune.spec import StudySpec
from sparktune.strict_json import json_text
from sparktune.summary import DataSummary, Objective, RunStatus, Summary
from sparktune.tracking.base import Artifacts, Tracker
from sparktune.tracking.mlflow.address import check_tracking, is_database
from sparktune.tracking.mlflow.best import BEST, PARETO, best_first
from sparktune.tracking.mlflow.client import limits, may_pass
from sparktune.tracking.mlflow.entries import Entry, StudyEntries
from sparktune.tracking.mlflow.model import write_model
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.tracking.mlflow.trial_runs import together
from sparktune.tracking.outbox import Outbox, connection_error
from sparktune.trial import Trial, TrialResult, TrialState

if TYPE_CHECKING:
    from sparktune.bundle import Bundle

log = logging.getLogger("sparktune.tracking")


@final
class MlflowTracker(Tracker):
    """Shows a study in MLflow: one run for the study, one nested run per trial.

    The methods put their work into an outbox, whose single thread does everything that takes time, importing
    mlflow included.
    """

    def __init__(self) -> None:
        self._launched: dict[int, int] = {}  # milliseconds since 1970, by the number of a running trial
        self._best: list[TrialResult] = []  # the best few, the best one first
        self._test: dict[str, float] | None = None  # metrics of the best model on the test split
        self._started_ms = 0
        self._runs: StudyRuns | None = None
        self._ids: dict[str, str] | None = None
        self._known = threading.Event()

    def check(self, spec: StudySpec) -> None:
        check_tracking(spec)

    def start(self, spec: StudySpec, study_id: str, objective: Objective) -> None:
        self._spec = spec
        self._study_id = study_id
        self._objective = objective
        self._entries = StudyEntries(spec, study_id, objective)
        self._outbox: Outbox[Entry] = Outbox(
            "sparktune-tracking",
            self._warn,
            limits(),
            lambda trials: self._open_runs().trials.write(trials),
            together(spec.tracking.uri),
            lambda error: not is_database(spec.tracking.uri) and may_pass(error),
        )
        self._started_ms = now_ms()
        self._outbox.put("study", self._open_runs)
        self._outbox.put("view", lambda: self._open_runs().write_view(spec, objective))
        self._put_artifact("spec.yaml", spec_text(spec))
        self._outbox.start()

    def loaded(self, data: DataSummary) -> None:
        self._outbox.put("dataset", lambda: self._open_runs().write_dataset(self._spec, data))

    def launched(self, trial: Trial, at_ms: int | None = None) -> None:
        start_ms = now_ms() if at_ms is None else at_ms
        self._launched[trial.number] = start_ms
        self._put_trial(self._entries.launch(trial, start_ms))

    def record(self, result: TrialResult, ended_ms: int | None = None) -> None:
        end_ms = now_ms() if ended_ms is None else ended_ms
        start_ms = self._launched.get(result.trial)
        if result.state is not TrialState.PAUSED:
            self._launched.pop(result.trial, None)
        result = replace(result, model=None)
        self._best = best_first([*self._best, result], self._objective)
        self._put_trial(self._entries.result(result, end_ms, start_ms))

    def finish(self, status: RunStatus, summary: Summary | None, artifacts: Artifacts | None = None) -> None:
        end_ms, best = now_ms(), self._best
        self._test = summary.test if summary else None

        def write_end() -> None:
            runs = self._open_runs()
            times = self._started_ms, end_ms
            runs.finish_study(self._entries.finish(status, summary, *times, best, runs.page_of, runs.table))

        self._outbox.put("finish", write_end)
        if best:
            self._outbox.put("best", lambda: self._open_runs().trials.mark(BEST, [best[0].trial]))
        if summary is not None:
            front = [entry.trial for entry in summary.pareto]
            self._outbox.put("pareto", lambda: self._open_runs().trials.mark(PARETO, front))
            self._put_artifact("summary.json", summary_text(summary))
        for name, content in (artifacts or {}).items():
            self._put_artifact(name, content)

    def exported(self, bundle: "Bundle") -> None:
        best, test = self._best, self._test

        def write() -> None:
            uri = write_model(self._open_runs(), self._spec, bundle, best, test)
            self._ids = {**(self._ids or {}), "model_uri": uri}

        self._outbox.put("model", write)

    @property
    def ids(self) -> dict[str, str] | None:
        return self._ids

    def wait(self, timeout_s: float) -> dict[str, str] | None:
        self._known.wait(timeout_s)
        return self._ids

    def close(self, timeout_s: float = 10.0) -> bool:
        return self._outbox.close(timeout_s)

    def _put_trial(self, entry: Entry) -> None:
        """To be written with others; what the trial's end says takes the place of what its launch said."""
        self._outbox.put_item(f"trial {entry.number}", entry)

    def _put_artifact(self, name: str, content: Path | str) -> None:
        """As a job of its own, so that a store that refuses artefacts still gets everything else."""
        self._outbox.put(f"artifact {name}", lambda: self._open_runs().write_artifacts({name: content}))

    def _open_runs(self) -> StudyRuns:
        """The study's runs. The first call is slow: it connects to MLflow and writes the study's own run."""
        if self._runs is None:
            tracking = self._spec.tracking
            self._runs = StudyRuns(tracking.uri, tracking.experiment or self._spec.study.name, self._study_id)
        if self._ids is None:
            run_id = self._runs.write_study(self._entries.study(self._started_ms))
            self._ids = {"experiment_id": self._runs.experiment_id, "run_id": run_id}
            self._known.set()
        return self._runs

    def _warn(self, error: Exception) -> None:
        directory = self._spec.study_directory
        log.warning(
            "MLflow at %s could not be written (%s); the study goes on and loses nothing. "
            "Run `sparktune sync %s` to write what is missing.",
            self._spec.tracking.uri,
            first_line(error),
            directory,
        )


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def spec_text(spec: StudySpec) -> str:
    """The spec as the text of a study file, in YAML."""
    return yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True), sort_keys=False)


def summary_text(summary: Summary) -> str:
    """The summary as JSON."""
    return json_text(summary.to_record())


def first_line(error: Exception) -> str:
    """The first line of an error, or of the lost connection that caused it; at most 300 characters."""
    cause = connection_error(error) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:300]
