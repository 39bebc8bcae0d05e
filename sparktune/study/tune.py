"""The whole study: check, search, export, conclude."""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from sparktune.data.host import SharedData
from sparktune.errors import LaunchError, StudyInterrupted
from sparktune.launch import Launcher
from sparktune.ledger import Ledger, StudyStarted, WarmStarted
from sparktune.search import Pruner, Sampler, build_pruner, build_sampler
from sparktune.signals import ended_by_signals, raise_lost_interrupt
from sparktune.spec import StudySpec
from sparktune.study.arguments import check_objects, check_prunable, read_study_spec
from sparktune.study.budget import Budget
from sparktune.study.check import check_study
from sparktune.study.choices import check_numbers, choose_trials, states_to_retry
from sparktune.study.conclusion import Ending, conclude
from sparktune.study.export import Exported, Exporter
from sparktune.study.failures import FailuresInARow
from sparktune.study.loop import StudyLoop
from sparktune.study.model_sizes import bounded_size
from sparktune.study.progress import OnProgress, Progress, Standing, notebook_progress
from sparktune.study.pruning import Pruning
from sparktune.study.result import StudyResult, write_source
from sparktune.study.runtime import Runtime
from sparktune.study.stop import Stop, check_timeout, interruptible
from sparktune.study.trial_queue import TrialQueue
from sparktune.study.warm_start import keep_warm_start, read_warm_start, with_initial_weights
from sparktune.study.weighted_metrics import with_weighted_metrics
from sparktune.summary import AGAIN, Objective, Reason
from sparktune.tracking import MlflowTracker, NullTracker, Tracker
from sparktune.training import resolve_objective
from sparktune.training.user_code import own_source
from sparktune.trial import TrialResult

log = logging.getLogger("sparktune")


def tune(
    spec: StudySpec | dict[str, Any] | str | Path,
    spark: Any = None,
    data: Any = None,
    *,
    builder: Callable[..., Any] | str | None = None,
    sampler: Sampler | None = None,
    pruner: Pruner | None = None,
    launcher: Launcher | None = None,
    tracker: Tracker | None = None,
    offline: bool = False,
    timeout: float | None = None,
    retry: str | Collection[str] = (),
    skip: Collection[int] = (),
    on_progress: OnProgress | None = None,
) -> StudyResult:
    """Run a study, or resume it where its directory exists.

    Args:
        spec: a StudySpec, a mapping of its sections, or the path of a YAML file.
        spark: the SparkSession to use; one is opened where there is none.
        data: the data where `data.source` is `arrays`: (x, y), (x, y, weight), a mapping of columns, a pandas
            DataFrame, an Arrow table or a Spark DataFrame.
        builder: in place of `model.builder`, a function `build(params, input_shape, outputs)` that returns a
            Keras model. One of a notebook or script is sent as source, with all that it uses.
        sampler: proposes configurations; the one that `search.sampler` names by default.
        pruner: ends trials before their last epoch; the one that `search.pruner` names by default.
        launcher: runs the trials; the one that `resources.launcher` names by default. The study closes it.
        tracker: shows the study; MLflow by default.
        offline: do not write to MLflow; `sparktune sync` can do so later.
        timeout: seconds, above 0, from the first launch, after which the search ends with the best so far;
            `search.budget.seconds` counts too.
        retry: trials of earlier runs that are trained again, by their state: `failed`, `timed_out`,
            `out_of_memory` or `diverged`, or several of them.
        skip: numbers of trials that earlier runs launched and that are left out for good; those that have not
            ended are FAILED.
        on_progress: called after each trial, in the driver's thread. By default a notebook shows one display
            that is updated, and nothing is shown elsewhere.

    Raises:
        InputError: something given cannot be used; nothing was started.
        StudyFailed: no trial gave a value, or `search.failures` of them failed in a row.
        StudyInterrupted: Ctrl-C, SIGTERM or SIGHUP; calling again resumes.
        LaunchError: the cluster was lost; calling again resumes.

    Example:
        >>> import numpy as np, sparktune
        >>> x = np.linspace(-1, 4, 64, dtype="float32").reshape(-1, 1)
        >>> study = {"model": {"kind": "linear"}, "search": {"space": {"learning_rate": [0.03, 0.1]}}}
        >>> result = sparktune.tune(study, data=(x, 2 * x[:, 0] - 1), offline=True)
        >>> result.best.params
        {'learning_rate': 0.1}
    """
    started = time.monotonic()
    check_timeout(timeout)
    check_numbers(skip)
    retried = states_to_retry(retry)
    check_objects(sampler, pruner, launcher, tracker)
    spec = read_study_spec(spec, builder, any_sampler=sampler is not None)
    if pruner is not None:
        check_prunable(spec)
    tracker = tracker or (NullTracker() if offline else MlflowTracker())
    try:
        with ended_by_signals(), Runtime(spec, spark, launcher) as runtime:
            tracker.check(spec)
            dataset = runtime.load(data)
            raise_lost_interrupt()  # now that all libraries are imported
            spec = with_weighted_metrics(spec, dataset)
            objective = resolve_objective(spec, dataset.schema)
            check_study(spec, dataset)
            warm = read_warm_start(spec, objective)
            sampler = sampler or build_sampler(spec)
            with (
                bounded_size(sampler, spec, dataset.schema),
                Ledger.open(spec.study_directory, spec, dataset.digest, objective.direction) as ledger,
            ):
                write_source(ledger.directory, own_source(spec))
                choose_trials(ledger, retried, skip)
                warm = keep_warm_start(warm, spec, ledger)
                shared = runtime.share(with_initial_weights(dataset, warm, ledger.directory))
                del dataset  # trials, export and report read the shared copy
                log.info("study %s: %s", spec.study.name, ledger.directory)
                pruner = pruner or build_pruner(spec.search)
                study = _Study(spec, objective, ledger, tracker, shared, runtime, sampler, pruner, warm)
                return study.run(timeout, on_progress, started)
    except KeyboardInterrupt:
        raise StudyInterrupted(f"study {spec.study.name} was interrupted; {AGAIN} to resume") from None


