"""Several alike trials from their parameters to their results, trained as one vectorised computation."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
from sparktune.spec import LinearSpec, MlpSpec, StudySpec
from sparktune.training.device import configure_device
from sparktune.training.fit import fit_together
from sparktune.training.outcome import outcome_of, result_of
from sparktune.training.progress import Fitted, Plan
from sparktune.training.run import built, go_on
from sparktune.training.seeding import has_own_code, seeded
from sparktune.trial import OnReport, Trial, TrialResult

if TYPE_CHECKING:
    import keras

MOST = 16  # trials that are one by default, where the device has room for them


def fused_at_most(spec: StudySpec) -> int:
    """How many alike trials of a study may be trained as one."""
    if not isinstance(spec.model, MlpSpec | LinearSpec) or has_own_code(spec):
        return 1
    return spec.resources.fuse or (MOST if spec.resources.gpus else 1)


def run_batch(
    trials: Sequence[Trial], spec: StudySpec, data: Dataset, report: OnReport = go_on
) -> list[TrialResult] | None:
    """Train configurations that differ in scalars at once; None where they have to go one by one.

    Results are those of `run_trial` but for rounding. Of a trial's `timings` each is a share of the whole. A
    model comes home if no trial before it, nor the trial's threshold, is better.

    Raises:
        Exception: whatever one of them raises; alone, each would tell.
    """
    from sparktune.training.fused import fits_beside_others

    started = time.perf_counter()
    notes = configure_device(spec.resources.cpus)
    first = _built(trials[0], spec, data)
    if not fits_beside_others(first[0]):
        return None
    models, plans = zip(first, *(_built(trial, spec, data) for trial in trials[1:]), strict=True)
    build = (time.perf_counter() - started) / len(trials)
    fitted = fit_together(models, plans, data, report)
    if fitted is None:
        return None
    ends = [
        replace(end, notes={**notes, **end.notes}, timings={"build": build, **end.timings}) for end in fitted
    ]
    return _results(trials, models, plans, ends)


def _built(trial: Trial, spec: StudySpec, data: Dataset) -> "tuple[keras.Model, Plan]":
    with seeded(trial.seed, own_code=False):
        return built(trial, spec, data)


def _results(
    trials: Sequence[Trial], models: "Sequence[keras.Model]", plans: Sequence[Plan], ends: Sequence[Fitted]
) -> list[TrialResult]:
    results, best = [], trials[0].threshold
    for trial, model, plan, end in zip(trials, models, plans, ends, strict=True):
        started = time.perf_counter()
        outcome = outcome_of(replace(trial, threshold=best), plan.objective, model, end)
        timings = {**end.timings, "save": time.perf_counter() - started}
        results.append(result_of(trial, outcome, timings))
        if outcome["model"] is not None:
            best = outcome["value"]
    return results
