"""Decides which trials train together, and why others do not. Experimental: off unless `resources.fuse` asks.

Trials train together where they share their graphs (`graph_key`), their layers have vectorised forms and
their model is so small that it leaves most of the device idle. All others train one by one; where batching
was asked for, `TrialNotes.batching` says why.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
from sparktune.spec import StudySpec
from sparktune.spec.training import TensorBoard
from sparktune.training.device import configure_device
from sparktune.training.epoch_tracker import EpochTracker, Fitted, Plan
from sparktune.training.fitting import callbacks_of, feed_of
from sparktune.training.graph_key import graph_key
from sparktune.training.kinds.base import kind_of
from sparktune.training.memory import RELEASER
from sparktune.training.outcome import trained
from sparktune.training.run import compiled_model, run_segment
from sparktune.training.seeding import seeded
from sparktune.training.user_code import has_own_code
from sparktune.trial import Segment, Trial, TrialNotes, TrialResult

if TYPE_CHECKING:
    import keras

KEPT = 256
# Why trials of a study (its digest) with a graph key cannot train together: not tried again in this process.
_reasons: dict[tuple[str, str], str] = {}


class CannotBatch(Exception):
    """Trials have to train one by one; the message says why."""


def batch_limit(spec: StudySpec) -> int:
    """How many trials of one graph key may train together; 1 where batching is off, as it is by default.

    Histograms are those of a trial's own model, which has its weights only where it trains alone.
    """
    histograms = any(isinstance(c, TensorBoard) and c.histogram_freq for c in spec.training.callbacks)
    batchable = all(kind_of(model).batchable for model in spec.models) and not has_own_code(spec)
    return (spec.resources.fuse or 1) if batchable and not histograms else 1


def run_segments_batched(
    segments: Sequence[Segment], spec: StudySpec, data: Dataset
) -> Iterator[list[TrialResult]]:
    """Train segments in their order, neighbours of one graph key together where the study asks for it.

    Yields the results of those that trained together, or of one, as soon as they are there; nothing trains
    that is not asked for. Trials that train together do so from their first epoch to their last. Whatever a
    trial raises is in its result, as with `run_segment`. Where training together fails, the trials train one
    by one, their notes say why, and others like them do so at once.
    """
    limit = batch_limit(spec)
    for (key, whole), same_graph in groupby(segments, key=_together):
        while group := list(islice(same_graph, limit if whole else 1)):
            yield from _run_group(group, key, spec, data)


def _together(segment: Segment) -> tuple[str, bool]:
    """Equal for segments that may train together, if the second part is true: each is a whole trial."""
    return graph_key(segment.trial.params), not segment.start and segment.end is None


def _run_group(
    group: Sequence[Segment], key: str, spec: StudySpec, data: Dataset
) -> Iterator[list[TrialResult]]:
    known = (spec.digest(), key) if len(group) > 1 else None
    if known is not None and known not in _reasons:
        try:
            yield run_together([segment.trial for segment in group], spec, data)
            return
        except CannotBatch as refusal:
            reason = str(refusal)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - alone, a trial says what is wrong
            reason = f"training together failed: {type(error).__name__}: {error}"
        if len(_reasons) >= KEPT:
            _reasons.clear()
        _reasons[known] = " ".join(reason.split())[:300]
    noted = TrialNotes(batching=_reasons[known]) if known is not None else TrialNotes()
    for segment in group:
        result = run_segment(segment, spec, data)
        yield [replace(result, notes=result.notes.updated(noted))]


def run_together(trials: Sequence[Trial], spec: StudySpec, data: Dataset) -> list[TrialResult]:
    """Train configurations that differ in scalars as one vectorised computation.

    Results are those of `run_trial` but for rounding. Of a trial's `timings` each is a share of the whole. A
    result holds its model if none of `Trial.front` beats it, nor a trial before it in the one objective.

    Raises:
        CannotBatch: they have to train one by one.
        Exception: whatever one of them raises; alone, each would say it in its result.
    """
    from sparktune.training.batching.fused_training import batching_obstacle

    if data.initial is not None:
        raise CannotBatch("trials begin with weights of another study")
    started = time.perf_counter()
    RELEASER.before_trial()
    notes = configure_device(spec.resources.cpus)
    models, plans = [], []
    for trial in trials:
        with seeded(trial.seed, own_code=False):
            model, plan = compiled_model(trial, spec, data)
        if reason := batching_obstacle(model):
            raise CannotBatch(reason)
        models.append(model)
        plans.append(plan)
    build = (time.perf_counter() - started) / len(trials)
    results: list[TrialResult] = []
    front = trials[0].front
    for trial, model, plan, end in zip(trials, models, plans, _fit(models, plans, data), strict=True):
        saving = time.perf_counter()
        result = trained(replace(trial, front=front), plan.objective, model, end)
        timings = {"build": build, **end.timings, "save": time.perf_counter() - saving}
        results.append(replace(result, timings=timings, notes=notes.updated(result.notes)))
        if result.model is not None and result.value is not None and not plan.objective.metrics:
            front = ((result.value,),)
    return results


def _fit(models: "Sequence[keras.Model]", plans: Sequence[Plan], data: Dataset) -> list[Fitted]:
    """`fit` of several models at once; the models themselves are not changed."""
    from sparktune.training.batching.fused_training import FusedTraining, common_graph_design
    from sparktune.training.callback_driver import CallbackDriver

    started = time.perf_counter()
    feeds = [feed_of(model, plan, data) for model, plan in zip(models, plans, strict=True)]
    rows, validation, _ = feeds[0]
    configs = [feed.config for feed in feeds]
    design = common_graph_design(models, configs, rows)
    if design is None:
        raise CannotBatch("their graphs differ")
    training = FusedTraining(design, models, rows, validation, configs)
    trackers = [EpochTracker(plan, data.schema) for plan in plans]
    each = zip(models, plans, trackers, training.weights_of_each(), strict=True)
    drivers = [
        CallbackDriver(
            model, plan.training.epochs, training.steps, callbacks_of(model, plan, tracker, weights)
        )
        for model, plan, tracker, weights in each
    ]
    training.run(drivers)
    notes = TrialNotes(engine="compiled", compiler=design.compiler, fused=str(len(plans)))
    seconds = {"train": (time.perf_counter() - started) / len(plans)}
    return [tracker.fitted(dict(seconds), notes) for tracker in trackers]
