"""MLflow rebuilt from the ledger: the same writing as live, in the foreground."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sparktune.errors import TrackingError
from sparktune.spec import StudySpec
from sparktune.summary import Objective, RunStatus, Summary
from sparktune.tracking.base import Artifacts
from sparktune.tracking.mlflow.address import check_tracking
from sparktune.tracking.mlflow.client import limits
from sparktune.tracking.mlflow.entries import Entry, StudyEntries
from sparktune.tracking.mlflow.runs import StudyRuns, together
from sparktune.tracking.mlflow.tracker import now_ms, short, spec_text, summary_text
from sparktune.tracking.mlflow.writer import parts
from sparktune.trial import TrialResult

if TYPE_CHECKING:
    from sparktune.bundle import Bundle

TRIES = 3
MODEL_REQUEST_S = 60  # a server that stores a large file elsewhere answers when that is done
T = TypeVar("T")


def sync(
    spec: StudySpec,
    study_id: str,
    results: Iterable[TrialResult],
    status: RunStatus,
    summary: Summary | None,
    objective: Objective,
    *,
    ended_ms: Mapping[int, int] | None = None,
    artifacts: Artifacts | None = None,
    bundle: "Bundle | None" = None,
) -> dict[str, str]:
    """Make MLflow show exactly these results: one run for the study, one per trial; extras are deleted.

    Doing it twice, or after a study that was shown in part, gives the same. `ended_ms` says when each trial
    ended, in milliseconds since 1970 (now where unknown; what MLflow shows in full already stays as it is).
    Gives `experiment_id` and `run_id` of the study, and `model_uri` where there is a bundle.

    Raises:
        TrackingError: MLflow cannot be reached or refuses; syncing again completes what was written.
    """
    check_tracking(spec)
    entries = StudyEntries(spec, study_id, objective)
    ended = ended_ms or {}
    shown = [entries.result(r, ended.get(r.trial, now_ms())) for r in results]
    try:
        with limits():
            ids = _write(spec, study_id, entries, shown, status, summary, artifacts or {})
        with limits(MODEL_REQUEST_S):
            return {**ids, **_write_model(spec, bundle, ids["run_id"])}
    except Exception as error:
        raise TrackingError(
            f"tracking.uri {spec.tracking.uri} stopped taking what was written: {short(error)}; sync again"
        ) from error


def _write(
    spec: StudySpec,
    study_id: str,
    entries: StudyEntries,
    shown: list[Entry],
    status: RunStatus,
    summary: Summary | None,
    artifacts: Artifacts,
) -> dict[str, str]:
    start = min((e.start_ms for e in shown), default=now_ms())
    end = max((e.end_ms for e in shown if e.end_ms), default=now_ms())
    runs = _patiently(
        lambda: StudyRuns(spec.tracking.uri, spec.tracking.experiment or spec.study.name, study_id)
    )
    run_id = _patiently(lambda: runs.write_study(entries.study(start), reopen=False))
    for some in parts(shown, together(spec.tracking.uri)):
        _patiently(partial(runs.write_trials, some))
    _patiently(lambda: runs.finish_study(entries.finish(status, summary, start, end)))
    texts = {"spec.yaml": spec_text(spec)}
    if summary is not None:
        texts["summary.json"] = summary_text(summary)
    _patiently(lambda: runs.write_artifacts({**texts, **artifacts}))
    return {"experiment_id": runs.experiment_id, "run_id": run_id}


def _write_model(spec: StudySpec, bundle: "Bundle | None", run_id: str) -> dict[str, str]:
    from sparktune.bundle import log_bundle

    if bundle is None:
        return {}
    tracking = spec.tracking
    name = tracking.registered_model_name
    return {"model_uri": _patiently(lambda: log_bundle(bundle, tracking.uri, run_id, name))}


def _patiently(job: Callable[[], T]) -> T:
    """Do a job, again after an error: each finds what the one before has left."""
    for pause_s in range(1, TRIES):
        try:
            return job()
        except Exception:  # noqa: BLE001 - whatever the server or its client raises
            time.sleep(pause_s)
    return job()
