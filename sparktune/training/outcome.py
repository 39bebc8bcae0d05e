"""How a trial ended: from trained weights, or from an error, to its result."""

import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any

from sparktune.summary import Objective
from sparktune.training.epoch_tracker import Fitted
from sparktune.training.saving import keras_bytes
from sparktune.trial import Trial, TrialResult, TrialState, better, state_after

if TYPE_CHECKING:
    import keras

WAY_OUT = "lower learning_rate, set training.clip_norm, or scale the data (data.scale)"


def trained(trial: Trial, objective: Objective, model: "keras.Model", fitted: Fitted) -> TrialResult:
    """DIVERGED, PAUSED, or COMPLETE with the model's bytes if its value is not worse than the threshold."""
    if fitted.paused:
        content = fitted.checkpoint.to_bytes() if fitted.checkpoint else None
        paused = {"history": fitted.history, "notes": fitted.notes, "checkpoint_bytes": content}
        return _result(trial, TrialState.PAUSED, **paused)
    if fitted.diverged is not None:
        error = f"{fitted.diverged}; {WAY_OUT}"
        return _result(trial, TrialState.DIVERGED, history=fitted.history, notes=fitted.notes, error=error)
    if fitted.best_epoch is None or fitted.best_weights is None:
        raise RuntimeError("training ended without an epoch")
    value = fitted.history[objective.metric][fitted.best_epoch - 1]
    wanted = trial.threshold is None or not better(objective.direction, trial.threshold, value)
    return _result(
        trial,
        TrialState.COMPLETE,
        value=value,
        epoch=fitted.best_epoch,
        history=fitted.history,
        notes=fitted.notes,
        model=keras_bytes(model, fitted.best_weights) if wanted else None,
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