@final
@dataclass(frozen=True)
class _Study:
    """A study that has passed all checks."""

    spec: StudySpec
    objective: Objective
    ledger: Ledger
    tracker: Tracker
    shared: SharedData
    runtime: Runtime
    sampler: Sampler
    pruner: Pruner | None
    warm: WarmStarted | None

    def run(self, timeout: float | None, on_progress: OnProgress | None, started: float) -> StudyResult:
        """Search, export, and conclude; however the search or the export ends, the outcome is written."""
        stop, data = Stop(timeout, self.spec.search.budget.seconds), self.shared.data.summary
        start = Standing(self.ledger.best, len(self.ledger.results), self.sampler.size)
        with notebook_progress(self.spec.study.name, start, on_progress) as show:
            with interruptible(stop):
                self.ledger.note(StudyStarted(self.objective.metric, self.objective.direction, data.rows))
                self.tracker.start(self.spec, self.ledger.study_id, self.objective)
                self.tracker.loaded(data)
            ending = self._search_and_export(stop, show, started)
            return conclude(self.spec, self.objective, self.ledger, self.tracker, ending, stop)

    def _search_and_export(self, stop: Stop, on_progress: OnProgress, started: float) -> Ending:
        """How the search and the export ended; what either raises is among the failures."""
        exported: Exported = (None, None)
        stopped: Reason | None = None
        failures: list[Exception] = []
        try:
            with Exporter(self.spec, self.shared, self.objective, self.ledger) as exporter:
                stopped = self._search(stop, on_progress, exporter)
                if stop.reason != "interrupt":
                    exported = exporter.export()
        except KeyboardInterrupt:
            stop.interrupt()
        except Exception as error:  # noqa: BLE001 - raised once the outcome is written
            failures.append(error)
        return Ending(started, "interrupt" if stop.reason == "interrupt" else stopped, *exported, failures)

    def _tell_what_is_known(self) -> None:
        """The tracker gets the results of earlier runs, sampler and pruner the objective and a warm start."""
        for result in self.ledger.all_results:  # what the tracker shows already costs nothing
            self.tracker.record(result, round(self.ledger.ended[result.trial] * 1000))
        self.sampler.set_objective(self.objective)
        if self.warm is not None:
            self.sampler.learn(self.warm.results)
        if self.pruner is not None:
            self.pruner.set_objective(self.objective)

    def _search(self, stop: Stop, on_progress: OnProgress, exporter: Exporter) -> Reason | None:
        """Run the trials that have no terminal record; Spark need not start where there is none.

        Gives what ended the search early; None where no trial is left, also if the last one spent a budget.
        """
        self._tell_what_is_known()
        spec, ledger, tracker = self.spec, self.ledger, self.tracker
        pruning = Pruning(self.pruner, ledger)
        held = {result.trial for result in pruning.earlier}
        queue = TrialQueue(self.sampler, ledger.sequence, held=held)
        done = queue.exhausted() and not held
        # A trial that is to be trained again has spent nothing.
        unfinished = (result for result in ledger.unfinished.values() if not result.state.terminal)
        spent = [*ledger.results.values(), *unfinished]
        failures = FailuresInARow(spec.search.failures)
        budget = Budget(spec.search.budget, self.objective, spent)
        stop.end(None if done else budget.spent)
        if done or stop.reason:
            return stop.reason

        def on_result(result: TrialResult) -> None:
            budget.observe(result)
            failures.observe(result)
            stop.end(budget.spent or failures.reason)
            ended, waiting = len(ledger.results), pruning.waiting_after(result)
            on_progress(Progress(result, ledger.best, ended, queue.size, waiting))

        with self.runtime.start_launcher(spec, self.shared) as launcher:
            loop = StudyLoop(spec, queue, launcher, ledger, tracker, on_result, exporter.begin, pruning)
            try:
                loop.run(stop)
            except LaunchError:
                if stop.reason != "interrupt":  # Ctrl-C in a terminal ends the JVM of spark-submit, too
                    raise
            reason = None if not ledger.unfinished and queue.exhausted() else stop.reason
        ledger.remove_unused_checkpoints()
        return reason
