"""The end of a study: its outcome is written, however it ended."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, final

from sparktune.bundle import Bundle
from sparktune.errors import LaunchError, SparktuneError, StudyDirectoryError, StudyFailed, StudyInterrupted
from sparktune.ledger import Ledger, StudyEnded
from sparktune.report.evaluation import read_evaluation
from sparktune.report.hparams import tensorboard_folder, write_hparams
from sparktune.report.page import write_final_report
from sparktune.report.reading import read_study
from sparktune.spec import StudySpec
from sparktune.study.export import TestMetrics
from sparktune.study.result import StudyResult, artifacts_of, count_states, trial_table, write_outcome
from sparktune.study.stop import Stop, interruptible
from sparktune.summary import AGAIN, BestTrial, Objective, ParetoTrial, Reason, RunStatus, Summary
from sparktune.tracking import Tracker
from sparktune.trial import TrialState

if TYPE_CHECKING:
    import pandas as pd

DRAIN_SECONDS = 60.0  # in which the tracker may write what is left
DRAIN_SECONDS_INTERRUPTED = 3.0
log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class Ending:
    """How the search and the export of a study ended.

    `started` is a moment of the monotonic clock, `stopped` what ended the search early, `bundle` the exported
    model and `test` its metrics on the test split. `failures` are the errors so far, the first one first.
    """

    started: float
    stopped: Reason | None = None
    bundle: Bundle | None = None
    test: TestMetrics | None = None
    failures: list[Exception] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self.started, 3)

    @property
    def drain_seconds(self) -> float:
        """How long the tracker may go on writing; short where somebody waits for the end."""
        in_a_hurry = bool(self.failures) or self.stopped == "interrupt"
        return DRAIN_SECONDS_INTERRUPTED if in_a_hurry else DRAIN_SECONDS

    def status(self, summary: Summary) -> RunStatus:
        """How MLflow names this end; a study whose cluster was lost goes on when it is run again."""
        if not self.failures:
            return summary.status
        return "KILLED" if isinstance(self.failures[0], LaunchError) else "FAILED"

    @contextmanager
    def keeping_failures(self) -> Iterator[None]:
        """Add to `failures` what cannot be written, and go on."""
        try:
            yield
        except SparktuneError as error:
            self.failures.append(error)
        except OSError as error:
            self.failures.append(
                StudyDirectoryError(f"the outcome of the study cannot be written: {error}; {AGAIN} to resume")
            )


def conclude(
    spec: StudySpec, objective: Objective, ledger: Ledger, tracker: Tracker, ending: Ending, stop: Stop
) -> StudyResult:
    """Write the outcome, let the tracker catch up, and write it again with what the tracker shows.

    What cannot be written is added to the failures, and keeps nothing else from being written. Nor does a
    signal: `stop` notes it, and the tracker's time to catch up is short then.

    Raises:
        StudyInterrupted: the study was interrupted.
        StudyFailed: no trial gave a value.
        Exception: the first of the failures.
    """
    with interruptible(stop):
        drain_seconds = ending.drain_seconds
        table = trial_table(ledger.all_results, objective, ledger.measured_front.members)
        summary = summarize(spec, objective, ledger, ending)
        write_end(spec, ledger, tracker, ending, table, summary)
    try:
        tracker.close(DRAIN_SECONDS_INTERRUPTED if stop.reason == "interrupt" else drain_seconds)
    except KeyboardInterrupt:
        stop.interrupt()
    summary = summary.shown(tracker.ids, ending.seconds)
    with ending.keeping_failures():
        write_outcome(ledger.directory, table, summary)
    if ending.failures:
        raise ending.failures[0]
    check_best(spec, ledger, "interrupt" if stop.reason == "interrupt" else ending.stopped)
    return StudyResult(spec, ledger.directory, ledger.best, table, ending.bundle, summary)


def write_end(
    spec: StudySpec, ledger: Ledger, tracker: Tracker, ending: Ending, table: "pd.DataFrame", summary: Summary
) -> None:
    """Write the outcome into the study's directory, and tell the tracker of it."""
    status = ending.status(summary)
    with ending.keeping_failures():
        write_outcome(ledger.directory, table, summary)
    with ending.keeping_failures():
        ledger.note(StudyEnded(status, summary))
    write_report_if_possible(ledger.directory, ending.seconds)
    write_hparams_if_possible(spec, ledger.directory)
    tracker.finish(status, summary, artifacts_of(ledger.directory))
    if ending.bundle:
        tracker.exported(ending.bundle)


