"""The whole study: check, search, export, report."""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sparktune.bundle import Bundle
from sparktune.data import load_dataset
from sparktune.data.host import HostData, share
from sparktune.errors import LaunchError, StudyFailed, StudyInterrupted
from sparktune.launch import (
    ForkServer,
    Launcher,
    LocalLauncher,
    SparkLauncher,
    open_session,
    read_table,
    safe_here,
    serving,
    spark_is_configured,
    to_arrow,
)
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.search import build_sampler
from sparktune.spec import StudySpec, load_spec, parse_spec
from sparktune.study.check import check_study
from sparktune.study.export import Exported, Exporter, Metrics
from sparktune.study.loop import StudyLoop
from sparktune.study.result import StudyResult, best_entry, count_states, trial_table, write_outcome
from sparktune.study.stop import Reason, Stop, check_timeout
from sparktune.tracking import MlflowTracker, NullTracker, Tracker, check_tracking
from sparktune.training import Objective, resolve_objective
from sparktune.trial import TrialResult

AGAIN = "run the same command again to resume"
log = logging.getLogger("sparktune")
DRAIN_SECONDS = 60.0
DRAIN_SECONDS_INTERRUPTED = 3.0


@dataclass(frozen=True)
class Progress:
    """How far a study is: the newest result, the best so far, trials done and in all (None where open)."""

    result: TrialResult
    best: TrialResult | None
    done: int
    total: int | None


def _silent(progress: Progress) -> None:
    """Show nothing."""


def tune(
    spec: StudySpec | dict[str, Any] | str | Path,
    spark: Any = None,
    data: Any = None,
    *,
    offline: bool = False,
    timeout: float | None = None,
    on_progress: Callable[[Progress], None] = _silent,
) -> StudyResult:
    """Run a study, or resume it where its directory exists.

    Args:
        spec: a StudySpec, a mapping of its sections, or the path of a YAML file.
        spark: the SparkSession to use; one is opened where there is none.
        data: the data where `data.source` is `arrays`: (x, y), (x, y, weight), a mapping of columns, a pandas
            DataFrame, an Arrow table or a Spark DataFrame.
        offline: do not write to MLflow; `sparktune sync` can do so later.
        timeout: seconds, above 0, from the first launch, after which the search ends with the best so far.
        on_progress: called after each trial, in the driver's thread.

    Raises:
        InputError: something given cannot be used; nothing was started.
        StudyFailed: no trial gave a value.
        StudyInterrupted: Ctrl-C; calling again resumes.
        LaunchError: the cluster was lost; calling again resumes.
    """
    check_timeout(timeout)
    started = time.monotonic()
    spec = load_spec(spec) if isinstance(spec, (str, Path)) else parse_spec(spec)
    try:
        with ExitStack() as stack:
            if spec.resources.preload and safe_here() and not serving():
                stack.enter_context(ForkServer())  # loads TensorFlow while the input is checked
            study = _prepare(stack, spec, spark, data, offline)
            log.info("study %s: %s", spec.study.name, study.ledger.directory)
            return _run(study, timeout, on_progress, started)
    except KeyboardInterrupt:
        raise StudyInterrupted(f"study {spec.study.name} was interrupted; {AGAIN}") from None


@dataclass(frozen=True)
class _Study:
    """What stands once all checks have passed."""

    spec: StudySpec
    shared_data: HostData
    objective: Objective
    ledger: Ledger
    tracker: Tracker
    session: Callable[[], Any]
    on_spark: bool

    @property
    def results(self) -> list[TrialResult]:
        """How every trial stands that was ever launched and came home."""
        return [*self.ledger.results.values(), *self.ledger.unfinished.values()]


def _prepare(stack: ExitStack, spec: StudySpec, spark: Any, data: Any, offline: bool) -> _Study:
    """Everything that can be refused, in order of cost; Spark starts only when tables must be read."""
    if not offline:
        check_tracking(spec)
    session = _session(spec, spark)
    dataset = load_dataset(
        spec, arrays=_arrays(data), read_table=lambda **which: read_table(session(), **which)
    )
    objective = resolve_objective(spec, dataset.schema)
    check_study(spec, dataset)
    folder = Path(spec.output.directory) / spec.study.name
    ledger = stack.enter_context(Ledger.open(folder, spec, dataset.digest, objective.direction))
    shared_data = stack.enter_context(closing(share(dataset)))
    tracker = (
        NullTracker()
        if offline
        else MlflowTracker(spec, ledger.study_id, objective.metric, objective.direction)
    )
    return _Study(spec, shared_data, objective, ledger, tracker, session, _on_spark(spec, spark))


def _session(spec: StudySpec, spark: Any) -> Callable[[], Any]:
    """The given session, or one that is opened when first asked for."""
    opened: list[Any] = [] if spark is None else [spark]

    def session() -> Any:
        if not opened:
            opened.append(open_session(spec))
        return opened[0]

    return session


def _on_spark(spec: StudySpec, spark: Any) -> bool:
    """Whether Spark runs the trials; starting it only for this machine's cores costs more than it gives."""
    if spec.resources.launcher != "auto":
        return spec.resources.launcher == "spark"
    return spark is not None or spec.resources.gpus > 0 or spark_is_configured()


