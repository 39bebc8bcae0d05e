"""What is known of a trial after each epoch, and whether training goes on: shared by every way to train."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.spec import TrainingSpec
from sparktune.spec.objective import direction_of
from sparktune.summary import Objective
from sparktune.training.checkpoint import Checkpoint
from sparktune.training.objective import produced
from sparktune.trial import TrialNotes, better

Weights = list[np.ndarray]


@final
@dataclass(frozen=True)
class Plan:
    """How one trial is trained.

    `training` has the trial's parameters in it, `objective` picks the best epoch; `validated` says whether
    there are validation rows. `directory` is the study's own, by its name on this host.
    """

    trial: int
    seed: int
    training: TrainingSpec
    objective: Objective
    validated: bool = True
    directory: Path = Path()


@final
@dataclass(frozen=True)
class Fitted:
    """What training gave.

    `history` holds one list per metric, a value per epoch. `best_epoch` counts from 1 and `best_weights` are
    in the order of `model.get_weights()`; both are None where no epoch had finite numbers. `diverged` says
    what was not finite in the last epoch. `timings` are seconds by phase. `paused`: epochs are left, and
    training goes on from `checkpoint`, where one could be made.
    """

    history: dict[str, list[float]]
    best_epoch: int | None
    best_weights: Weights | None = field(repr=False)
    diverged: str | None = None
    timings: dict[str, float] = field(default_factory=dict)
    notes: TrialNotes = field(default_factory=TrialNotes)
    paused: bool = False
    checkpoint: Checkpoint | None = field(default=None, repr=False)


@final
@dataclass(frozen=True)
class TrackerState:
    """What a tracker knows between two epochs.

    `best_weights` is None where no epoch was good, and where the best epoch is the last one: the model has
    them. `watched_best` and `epochs_without` are early stopping's.
    """

    history: dict[str, list[float]]
    best_epoch: int | None
    best_value: float | None
    best_weights: Weights | None
    watched_best: float | None
    epochs_without: int


@final
class EarlyStop:
    """Counts epochs without improvement of the watched metric, as Keras' EarlyStopping does."""

    def __init__(self, metric: str, direction: str, patience: int, min_delta: float) -> None:
        self.metric, self.direction = metric, direction
        self._patience = max(patience, 1)
        self._margin = min_delta if direction == "maximize" else -min_delta
        self.best: float | None = None
        self.epochs_without = 0

    @classmethod
    def of(cls, plan: Plan) -> "EarlyStop | None":
        """The rule of a plan, None where it has none; watches the objective unless it names a metric."""
        rule = plan.training.early_stopping
        if rule is None:
            return None
        if rule.monitor in (None, plan.objective.metric):
            return cls(plan.objective.metric, plan.objective.direction, rule.patience, rule.min_delta)
        return cls(str(rule.monitor), direction_of(str(rule.monitor)), rule.patience, rule.min_delta)

    def ends(self, value: float) -> bool:
        """Whether training should end after an epoch with this value."""
        if self.best is None or better(self.direction, value - self._margin, self.best):
            self.best, self.epochs_without = value, 0
            return False
        self.epochs_without += 1
        return self.epochs_without >= self._patience


@final
class EpochTracker:
    """Keeps history and best weights of one trial, and says when to stop.

    The best epoch is the earliest with the best objective; with `early_stopping.restore_best: false` it is
    the last one.
    """

    def __init__(self, plan: Plan, schema: Schema) -> None:
        rule = plan.training.early_stopping
        self._plan = plan
        self._early_stop = EarlyStop.of(plan)
        self._keep_last = rule is not None and not rule.restore_best
        names = produced(plan.training, schema, plan.validated)
        self._history: dict[str, list[float]] = {name: [] for name in names}
        self._best: tuple[int, float, Weights] | None = None
        self._diverged: str | None = None
        self._stopped: str | None = None

    def epoch_ended(self, logs: dict[str, float], weights: Callable[[], Weights]) -> bool:
        """Take in an epoch's metrics; `weights` is called to keep them. True ends the training."""
        metrics = {name: float(logs[name]) for name in self._history}
        for name, value in metrics.items():
            self._history[name].append(value)
        self._diverged = self._not_finite()
        if self._diverged is None:
            self._keep(metrics[self._plan.objective.metric], weights)
        rule, epoch = self._early_stop, self._epoch
        if self._diverged is not None:
            self._stopped = f"diverged: {self._diverged}"
        elif rule is not None and rule.ends(metrics[rule.metric]) and epoch < self._plan.training.epochs:
            self._stopped = f"early: {rule.metric} no longer improved at epoch {epoch}"
        return self._stopped is not None

    def fitted(self, timings: dict[str, float], notes: TrialNotes) -> Fitted:
        """What training has given so far; `notes` say how it was done."""
        epoch, _, weights = self._best or (None, None, None)
        ended = notes.updated(TrialNotes(stopped=self._stopped))
        return Fitted(self._history, epoch, weights, self._diverged, timings, ended)

    def state(self) -> TrackerState:
        """What is known now, to go on from later."""
        epoch, value, weights = self._best or (None, None, None)
        rule = self._early_stop
        return TrackerState(
            history=self._history,
            best_epoch=epoch,
            best_value=value,
            best_weights=None if epoch == self._epoch else weights,
            watched_best=rule.best if rule else None,
            epochs_without=rule.epochs_without if rule else 0,
        )

    def restore(self, state: TrackerState, weights: Callable[[], Weights]) -> None:
        """Go on from a state; `weights` gives those of its last epoch."""
        self._history = {name: [*state.history[name]] for name in self._history}
        if state.best_epoch is not None and state.best_value is not None:
            kept = weights() if state.best_weights is None else state.best_weights
            self._best = (state.best_epoch, state.best_value, kept)
        if self._early_stop is not None:
            self._early_stop.best = state.watched_best
            self._early_stop.epochs_without = state.epochs_without

    @property
    def _epoch(self) -> int:
        return len(self._history["loss"])

    def _keep(self, value: float, weights: Callable[[], Weights]) -> None:
        known = self._best[1] if self._best else None
        if not (self._keep_last or better(self._plan.objective.direction, value, known)):
            return
        kept = weights()
        if all(np.isfinite(weight).all() for weight in kept):
            self._best = (self._epoch, value, kept)
        else:
            self._diverged = f"a weight is not a finite number after epoch {self._epoch}"

    def _not_finite(self) -> str | None:
        """What in the last epoch is not a finite number; None while all is well.

        The losses count beside the objectives, for accuracy stays finite where every output is NaN.
        """
        for name in dict.fromkeys(("loss", "val_loss", *(o.metric for o in self._plan.objective.all))):
            if name in self._history and not math.isfinite(self._history[name][-1]):
                return f"{name} is {self._history[name][-1]} in epoch {self._epoch}"
        return None
