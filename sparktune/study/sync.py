"""A study's MLflow pages, rebuilt from its ledger."""

from dataclasses import replace
from pathlib import Path

from sparktune.bundle import load_bundle
from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.study.result import artifacts_of, write_summary
from sparktune.summary import DataSummary, Objective
from sparktune.tracking import sync


def sync_study(directory: Path) -> dict[str, str]:
    """Make MLflow show what the ledger holds, the exported model included; nothing is doubled.

    Returns:
        `experiment_id` and `run_id` of the study, `model_uri` where a model was exported.

    Raises:
        StudyDirectoryError: the directory holds no study that was started.
        TrackingError: MLflow cannot be reached or refuses.
    """
    ledger = Ledger.read(directory)
    started, ended = ledger.last(StudyStarted), ledger.last(StudyEnded) or StudyEnded("KILLED")
    if started is None:
        raise StudyDirectoryError(
            f"{directory} must hold a study that was started; run `sparktune tune` first"
        )
    ended_ms = {number: round(seconds * 1000) for number, seconds in ledger.ended.items()}
    bundle = load_bundle(directory / "bundle") if (directory / "bundle").is_dir() else None
    ids = sync(
        ledger.spec,
        ledger.study_id,
        ledger.all_results,
        ended.state,
        ended.summary,
        Objective(started.metric, started.direction, ledger.header.metrics),
        data=DataSummary(ledger.header.data_digest, started.rows or {}),
        ended_ms=ended_ms,
        artifacts=artifacts_of(directory),
        bundle=bundle,
    )
    if ended.summary is not None:
        write_summary(directory, replace(ended.summary, mlflow=ids))
    return ids
