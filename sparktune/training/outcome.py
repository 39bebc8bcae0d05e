"""How a trial ended: from trained weights, or from an error, to its result."""

import socket
import sys
import traceback
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sparktune.pareto import dominates
from sparktune.summary import Objective
from sparktune.training.epoch_tracker import Fitted
from sparktune.training.saving import keras_bytes
from sparktune.trial import Number, Trial, TrialResult, TrialState, state_after

if TYPE_CHECKING:
    import keras

WAY_OUT = "lower learning_rate, set training.clip_norm, or scale the data (data.scale)"


def trained(trial: Trial, objective: Objective, model: "keras.Model", fitted: Fitted) -> TrialResult:
    """DIVERGED, PAUSED, or COMPLETE with the model's bytes if no trial of `trial.front` beats it."""
    if fitted.paused:
        content = fitted.checkpoint.to_bytes() if fitted.checkpoint else None
        paused = {"history": fitted.history, "notes": fitted.notes, "checkpoint_bytes": content}
        return _result(trial, TrialState.PAUSED, **paused)
    if fitted.diverged is not None:
        error = f"{fitted.diverged}; {WAY_OUT}"
        return _result(trial, TrialState.DIVERGED, history=fitted.history, notes=fitted.notes, error=error)
    if fitted.best_epoch is None or fitted.best_weights is None:
        raise RuntimeError("training ended without an epoch")
    at_best = {name: by_epoch[fitted.best_epoch - 1] for name, by_epoch in fitted.history.items()}
    file = cache(partial(keras_bytes, model, fitted.best_weights))
    costs: dict[str, Callable[[], Number]] = {
        "parameters": model.count_params,
        "seconds": lambda: fitted.timings.get("train", 0.0),  # of this segment: the ledger adds the others
        "bytes": lambda: len(file()),
    }
    names = [metric.metric for metric in objective.all]
    values = {name: costs[name]() if name in costs else at_best[name] for name in names}
    directions = [metric.direction for metric in objective.all]
    beaten = any(dominates(best, tuple(values.values()), directions) for best in trial.front)
    return _result(
        trial,
        TrialState.COMPLETE,
        value=values[objective.metric],
        values=values if objective.metrics else {},
        epoch=fitted.best_epoch,
        history=fitted.history,
        notes=fitted.notes,
        model=None if beaten else file(),
    )


def failed(trial: Trial) -> TrialResult:
    """FAILED or OUT_OF_MEMORY, with the traceback of the error that is being handled."""
    return _result(trial, state_after(sys.exception()), error=traceback.format_exc())


def _result(trial: Trial, state: TrialState, **fields: Any) -> TrialResult:
    return TrialResult(
        trial=trial.number,
        params=trial.params,
        state=state,
        attempt=trial.attempt,
        host=socket.gethostname(),
        **fields,
    )