def _arrays(data: Any) -> Any:
    """Data as given, a Spark DataFrame as an Arrow table."""
    return to_arrow(data) if hasattr(data, "sparkSession") else data


def _launcher(study: _Study) -> Launcher:
    if study.on_spark:
        return SparkLauncher(study.session(), study.spec, study.shared_data.data)
    return LocalLauncher(study.spec, study.shared_data.data)


def _run(
    study: _Study, timeout: float | None, on_progress: Callable[[Progress], None], started: float
) -> StudyResult:
    """Search and export; whenever Ctrl-C comes, the outcome so far is written."""
    exported: Exported = (None, None)
    try:
        with Exporter(study.spec, study.shared_data, study.objective, study.ledger) as exporter:
            stopped = _search(study, timeout, on_progress, exporter)
            if stopped != "interrupt":
                exported = exporter.export()
    except KeyboardInterrupt:
        stopped = "interrupt"
    return _conclude(study, stopped, exported, started)


def _search(
    study: _Study, timeout: float | None, on_progress: Callable[[Progress], None], exporter: Exporter
) -> Reason | None:
    """Run the trials that have no terminal record; why it ended early, if it did."""
    sampler = build_sampler(study.spec)

    def on_result(result: TrialResult) -> None:
        on_progress(Progress(result, study.ledger.best, len(study.ledger.results), sampler.size))

    study.ledger.note(StudyStarted(study.objective.metric, study.objective.direction))
    study.tracker.start()
    for result in study.results:  # of an earlier run; what MLflow shows already costs nothing
        study.tracker.record(result, round(study.ledger.ended[result.trial] * 1000))
    if not _any_left(study):
        return None
    try:
        with _launcher(study) as launcher:
            loop = StudyLoop(
                study.spec, sampler, launcher, study.ledger, study.tracker, on_result, exporter.begin
            )
            return _run_until(Stop(timeout), loop)
    except Exception:
        study.tracker.finish("KILLED", {})
        study.tracker.close(DRAIN_SECONDS_INTERRUPTED)
        raise


def _run_until(stop: Stop, loop: StudyLoop) -> Reason | None:
    """Run the loop to its end; why that came early, if it did."""
    try:
        loop.run(stop)
    except LaunchError:
        if stop.reason != "interrupt":  # Ctrl-C in a terminal ends the JVM of spark-submit, too
            raise
    return stop.reason


def _any_left(study: _Study) -> bool:
    """Whether the search has a trial without a terminal record; Spark need not start where it has none."""
    first = next(number for number in count() if number not in study.ledger.results)
    return build_sampler(study.spec).ask(first) is not None


def _conclude(study: _Study, stopped: Reason | None, exported: Exported, started: float) -> StudyResult:
    """Write the outcome, let MLflow catch up, and write it again with where MLflow shows it."""
    bundle, test = exported
    summary = {**_summary(study, stopped, bundle, test), "mlflow": None, "seconds": _since(started)}
    trials = trial_table(study.results)
    write_outcome(study.ledger.directory, trials, summary)
    summary |= {"mlflow": _track(study, bundle, summary), "seconds": _since(started)}
    write_outcome(study.ledger.directory, trials, summary)
    _raise_for(study, stopped)
    return StudyResult(study.spec, study.ledger.directory, study.ledger.best, trials, bundle, summary)


def _since(started: float) -> float:
    """Seconds since a moment of the monotonic clock."""
    return round(time.monotonic() - started, 3)


def _summary(
    study: _Study, stopped: Reason | None, bundle: Bundle | None, test: Metrics | None
) -> dict[str, Any]:
    return {
        "study": study.spec.study.name,
        "study_id": study.ledger.study_id,
        "states": count_states(study.results),
        "stopped": stopped,
        "objective": {"metric": study.objective.metric, "direction": study.objective.direction},
        "best": best_entry(study.ledger.best),
        "test": test,
        "bundle": str(bundle.path) if bundle else None,
    }


def _track(study: _Study, bundle: Bundle | None, summary: dict[str, Any]) -> dict[str, Any] | None:
    """Let MLflow catch up, the model included; a server that is down costs a warning and a sync later."""
    state = "KILLED" if summary["stopped"] else "FINISHED" if study.ledger.best else "FAILED"
    study.ledger.note(StudyEnded(state, summary))
    study.tracker.finish(state, summary)
    if bundle:
        study.tracker.exported(bundle)
    study.tracker.close(DRAIN_SECONDS_INTERRUPTED if summary["stopped"] == "interrupt" else DRAIN_SECONDS)
    return study.tracker.ids


def _raise_for(study: _Study, stopped: Reason | None) -> None:
    name, folder = study.spec.study.name, study.ledger.directory
    if stopped == "interrupt":
        raise StudyInterrupted(f"study {name} was interrupted ({folder}); {AGAIN}")
    if study.ledger.best is not None:
        return
    if stopped == "timeout":
        raise StudyFailed(f"the timeout passed before a trial of study {name} ended ({folder}); {AGAIN}")
    first = next((r.complaint for r in study.results if r.error), "no trial was run")
    raise StudyFailed(
        f"no trial of study {name} gave a value: {count_states(study.results)}; first error: {first}; "
        f"see {folder / 'trials.csv'}"
    )
