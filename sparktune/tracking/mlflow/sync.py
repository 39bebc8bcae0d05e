"""Writes a whole study to MLflow at once, by the same code that a running study uses."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sparktune.errors import TrackingError
from sparktune.pareto import pareto_front
from sparktune.spec import StudySpec
from sparktune.summary import DataSummary, Objective, RunStatus, Summary
from sparktune.tracking.base import Artifacts
from sparktune.tracking.mlflow.address import check_tracking
from sparktune.tracking.mlflow.best import BEST, PARETO, best_first
from sparktune.tracking.mlflow.client import limits, retry
from sparktune.tracking.mlflow.entries import Entry, StudyEntries
from sparktune.tracking.mlflow.model import write_model
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.tracking.mlflow.tracker import first_line, now_ms, spec_text, summary_text
from sparktune.tracking.mlflow.trial_runs import together
from sparktune.tracking.mlflow.writer import parts
from sparktune.trial import TrialResult

if TYPE_CHECKING:
    from sparktune.bundle import Bundle

PAUSE_S = 1.0
MODEL_REQUEST_S = 60  # a server answers only after it has passed a large file on to its store


def sync(
    spec: StudySpec,
    study_id: str,
    results: Iterable[TrialResult],
    status: RunStatus,
    summary: Summary | None,
    objective: Objective,
    *,
    data: DataSummary | None = None,
    ended_ms: Mapping[int, int] | None = None,
    artifacts: Artifacts | None = None,
    bundle: "Bundle | None" = None,
) -> dict[str, str]:
    """Make MLflow show exactly these results: one run for the study and one per trial.

    Deletes the runs of all other results; a trial that was only launched, runs or is paused stays.
    Idempotent, and completes a study that was shown in part. `ended_ms` has the end of each trial by
    number, in milliseconds since 1970; now by default. A trial that MLflow shows in full already is left as
    it is. Gives `experiment_id` and `run_id` of the study, and `model_uri` where there is a bundle.

    Raises:
        TrackingError: MLflow cannot be reached or refuses; syncing again completes what was written.
    """
    check_tracking(spec)
    results, ended = list(results), ended_ms or {}
    best = best_first(results, objective)
    front = pareto_front(results, objective).members if objective.metrics else ()
    uri, experiment = spec.tracking.uri, spec.tracking.experiment or spec.study.name
    entries = StudyEntries(spec, study_id, objective)
    shown = [entries.result(r, ended.get(r.trial, now_ms())) for r in results]
    texts = {"spec.yaml": spec_text(spec)} | ({"summary.json": summary_text(summary)} if summary else {})
    try:
        with limits():
            # Each try continues what the one before has written.
            runs = retry(lambda: StudyRuns(uri, experiment, study_id), PAUSE_S)
            run_id = _write_runs(runs, entries, shown, status, summary, best, front, together(uri))
            retry(lambda: runs.write_view(spec, objective), PAUSE_S)
            if data is not None:
                retry(lambda: runs.write_dataset(spec, data), PAUSE_S)
            retry(lambda: runs.write_artifacts({**texts, **(artifacts or {})}), PAUSE_S)
        ids = {"experiment_id": runs.experiment_id, "run_id": run_id}
        if bundle is not None:
            test = summary and summary.test
            with limits(MODEL_REQUEST_S):
                ids["model_uri"] = retry(partial(write_model, runs, spec, bundle, best, test), PAUSE_S)
        return ids
    except Exception as error:
        raise TrackingError(
            f"tracking.uri {uri} stopped taking what was written: {first_line(error)}; sync again"
        ) from error


def _write_runs(
    runs: StudyRuns,
    entries: StudyEntries,
    shown: list[Entry],
    status: RunStatus,
    summary: Summary | None,
    best: Sequence[TrialResult],
    front: Collection[int],
    at_once: int,
) -> str:
    """Write all runs; gives the id of the study's own."""
    start = min((e.start_ms for e in shown), default=now_ms())
    end = max((e.end_ms for e in shown if e.end_ms), default=now_ms())
    run_id = retry(lambda: runs.write_study(entries.study(start), reopen=False), PAUSE_S)
    for some in parts(shown, at_once):
        retry(partial(runs.trials.write, some), PAUSE_S)
    own = entries.finish(status, summary, start, end, best, runs.page_of, runs.table)
    retry(lambda: runs.finish_study(own), PAUSE_S)
    if best:
        retry(lambda: runs.trials.mark(BEST, [best[0].trial]), PAUSE_S)
    retry(lambda: runs.trials.mark(PARETO, front), PAUSE_S)
    retry(runs.trials.delete_others, PAUSE_S)
    return run_id
