"""What is kept, reported and stopped after each epoch; all without a model."""

import math

import numpy as np
import pytest

from sparktune.spec import TrainingSpec
from sparktune.training import Objective, Plan
from sparktune.training.progress import EpochTracker
from sparktune.trial import Decision

GOOD = Objective("val_accuracy", "maximize")
SMALL = Objective("val_loss", "minimize")


@pytest.fixture
def run(schema_of):
    """Feeds a list of objective values, one an epoch; returns what was kept and the reports made."""

    def feed(values, objective=GOOD, answers=None, broken=None, **training):
        reports = []

        def report(made):
            reports.append(made)
            return Decision.STOP if answers == made.epoch else Decision.CONTINUE

        plan = Plan(7, 0, TrainingSpec(epochs=len(values), **training), objective)
        progress = EpochTracker(plan, schema_of((2,)), report)
        for epoch, value in enumerate(values, 1):
            logs = {"loss": 0.5, "accuracy": 0.5, "val_loss": 0.5, "val_accuracy": 0.5, "learning_rate": 1.0}
            kept = [np.array(math.nan if epoch == broken else epoch)]
            if progress.epoch_ended({**logs, objective.metric: value}, kept.copy):
                break
        return progress.fitted({}), reports

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


def test_every_epoch_is_reported(run):
    _, reports = run([0.1, 0.2])
    assert [(r.trial, r.epoch, r.metrics["val_accuracy"]) for r in reports] == [(7, 1, 0.1), (7, 2, 0.2)]
    assert "learning_rate" not in reports[0].metrics


def test_stop_ends_with_the_best_so_far(run):
    fitted, reports = run([0.3, 0.2, 0.9], answers=2)
    assert len(reports) == 2 and fitted.best_epoch == 1
    assert fitted.notes["stopped"] == "by the study after epoch 2"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["loss", "val_loss", "val_accuracy"])
def test_no_finite_number_ends_it(run, bad, name):
    fitted, reports = run([0.5, bad, 0.9], Objective(name, "minimize"))
    assert len(reports) == 2 and fitted.best_epoch == 1
    assert f"{name} is {bad} in epoch 2" in fitted.notes["stopped"]


def test_weights_that_are_no_numbers_end_it(run):
    fitted, reports = run([0.5, 0.6, 0.7], broken=2)
    assert len(reports) == 2 and fitted.best_epoch == 1
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
    fitted, reports = run([0.5, 0.4, 0.6, 0.5, 0.6, 0.5, 0.5], early_stopping=rule)
    assert (len(reports), fitted.best_epoch) == (epochs, best)
    assert ("stopped" in fitted.notes) == (epochs < 7)


def test_another_metric_is_watched_in_its_own_direction(run):
    fitted, reports = run([0.5, 0.6, 0.7, 0.8], early_stopping={"patience": 2, "monitor": "loss"})
    assert len(reports) == 3 and fitted.best_epoch == 3
