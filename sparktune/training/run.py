"""One trial from its parameters to its result: the function that every launcher runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
from sparktune.spec import StudySpec
from sparktune.training.compiling import compile_for_training
from sparktune.training.device import configure_device
from sparktune.training.epoch_tracker import Plan
from sparktune.training.fitting import fit
from sparktune.training.kinds.base import build_model
from sparktune.training.memory import RELEASER
from sparktune.training.objective import resolve_objective
from sparktune.training.outcome import failed, trained
from sparktune.training.references import has_own_code
from sparktune.training.seeding import seeded
from sparktune.trial import Segment, Trial, TrialResult

if TYPE_CHECKING:
    import keras


def run_segment(segment: Segment, spec: StudySpec, data: Dataset) -> TrialResult:
    """Train a segment of a trial, as `run_trial`: what a launcher runs.

    A trial is one segment for now: training starts at its first epoch and ends with its last.

    Raises:
        ValueError: the segment is a part of a trial.
    """
    if segment.start or segment.end is not None:
        raise ValueError(f"a segment must be a whole trial, but got epochs {segment.start} to {segment.end}")
    return run_trial(segment.trial, spec, data)


def run_trial(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Train one configuration and say how it ended; needs neither Spark, a tracker nor a sampler.

    COMPLETE has a finite value, the objective at its best epoch, and the model of that epoch if the value is
    not worse than `trial.threshold`. DIVERGED: a loss or the objective was not finite in some epoch; training
    ended there. FAILED: an error, `sys.exit` included, came up; `error` is its traceback. The same trial
    gives the same numbers on the same machine.

    Raises:
        KeyboardInterrupt: the only thing that is not caught.
    """
    timings: dict[str, float] = {}
    try:
        with timed(timings, "start"):
            RELEASER.before_trial()
            device_notes = configure_device(spec.resources.cpus)
        with seeded(trial.seed, has_own_code(spec)):
            with timed(timings, "build"):
                model, plan = compiled_model(trial, spec, data)
            fitted = fit(model, plan, data)
            timings.update(fitted.timings)
            with timed(timings, "save"):
                result = trained(trial, plan.objective, model, fitted)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a trial raises is data
        return replace(failed(trial), timings=timings)
    return replace(result, timings=timings, notes=device_notes.updated(result.notes))


def compiled_model(trial: Trial, spec: StudySpec, data: Dataset) -> "tuple[keras.Model, Plan]":
    """The trial's compiled model, and how it is to be trained."""
    objective = resolve_objective(spec, data.schema)
    model_spec, training = spec.configured(trial.params)
    model = build_model(model_spec, data.schema)
    compile_for_training(model, training, data.schema, len(data.train))
    return model, Plan(trial.number, trial.seed, training, objective, bool(len(data.validation)))


@contextmanager
def timed(timings: dict[str, float], phase: str) -> Iterator[None]:
    """Note the seconds that the context takes, also where it raises."""
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[phase] = time.perf_counter() - started
