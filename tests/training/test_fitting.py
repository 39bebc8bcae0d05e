"""The narrow function: a compiled model in; history and best weights out."""

from dataclasses import replace

import numpy as np
import pytest

from sparktune.data.dataset import Rows
from sparktune.spec import MlpSpec, TrainingSpec
from sparktune.training import Objective, Plan, build_model, fit
from sparktune.training.compiling import compile_for_training


@pytest.fixture
def fitted(blobs):
    """Trains a small model on the blobs, or on other rows; returns what training gave, and the model."""
    import keras

    def train(data=blobs, objective=("val_accuracy", "maximize"), **training):
        keras.utils.set_random_seed(1)
        spec = TrainingSpec(**{"epochs": 2, **training})
        model = build_model(MlpSpec(neurons=4), data.schema)
        compile_for_training(model, spec, data.schema, len(data.train))
        plan = Plan(2, 1, spec, Objective(*objective))
        return fit(model, plan, data), model

    return train


def test_every_metric_has_a_value_an_epoch(fitted):
    outcome, _ = fitted()
    assert {name: len(values) for name, values in outcome.history.items()} == dict.fromkeys(
        ("loss", "accuracy", "val_loss", "val_accuracy"), 2
    )
    assert outcome.timings["train"] > 0


def test_users_callbacks_run_and_may_stop(fitted, user_module):
    custom = {"kind": "custom", "callback": f"{user_module}:Touch", "params": {"stop_at": 2}}
    outcome, _ = fitted(epochs=9, callbacks=[custom])
    assert len(outcome.history["loss"]) == 2


def test_files_are_named_by_trial(fitted, tmp_path):
    import tensorflow as tf

    folder = str(tmp_path / "logs")
    outcome, _ = fitted(
        callbacks=[{"kind": "csv", "directory": folder}, {"kind": "tensorboard", "directory": folder}]
    )
    header, *lines = (tmp_path / "logs" / "trial-2.csv").read_text().splitlines()
    assert "val_accuracy" in header and len(lines) == 2
    (file,) = (tmp_path / "logs" / "trial-2" / "validation").iterdir()
    first, *events = [tf.compat.v1.Event.FromString(e.numpy()) for e in tf.data.TFRecordDataset(str(file))]
    assert first.file_version == "brain.Event:2"
    values = {(v.tag, e.step): v.simple_value for e in events for v in e.summary.value}
    assert values["epoch_loss", 1] == pytest.approx(outcome.history["val_loss"][1])


def test_a_plateau_lowers_the_learning_rate(fitted):
    plateau = {"kind": "reduce_on_plateau", "patience": 1, "factor": 0.5, "monitor": "val_accuracy"}
    _, model = fitted(epochs=4, learning_rate=1e-9, callbacks=[plateau])
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(1e-9 / 8)


def test_row_weights_decide_what_is_learned(fitted, blobs):
    """Rows of weight zero might as well not be there: their labels are wrong and do no harm."""
    y = blobs.train.y.copy()
    y[:90] = (y[:90] + 1) % 3  # half of the rows
    weight = np.where(np.arange(180) < 90, 0, 1).astype(np.float32)
    trusting = fitted(replace(blobs, train=Rows(blobs.train.x, y)), epochs=20, learning_rate=0.03)[0]
    told = fitted(replace(blobs, train=Rows(blobs.train.x, y, weight)), epochs=20, learning_rate=0.03)[0]
    assert max(told.history["val_accuracy"]) > 0.85
    assert min(told.history["val_loss"]) < min(trusting.history["val_loss"]) - 0.1


def test_class_weights_shift_predictions(fitted, blobs):
    _, model = fitted(epochs=5, learning_rate=0.02, class_weight={"1": 200.0})
    guesses = np.bincount(model.predict(blobs.validation.x, verbose=0).argmax(1), minlength=3)
    assert guesses[1] > 25


def test_weighted_validation_counts_in_its_loss(fitted, blobs):
    light = Rows(blobs.validation.x, blobs.validation.y, np.full(60, 0.5, np.float32))
    plain, halved = fitted()[0].history, fitted(replace(blobs, validation=light))[0].history
    assert halved["val_accuracy"] == plain["val_accuracy"] and len(halved["val_loss"]) == 2
    assert halved["loss"] == plain["loss"]


def test_integer_inputs_train_as_they_are(fitted, blobs):
    data = replace(
        blobs,
        train=Rows(blobs.train.x.clip(0, 255).astype(np.uint8), blobs.train.y),
        validation=Rows(blobs.validation.x.clip(0, 255).astype(np.uint8), blobs.validation.y),
    )
    assert fitted(data, epochs=10, learning_rate=0.03)[0].history["val_accuracy"][-1] > 0.85
