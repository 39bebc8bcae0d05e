"""One trial from its parameters to its result: the function that every launcher runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
from sparktune.data.initial import InitialWeights
from sparktune.errors import CheckpointError, ModelError
from sparktune.spec import StudySpec
from sparktune.training.checkpoint import Checkpoint
from sparktune.training.checkpoint_files import read_checkpoint, with_room
from sparktune.training.compiling import compile_for_training
from sparktune.training.device import configure_device
from sparktune.training.epoch_tracker import Plan
from sparktune.training.fitting import fit
from sparktune.training.kinds.base import build_model
from sparktune.training.memory import RELEASER
from sparktune.training.objective import resolve_objective
from sparktune.training.outcome import failed, trained
from sparktune.training.seeding import seeded
from sparktune.training.user_code import has_own_code, import_own_code
from sparktune.trial import Segment, Trial, TrialNotes, TrialResult

if TYPE_CHECKING:
    import keras


def run_segment(segment: Segment, spec: StudySpec, data: Dataset) -> TrialResult:
    """Train a segment of a trial and say how it ended; needs neither Spark, a tracker nor a sampler.

    COMPLETE has a finite value, the objective at its best epoch, and the model of that epoch if no
    trial of `trial.front` beats it. PAUSED: the segment ended before the trial did; the result has a
    checkpoint, from which the next segment gives the numbers that this one would have given. DIVERGED: a loss
    or the objective was not finite in some epoch; training ended there. FAILED: an error, `sys.exit`
    included, came up; `error` is its traceback. OUT_OF_MEMORY: the error was a lack of memory. The same trial
    gives the same numbers on the same machine.

    A checkpoint that is missing, damaged or another trial's is noted, and training starts at epoch 0. Where
    no checkpoint can be made, that is noted too. In both cases the segment ends at its `end` alone, not after
    `seconds`.

    Raises:
        KeyboardInterrupt: the only thing that is not caught.
    """
    timings: dict[str, float] = {}
    notes = TrialNotes()
    try:
        with timed(timings, "start"):
            RELEASER.before_trial()
            device_notes = configure_device(spec.resources.cpus)
        try:
            result = _run(segment, spec, data, read_checkpoint(segment), timings)
        except CheckpointError as error:
            notes = TrialNotes(checkpoint=f"trained again from epoch 0: {error}")
            whole = replace(segment, start=0, seconds=None)  # the next checkpoint may be unreadable, too
            result = _run(whole, spec, data, None, timings)
        if result.checkpoint_bytes is not None:
            with timed(timings, "checkpoint"):
                result = with_room(result, segment.trial, spec)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a trial raises is data
        return replace(failed(segment.trial), timings=timings)
    return replace(result, timings=timings, notes=device_notes.updated(notes).updated(result.notes))


def _run(
    segment: Segment, spec: StudySpec, data: Dataset, checkpoint: Checkpoint | None, timings: dict[str, float]
) -> TrialResult:
    """Build, train and save; `timings` gets the seconds of each."""
    trial, output = segment.trial, spec.output
    bounds = None
    if segment.end is not None or segment.seconds is not None:
        from sparktune.training.segments import SegmentBounds

        largest = None if output.checkpoints else output.checkpoint_limit
        bounds = SegmentBounds(segment.end, segment.seconds, largest)
    with seeded(trial.seed, has_own_code(spec)):
        with timed(timings, "build"):
            model, plan = compiled_model(trial, spec, data)
            began = begin_with(model, data.initial)
        fitted = fit(model, plan, data, bounds, checkpoint)
        timings.update(fitted.timings)
        with timed(timings, "save"):
            result = trained(trial, plan.objective, model, fitted)
            return replace(result, notes=began.updated(result.notes))


def run_trial(trial: Trial, spec: StudySpec, data: Dataset) -> TrialResult:
    """Train one configuration in one go: `run_segment` without bounds."""
    return run_segment(Segment(trial), spec, data)


def compiled_model(trial: Trial, spec: StudySpec, data: Dataset) -> "tuple[keras.Model, Plan]":
    """The trial's compiled model, and how it is to be trained."""
    objective = resolve_objective(spec, data.schema)
    model_spec, training = spec.configured(trial.params)
    import_own_code(model_spec)
    with policy_put_back():
        model = build_model(model_spec, data.schema)
    most = spec.search.max_parameters
    if most is not None and model.count_params() > most:  # of a sampler that does not know the bound
        raise ModelError(
            f"the model must have at most {most:,} parameters, as search.max_parameters says, but has "
            f"{model.count_params():,}"
        )
    compile_for_training(model, training, data.schema, len(data.train))
    validated = bool(len(data.validation))
    return model, Plan(trial.number, trial.seed, training, objective, validated, spec.study_directory)


@contextmanager
def policy_put_back() -> Iterator[None]:
    """Where the context sets Keras' dtype policy, that is for the layers it makes: none of later trials."""
    import keras

    before = keras.config.dtype_policy()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def begin_with(model: "keras.Model", initial: InitialWeights | None) -> TrialNotes:
    """Give a new model the initial weights of the study, where it has the same shapes; the notes say so."""
    if initial is None or not initial.fit(model.get_weights()):
        return TrialNotes()
    model.set_weights(initial.arrays)
    return TrialNotes(weights=initial.origin)


@contextmanager
def timed(timings: dict[str, float], phase: str) -> Iterator[None]:
    """Note the seconds that the context takes, also where it raises."""
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[phase] = time.perf_counter() - started
