"""What a trial ended with: from trained weights, or from an error, to its result."""

import socket
import traceback
from typing import TYPE_CHECKING, Any

from sparktune.summary import Objective
from sparktune.training.progress import Fitted
from sparktune.training.saving import keras_bytes
from sparktune.trial import Trial, TrialResult, TrialState, better

if TYPE_CHECKING:
    import keras

Outcome = dict[str, Any]  # fields of a TrialResult
WAY_OUT = "lower learning_rate, set training.clip_norm, or scale the data (data.scale)"


def outcome_of(trial: Trial, objective: Objective, model: "keras.Model", fitted: Fitted) -> Outcome:
    """DIVERGED, or COMPLETE with the model's bytes if its value is not worse than the trial's threshold."""
    known = {"history": fitted.history, "notes": fitted.notes}
    if fitted.diverged is not None:
        return {
            "state": TrialState.DIVERGED,
            "error": f"{fitted.diverged}; {WAY_OUT}",
            "model": None,
            **known,
        }
    if fitted.best_epoch is None or fitted.best_weights is None:
        raise RuntimeError("training ended without an epoch")
    value = fitted.history[objective.metric][fitted.best_epoch - 1]
    wanted = trial.threshold is None or not better(objective.direction, trial.threshold, value)
    return {
        "state": TrialState.COMPLETE,
        "value": value,
        "epoch": fitted.best_epoch,
        "model": keras_bytes(model, fitted.best_weights) if wanted else None,
        **known,
    }


def failure() -> Outcome:
    """FAILED with the traceback of the error that is being handled."""
    return {"state": TrialState.FAILED, "error": traceback.format_exc()}


def result_of(trial: Trial, outcome: Outcome, timings: dict[str, float]) -> TrialResult:
    """The result of an attempt on this host."""
    return TrialResult(
        trial=trial.number,
        params=trial.params,
        attempt=trial.attempt,
        host=socket.gethostname(),
        timings=timings,
        **outcome,
    )
