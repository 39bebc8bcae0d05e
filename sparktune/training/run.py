"""One trial from its parameters to its result: the function that every launcher runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
from sparktune.spec import StudySpec
from sparktune.training.compiling import compile_for_training
from sparktune.training.device import configure_device
from sparktune.training.fit import fit
from sparktune.training.kinds.builtin import build_model
from sparktune.training.objective import resolve_objective
from sparktune.training.outcome import Outcome, failure, outcome_of, result_of
from sparktune.training.progress import Plan
from sparktune.training.seeding import has_own_code, seeded
from sparktune.trial import Decision, OnReport, Report, Trial, TrialResult

if TYPE_CHECKING:
    import keras


def go_on(report: Report) -> Decision:
    """The answer to every report where nobody listens."""
    return Decision.CONTINUE


def run_trial(trial: Trial, spec: StudySpec, data: Dataset, report: OnReport = go_on) -> TrialResult:
    """Train one configuration and say how it ended; needs neither Spark, a tracker nor a sampler.

    COMPLETE has a finite value, the objective at its best epoch, and brings the model of that epoch home if
    the value is not worse than `trial.threshold`. DIVERGED: a loss or the objective was not finite in some
    epoch; training ended there. FAILED: an error, `sys.exit` included, came up; `error` is its traceback. The
    same trial gives the same numbers on the same machine.

    Raises:
        KeyboardInterrupt: the only thing that is not caught.
    """
    timings: dict[str, float] = {}
    try:
        outcome = _train(trial, spec, data, report, timings)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a trial raises is data
        outcome = failure()
    return result_of(trial, outcome, timings)


def _train(
    trial: Trial, spec: StudySpec, data: Dataset, report: OnReport, timings: dict[str, float]
) -> Outcome:
    with _timed(timings, "start"):
        notes = configure_device(spec.resources.cpus)
    with seeded(trial.seed, has_own_code(spec)):
        outcome = _trained(trial, spec, data, report, timings)
    return {**outcome, "notes": {**notes, **outcome["notes"]}}


def _trained(
    trial: Trial, spec: StudySpec, data: Dataset, report: OnReport, timings: dict[str, float]
) -> Outcome:
    with _timed(timings, "build"):
        model, plan = built(trial, spec, data)
    fitted = fit(model, plan, data, report)
    timings.update(fitted.timings)
    with _timed(timings, "save"):
        return outcome_of(trial, plan.objective, model, fitted)


def built(trial: Trial, spec: StudySpec, data: Dataset) -> "tuple[keras.Model, Plan]":
    """The trial's compiled model, and how it is to be trained."""
    objective = resolve_objective(spec, data.schema)
    model_spec, training = spec.configured(trial.params)
    model = build_model(model_spec, data.schema)
    compile_for_training(model, training, data.schema, len(data.train))
    return model, Plan(trial.number, trial.seed, training, objective)


@contextmanager
def _timed(timings: dict[str, float], phase: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[phase] = time.perf_counter() - started
