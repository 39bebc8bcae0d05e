"""Optimizers carry what the spec says, and Keras' defaults where it says nothing."""

import keras
import pytest

from sparktune.spec import TrainingSpec
from sparktune.training import build_optimizer


@pytest.mark.parametrize(
    ("name", "kind", "rate"),
    [
        ("sgd", "SGD", 0.01),
        ("momentum", "SGD", 0.01),
        ("nesterov", "SGD", 0.01),
        ("adagrad", "Adagrad", 0.001),
        ("rmsprop", "RMSprop", 0.001),
        ("adam", "Adam", 0.001),
        ("adamw", "AdamW", 0.001),
    ],
)
def test_every_optimizer_with_keras_defaults(name, kind, rate):
    made = build_optimizer(TrainingSpec(optimizer=name), 10)
    default = getattr(keras.optimizers, kind)()
    assert type(made).__name__ == kind
    assert float(made.learning_rate.numpy()) == pytest.approx(rate)
    assert made.weight_decay == default.weight_decay and made.clipnorm is None
    assert (
        float(build_optimizer(TrainingSpec(optimizer=name, learning_rate=0.5), 10).learning_rate.numpy())
        == 0.5
    )


@pytest.mark.parametrize(
    ("name", "momentum", "nesterov"), [("sgd", 0, False), ("momentum", 0.8, False), ("nesterov", 0.8, True)]
)
def test_momentum_belongs_to_two_of_them(name, momentum, nesterov):
    made = build_optimizer(TrainingSpec(optimizer=name, momentum=0.8), 10)
    assert (made.momentum, made.nesterov) == (momentum, nesterov)


def test_clipping_and_decay():
    made = build_optimizer(TrainingSpec(clip_norm=1.5, weight_decay=0.0), 10)
    assert (made.clipnorm, made.clipvalue, made.weight_decay) == (1.5, None, 0.0)
    assert build_optimizer(TrainingSpec(clip_value=0.5), 10).clipvalue == 0.5


def test_cosine_ends_with_the_last_step():
    schedule = {"kind": "cosine", "alpha": 0.1}
    made = build_optimizer(TrainingSpec(learning_rate=2.0, epochs=4, schedule=schedule), 10)
    rates = [float(made._learning_rate(step)) for step in (0, 20, 40, 60)]
    assert rates == pytest.approx([2.0, 1.1, 0.2, 0.2])


def test_exponential_counts_epochs_and_starts_at_the_default():
    schedule = {"kind": "exponential", "rate": 0.5, "epochs": 2}
    made = build_optimizer(TrainingSpec(schedule=schedule), 10)
    assert [float(made._learning_rate(step)) for step in (0, 20, 40)] == pytest.approx(
        [0.001, 0.0005, 0.00025]
    )
