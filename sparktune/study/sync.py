"""A study's MLflow pages, rebuilt from its ledger."""

from dataclasses import replace
from pathlib import Path

from sparktune.bundle import Bundle, load_bundle
from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.ledger.lock import is_driven
from sparktune.ledger.ownership import LOCK
from sparktune.report.reading import read_study
from sparktune.study.conclusion import Ending, summarize
from sparktune.study.result import artifacts_of, write_summary
from sparktune.summary import DataSummary, Objective, Summary
from sparktune.tracking import sync


def sync_study(directory: Path) -> dict[str, str]:
    """Make MLflow show what the ledger holds, the exported model included; nothing is doubled.

    Returns:
        `experiment_id` and `run_id` of the study, `model_uri` where a model was exported.

    Raises:
        StudyDirectoryError: the directory holds no study that was started, a driver is at work on it, or it
            cannot be written.
        TrackingError: MLflow cannot be reached or refuses.
    """
    ledger, started = _at_rest(directory)
    ended_ms = {number: round(seconds * 1000) for number, seconds in ledger.ended.items()}
    bundle = load_bundle(directory / "bundle") if (directory / "bundle").is_dir() else None
    ended = ledger.end or StudyEnded("KILLED", summary_of_killed(ledger, bundle))
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
        try:
            write_summary(directory, replace(ended.summary, mlflow=ids))
        except OSError as error:
            raise StudyDirectoryError(
                f"MLflow shows the study, but {directory} must be writable for its summary.json: {error}"
            ) from None
    return ids


def _at_rest(directory: Path) -> tuple[Ledger, StudyStarted]:
    """The ledger of a study that was started and that no driver is at work on, and its last start."""
    ledger = Ledger.read(directory)
    started = ledger.last(StudyStarted)
    if started is None:
        raise StudyDirectoryError(
            f"{directory} must hold a study that was started; run `sparktune tune` first"
        )
    if is_driven(directory / LOCK):
        raise StudyDirectoryError(
            f"{directory} must be at rest, but a driver is at work on it and writes to MLflow by itself; run "
            "`sparktune sync` again once it has ended"
        )
    return ledger, started


def summary_of_killed(ledger: Ledger, bundle: Bundle | None) -> Summary:
    """What a study had found when its driver was killed; its bundle only where that is the best trial's."""
    study = read_study(ledger.directory)
    exported = bundle if bundle and bundle.lineage.trial == study.best_number else None
    ending = Ending(0.0, "interrupt", exported, study.test)
    summary = summarize(ledger.spec, study.objective, ledger, ending)
    run = study.sessions[-1]
    return replace(summary, seconds=round(run.ended - run.started, 3))
