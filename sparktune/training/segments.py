"""Some epochs of a trial: training goes on where an earlier segment ended, and ends where the next begins."""

import random
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from inspect import isroutine
from typing import Any, final

import keras
import numpy as np

from sparktune.columns.schema import Schema
from sparktune.errors import CheckpointError
from sparktune.spec.training import CustomCallback, ReduceOnPlateau
from sparktune.training.checkpoint import Arrays, Checkpoint, Tree, plain_state
from sparktune.training.epoch_tracker import EpochTracker, Fitted, Plan, TrackerState
from sparktune.training.hidden_state import hidden_state, hidden_state_of_goals
from sparktune.training.layer_values import (
    numbers_of,
    owners_of_numbers,
    set_numbers,
    set_trainable,
    trainable_flags,
)
from sparktune.trial import TrialNotes

PLATEAU = ("best", "wait", "cooldown_counter")  # what Keras' ReduceLROnPlateau counts
HISTORY_ROW = 1024  # bytes at most of an epoch in Keras' own History, which is called after us
NOT_STATE = ("_model", "params", "validation_data")  # what Keras sets anew


@final
@dataclass(frozen=True)
class SegmentBounds:
    """Where a segment ends: after epoch `end`, or at the first epoch's end after so many `seconds`.

    Without a bound it ends with its trial. `largest` is how many bytes a checkpoint may have; None: any.
    """

    end: int | None = None
    seconds: float | None = None
    largest: int | None = None