def write_report_if_possible(directory: Path, seconds: float) -> None:
    """Write the report of a study that took so many seconds; what goes wrong with it is only a warning."""
    try:
        write_final_report(directory, seconds)
    except Exception as error:  # noqa: BLE001 - a study does not fail for its report
        log.warning("the report could not be written: %r; see `sparktune report %s`", error, directory)


def write_hparams_if_possible(spec: StudySpec, directory: Path) -> None:
    """Write TensorBoard's HParams where the study has that callback; what goes wrong is only a warning."""
    folder = tensorboard_folder(spec)
    if folder is None:
        return
    try:
        write_hparams(read_study(directory), folder)
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("TensorBoard shows no HParams of this study: %s", error)


def summarize(spec: StudySpec, objective: Objective, ledger: Ledger, ending: Ending) -> Summary:
    """What `summary.json` holds as long as the tracker shows nothing."""
    best = BestTrial.of(ledger.best)
    evaluation = read_evaluation(ledger.directory, best.trial if best else None) if ending.bundle else None
    return Summary(
        study=spec.study.name,
        study_id=ledger.study_id,
        states=count_states(ledger.all_results),
        stopped=ending.stopped,
        objective=objective,
        best=best,
        test=ending.test,
        bundle=str(ending.bundle.path) if ending.bundle else None,
        seconds=ending.seconds,
        pareto=tuple(map(ParetoTrial.of, ledger.measured_front.ranked)) if objective.metrics else (),
        classes=tuple(figures.score for figures in evaluation.classes) if evaluation else (),
    )


def check_best(spec: StudySpec, ledger: Ledger, stopped: Reason | None) -> None:
    """Raise where the study was interrupted or has no best trial.

    Raises:
        StudyInterrupted: the study was interrupted.
        StudyFailed: no trial gave a value, or too many failed in a row.
    """
    name, folder = spec.study.name, ledger.directory
    if stopped == "interrupt":
        raise StudyInterrupted(f"study {name} was interrupted ({folder}); {AGAIN} to resume")
    if stopped == "failures":
        aborted = [result for result in ledger.results.values() if result.state.aborted]
        last = max(aborted, key=lambda result: ledger.ended[result.trial])
        raise StudyFailed(
            f"study {name} was stopped, as search.failures trials in a row could not be trained; trial "
            f"{last.trial}, the last one: {last.complaint}; all results are kept ({folder}): mend the cause "
            "and run the same command again with --retry failed"
        )
    if ledger.best is not None:
        return
    if stopped == "timeout":
        raise StudyFailed(
            f"the timeout passed before a trial of study {name} ended ({folder}); {AGAIN} to resume"
        )
    raise StudyFailed(why_no_value(spec, ledger, stopped))


def why_no_value(spec: StudySpec, ledger: Ledger, stopped: Reason | None) -> str:
    """What to say of a study without a best trial: the budget that was too small, else the first error."""
    name, results, table = spec.study.name, ledger.all_results, ledger.directory / "trials.csv"
    failed = (result for result in results if result.state is not TrialState.KILLED and result.error)
    first = next((result.complaint for result in failed), None)
    error = f"first error: {first}; " if first else ""
    if stopped == "epochs" or stopped == "patience":
        budget = f"search.budget.{stopped}"
        return (
            f"{budget} {getattr(spec.search.budget, stopped)} was used up before a trial of study {name} "
            f"gave a value: {count_states(results)}; {error}see {table}; raise {budget}: the same command "
            "then goes on"
        )
    return (
        f"no trial of study {name} gave a value: {count_states(results)}; "
        f"{error or 'first error: no trial was run; '}see {table}"
    )
