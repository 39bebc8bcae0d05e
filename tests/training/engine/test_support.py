"""Which models and callbacks train in compiled epochs, and why others do not."""

import keras
import pytest

from sparktune.training.engine.support import obstacle


def compiled(*layers, loss="mean_squared_error", optimizer="sgd", **options):
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
    model.compile(loss=loss, optimizer=optimizer, **options)
    return model


class Counting(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pass


class OfBatches(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        pass


def own_loss(y, guess):
    return keras.ops.mean(keras.ops.abs(y - guess))


def test_nothing_stands_in_the_way_of_the_usual():
    callbacks = [Counting(), keras.callbacks.ReduceLROnPlateau(), keras.callbacks.CSVLogger("log.csv")]
    assert obstacle(compiled(), callbacks) is None


def test_lambda_callbacks_count_by_what_they_are_given():
    per_epoch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    per_batch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    assert obstacle(compiled(), [per_epoch]) is None
    assert obstacle(compiled(), [per_batch]) == "callback LambdaCallback has on_train_batch_end"


def nothing_to_train():
    model = compiled()
    model.trainable = False
    return model


@pytest.mark.parametrize(
    ("build", "callbacks", "reason"),
    [
        (lambda: compiled(loss=own_loss), [], "the loss or a metric is not Keras' own"),
        (lambda: compiled(metrics=[own_loss]), [], "the loss or a metric is not Keras' own"),
        (lambda: compiled(optimizer="ftrl"), [], "optimizer Ftrl has no fused kernel"),
        (
            lambda: compiled(optimizer=keras.optimizers.SGD(use_ema=True)),
            [],
            "the optimizer has use_ema",
        ),
        (lambda: compiled(run_eagerly=True), [], "the model runs eagerly"),
        (nothing_to_train, [], "the model has nothing to train"),
        (compiled, [OfBatches()], "callback OfBatches has on_batch_end"),
    ],
)
def test_what_stands_in_the_way_is_said(build, callbacks, reason):
    assert obstacle(build(), callbacks) == reason
