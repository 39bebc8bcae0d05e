"""One trial from its parameters to its result: the function that every launcher runs."""

import gc
import random
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from sparktune.data.dataset import Dataset
from sparktune.spec import BuilderSpec, StudySpec
from sparktune.spec.training import CustomCallback
from sparktune.training.compiling import compile_for_training
from sparktune.training.device import claim
from sparktune.training.fit import fit
from sparktune.training.models import build_model
from sparktune.training.objective import Objective, resolve_objective
from sparktune.training.progress import Fitted, Plan
from sparktune.training.saving import keras_bytes
from sparktune.trial import Decision, OnReport, Report, Trial, TrialResult, TrialState, better

if TYPE_CHECKING:
    import keras

LONG = 10.0  # seconds
WAY_OUT = "lower learning_rate, set training.clip_norm, or scale the data (data.scale)"


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
        outcome = {"state": TrialState.FAILED, "error": traceback.format_exc()}
    return TrialResult(
        trial=trial.number,
        params=trial.params,
        attempt=trial.attempt,
        host=socket.gethostname(),
        timings=timings,
        **outcome,
    )


def _train(
    trial: Trial, spec: StudySpec, data: Dataset, report: OnReport, timings: dict[str, float]
) -> dict[str, Any]:
    with _timed(timings, "start"):
        notes = claim(spec.resources.cpus)
    with _seeded(trial.seed, _own_code(spec)):
        outcome = _trained(trial, spec, data, report, timings)
    return {**outcome, "notes": {**notes, **outcome["notes"]}}


def _trained(
    trial: Trial, spec: StudySpec, data: Dataset, report: OnReport, timings: dict[str, float]
) -> dict[str, Any]:
    objective = resolve_objective(spec, data.schema)
    model_spec, training = spec.configured(trial.params)
    with _timed(timings, "build"):
        model = build_model(model_spec, data.schema)
        compile_for_training(model, training, data.schema, len(data.train))
    fitted = fit(model, Plan(trial.number, trial.seed, training, objective), data, report)
    timings.update(fitted.timings)
    with _timed(timings, "save"):
        outcome = _outcome(trial, objective, model, fitted)
    return {**outcome, "history": fitted.history, "notes": fitted.notes}


def _outcome(trial: Trial, objective: Objective, model: "keras.Model", fitted: Fitted) -> dict[str, Any]:
    if fitted.diverged is not None:
        return {"state": TrialState.DIVERGED, "error": f"{fitted.diverged}; {WAY_OUT}"}
    if fitted.best_epoch is None or fitted.best_weights is None:
        raise RuntimeError("training ended without an epoch")
    value = fitted.history[objective.metric][fitted.best_epoch - 1]
    wanted = trial.threshold is None or not better(objective.direction, trial.threshold, value)
    return {
        "state": TrialState.COMPLETE,
        "value": value,
        "epoch": fitted.best_epoch,
        "model": keras_bytes(model, fitted.best_weights) if wanted else None,
    }


@contextmanager
def _seeded(seed: int, own_code: bool) -> Iterator[None]:
    """Every random number follows from `seed`; a long trial leaves no memory behind.

    Keras draws its seeds from Python's generator. Code of the user may also use TensorFlow's, whose seeding
    makes it forget the kernels of all graphs: 0.1 s for the next trial, which `clear_session` would cost too.
    A collection would take a quarter of a second: Python's own comes often enough for short trials.
    """
    import keras

    random.seed(seed)
    np.random.seed(seed)
    if own_code:
        keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    try:
        yield
    finally:
        if time.perf_counter() - started > LONG:
            gc.collect()


def _own_code(spec: StudySpec) -> bool:
    """Whether a trial runs code of the user."""
    return isinstance(spec.model, BuilderSpec) or any(
        isinstance(callback, CustomCallback) for callback in spec.training.callbacks
    )


@contextmanager
def _timed(timings: dict[str, float], phase: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[phase] = time.perf_counter() - started