@final
class SegmentTraining:
    """The epochs of one segment, seen from the callbacks of the model that trains.

    Args:
        callbacks: the user's, in the order of `plan.training.callbacks`.
        bounds: where the segment ends.
        checkpoint: what it goes on from; None: it begins its trial.
        schema: that of the data.
    """

    def __init__(
        self,
        model: keras.Model,
        plan: Plan,
        tracker: EpochTracker,
        callbacks: Sequence[Any],
        bounds: SegmentBounds,
        checkpoint: Checkpoint | None,
        schema: Schema,
    ) -> None:
        self._model, self._plan, self._tracker, self._schema = model, plan, tracker, schema
        self._callbacks, self._bounds, self._resumed = callbacks, bounds, checkpoint
        self._deadline = None if bounds.seconds is None else time.monotonic() + bounds.seconds
        self._trainable: list[bool] | None = None
        self._numbers: list[Tree] = []
        self._epochs = 0
        self._paused = False
        self._refusal: str | None = None
        self._checkpoint: Checkpoint | None = None

    @property
    def callbacks(self) -> list[Any]:
        """The user's callbacks between two of ours.

        The first one puts back the state after all `on_train_begin`, and takes it before any `on_train_end`.
        The last one gives the model what its graphs were traced with in the trial's first epoch, and says
        after each epoch whether training goes on.
        """
        before = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self._restore_checkpoint(),
            on_epoch_end=lambda epoch, logs: self._note_traced_values(),
            on_train_end=lambda logs: self._take_checkpoint(),
        )
        after = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self._restore_traced_values(),
            on_epoch_end=self._conclude_epoch,
        )
        return [before, *self._callbacks, after]

    def fitted(self, timings: dict[str, float], notes: TrialNotes) -> Fitted:
        """What training has given so far; `notes` say how it was done."""
        if self._refusal is not None:
            notes = notes.updated(TrialNotes(checkpoint=f"none: {self._refusal}"))
        fitted = self._tracker.fitted(timings, notes)
        checkpoint = self._checkpoint and replace(self._checkpoint, compiler=notes.compiler)
        return replace(fitted, paused=self._paused, checkpoint=checkpoint)

    def _restore_checkpoint(self) -> None:
        """Put everything back where it was, before the user's callbacks see the segment's first epoch.

        Raises:
            CheckpointError: it is that of another trial or model.
        """
        checkpoint, model, plan = self._resumed, self._model, self._plan
        if checkpoint is None:
            return
        if (checkpoint.seed, checkpoint.budget) != (plan.seed, plan.training.epochs):
            raise CheckpointError("the checkpoint is that of another trial")
        set_trainable(model, checkpoint.trainable)
        model.optimizer.build(model.trainable_variables)
        set_numbers(model.optimizer, checkpoint.settings)
        _assign(model.variables, checkpoint.variables)
        _assign(model.optimizer.variables, checkpoint.optimizer)
        self._tracker.restore(TrackerState(**checkpoint.tracker), model.get_weights)
        *states, history = checkpoint.callbacks
        for callback, state in zip(self._callbacks, states, strict=True):
            vars(callback).update(state)
        vars(model.history).update(history)
        random.setstate(checkpoint.random["python"])
        np.random.set_state(checkpoint.random["numpy"])

    def _restore_traced_values(self) -> None:
        """What the user's callbacks change in layers after the trial's first epoch has no effect."""
        resumed, self._resumed = self._resumed, None
        if resumed is None:
            return
        self._trainable, self._numbers = resumed.trainable, resumed.numbers
        set_trainable(self._model, resumed.trainable)
        owners = owners_of_numbers(self._model)
        # Compiled epochs take the optimizer's numbers in anew, Keras' `fit` does not.
        traced = owners if resumed.compiler is None else owners[:-1]
        for owner, numbers in zip(traced, resumed.numbers, strict=False):
            set_numbers(owner, numbers)

    def _note_traced_values(self) -> None:
        """Graphs are traced in the first epoch: what is trainable then counts for all, as numbers do."""
        if self._trainable is None:
            self._trainable = trainable_flags(self._model)
            if self._callbacks:  # nobody else changes them
                self._numbers = [numbers_of(owner) for owner in owners_of_numbers(self._model)]

    def _conclude_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        if self._tracker.epoch_ended(logs, self._model.get_weights):
            self._model.stop_training = True
        self._epochs = epoch + 1
        if not self._model.stop_training and self._epochs < self._plan.training.epochs and self._is_over():
            self._paused = self._model.stop_training = True

    def _is_over(self) -> bool:
        """Whether the segment ends here. One without a checkpoint would not get further another time."""
        at_end = self._epochs == self._bounds.end
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if at_end or late:
            self._refusal = self._reason_against_saving()
            self._deadline = None if self._refusal else self._deadline
        return at_end or (late and self._refusal is None)

    def _reason_against_saving(self) -> str | None:
        for callback, state in zip(self._callbacks, self._states(), strict=True):
            if not plain_state(state):
                return f"callback {type(callback).__name__} has attributes that are no plain values"
        size = self._present_checkpoint().size + HISTORY_ROW
        if self._bounds.largest is not None and size > self._bounds.largest:
            return (
                f"it may have {size} bytes, and output.checkpoint_limit is {self._bounds.largest}; raise "
                "it, or set output.checkpoints"
            )
        return hidden_state(self._model) or hidden_state_of_goals(self._plan.training, self._schema)

    def _take_checkpoint(self) -> None:
        if self._paused and self._refusal is None:
            self._checkpoint = self._present_checkpoint()

    def _present_checkpoint(self) -> Checkpoint:
        """The training as it is now, after an epoch at least."""
        model = self._model
        # What Keras' own History has seen, which callbacks may read.
        history = {"epoch": model.history.epoch, "history": model.history.history}
        return Checkpoint(
            seed=self._plan.seed,
            epochs=self._epochs,
            budget=self._plan.training.epochs,
            variables=[np.asarray(variable) for variable in model.variables],
            optimizer=[np.asarray(variable) for variable in model.optimizer.variables],
            trainable=self._trainable or [],
            numbers=self._numbers,
            settings=numbers_of(model.optimizer),
            tracker=vars(self._tracker.state()),
            callbacks=deepcopy([*self._states(), history]),  # before `on_train_end` changes them
            random={"python": random.getstate(), "numpy": np.random.get_state(legacy=False)},
        )

    def _states(self) -> list[Tree]:
        """The state of each callback of the study: of a custom one all attributes."""
        return [
            _attributes(callback, PLATEAU if isinstance(section, ReduceOnPlateau) else None)
            if isinstance(section, (ReduceOnPlateau, CustomCallback))
            else {}
            for section, callback in zip(self._plan.training.callbacks, self._callbacks, strict=True)
        ]


def _attributes(callback: Any, names: Sequence[str] | None) -> Tree:
    """These attributes of a callback; all that are not Keras' own by default."""
    if names is not None:
        return {name: getattr(callback, name) for name in names}
    return {
        name: value
        for name, value in vars(callback).items()
        if name not in NOT_STATE and not _is_function_of_keras(value)
    }


def _is_function_of_keras(value: Any) -> bool:
    """Whether a callback of Keras has chosen it, to compare metrics say, and will choose it again."""
    return isroutine(value) and str(value.__module__).startswith("keras.")


def _assign(variables: Sequence[Any], values: Arrays) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise CheckpointError("the checkpoint is that of another model")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
