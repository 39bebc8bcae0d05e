"""A study's MLflow pages, rebuilt from its ledger."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from sparktune.bundle import Bundle, load_bundle
from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.ledger.lock import DriverLock, is_driven
from sparktune.ledger.ownership import LEDGER, LOCK
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
        StudyDirectoryError: the directory holds no study that was started, a driver or another sync is at
            work on it, or it cannot be written.
        TrackingError: MLflow cannot be reached or refuses.
    """
    with _at_rest(directory) as (ledger, started):
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


@contextmanager
def _at_rest(directory: Path) -> Iterator[tuple[Ledger, StudyStarted]]:
    """The ledger of a study that was started, and its last start; no driver works on it meanwhile.

    Where this user cannot write, nothing keeps a driver of somebody else's from beginning.
    """
    with _lock(directory):
        ledger = Ledger.read(directory)
        started = ledger.last(StudyStarted)
        if started is None:
            raise StudyDirectoryError(
                f"{directory} must hold a study that was started; run `sparktune tune` first"
            )
        yield ledger, started


def _lock(directory: Path) -> AbstractContextManager[object]:
    at_work = StudyDirectoryError(
        f"{directory} must be at rest, but a driver is at work on it and writes to MLflow by itself, or a "
        "sync does; run `sparktune sync` again once it has ended"
    )
    if not all(os.access(place, os.W_OK) for place in (directory, directory / LEDGER)):
        if is_driven(directory / LOCK):
            raise at_work
        return nullcontext()
    try:
        return closing(DriverLock(directory / LOCK))
    except StudyDirectoryError:
        raise at_work from None
    except OSError as error:
        raise StudyDirectoryError(f"{directory} must be writable: {error}") from None


def summary_of_killed(ledger: Ledger, bundle: Bundle | None) -> Summary:
    """What a study had found when its driver was killed; its bundle only where that is the best trial's."""
    study = read_study(ledger.directory)
    exported = bundle if bundle and bundle.lineage.trial == study.best_number else None
    ending = Ending(0.0, "interrupt", exported, study.test)
    summary = summarize(ledger.spec, study.objective, ledger, ending)
    run = study.sessions[-1]
    return replace(summary, seconds=round(run.ended - run.started, 3))
