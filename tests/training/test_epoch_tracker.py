"""What is kept and stopped after each epoch; all without a model."""

import math

import numpy as np
import pytest

from sparktune.spec import TrainingSpec
from sparktune.training import Objective, Plan
from sparktune.training.epoch_tracker import EpochTracker
from sparktune.trial import TrialNotes

GOOD = Objective("val_accuracy", "maximize")
SMALL = Objective("val_loss", "minimize")


@pytest.fixture
def run(schema_of):
    """Feeds a list of objective values, one an epoch; returns what was kept and the number of epochs."""

    def feed(values, objective=GOOD, broken=None, **training):
        plan = Plan(7, 0, TrainingSpec(epochs=len(values), **training), objective)
        tracker = EpochTracker(plan, schema_of((2,)))
        for epoch, value in enumerate(values, 1):
            logs = {"loss": 0.5, "accuracy": 0.5, "val_loss": 0.5, "val_accuracy": 0.5, "learning_rate": 1.0}
            kept = [np.array(math.nan if epoch == broken else epoch)]
            if tracker.epoch_ended({**logs, objective.metric: value}, kept.copy):
                break
        fitted = tracker.fitted({}, TrialNotes())
        return fitted, len(fitted.history["loss"])

    return feed


@pytest.mark.parametrize(
    ("values", "objective", "best"),
    [
        ([0.1, 0.9, 0.3], GOOD, 2),
        ([0.1, 0.9, 0.3], SMALL, 1),
        ([0.4, 0.7, 0.7], GOOD, 2),
        ([3.0, 2.0, 2.0], SMALL, 2),
    ],
)
def test_the_earliest_best_epoch_is_kept(run, values, objective, best):
    fitted, _ = run(values, objective)
    assert fitted.best_epoch == best and fitted.best_weights[0] == best
    assert fitted.history[objective.metric] == values
    assert list(fitted.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["loss", "val_loss", "val_accuracy"])
def test_no_finite_number_ends_it(run, bad, name):
    fitted, epochs = run([0.5, bad, 0.9], Objective(name, "minimize"))
    assert epochs == 2 and fitted.best_epoch == 1
    assert f"{name} is {bad} in epoch 2" in fitted.notes.stopped


def test_weights_that_are_no_numbers_end_it(run):
    fitted, epochs = run([0.5, 0.6, 0.7], broken=2)
    assert epochs == 2 and fitted.best_epoch == 1
    assert fitted.diverged == "a weight is not a finite number after epoch 2"


@pytest.mark.parametrize(
    ("rule", "epochs", "best"),
    [
        ({"patience": 2}, 5, 3),
        ({"patience": 1}, 2, 1),
        ({"patience": 0}, 2, 1),
        ({"patience": 2, "min_delta": 0.25}, 3, 3),
        ({"patience": 2, "restore_best": False}, 5, 5),
        ({"patience": 6}, 7, 3),
    ],
)
def test_early_stopping(run, rule, epochs, best):
    fitted, ran = run([0.5, 0.4, 0.6, 0.5, 0.6, 0.5, 0.5], early_stopping=rule)
    assert (ran, fitted.best_epoch) == (epochs, best)
    assert (fitted.notes.stopped is not None) == (epochs < 7)


def test_another_metric_is_watched_in_its_own_direction(run):
    fitted, epochs = run([0.5, 0.6, 0.7, 0.8], early_stopping={"patience": 2, "monitor": "loss"})
    assert epochs == 3 and fitted.best_epoch == 3
