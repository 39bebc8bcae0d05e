import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.engine.metrics import Metrics

KINDS = (keras.metrics.BinaryAccuracy, keras.metrics.AUC, keras.metrics.Precision)


def compiled(kinds: tuple[type[keras.metrics.Metric], ...]) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(loss="binary_crossentropy", metrics=[kind(name=kind.__name__) for kind in kinds])
    return model


@pytest.mark.parametrize("kinds", [KINDS, ()])
def test_blocks_of_rows_add_up_to_what_keras_says_of_all(kinds: tuple[type[keras.metrics.Metric], ...]):
    random = np.random.default_rng(0)
    output, y = random.random((10, 1), np.float32), random.integers(0, 2, (10, 1)).astype(np.float32)
    model = compiled(kinds)
    metrics = Metrics(model)
    state = metrics.start(y)
    for rows in (slice(0, 4), slice(4, 9), slice(9, 10)):
        state = metrics.add(state, tf.constant(output[rows]), tf.constant(y[rows]))
    found = {name: float(value) for name, value in metrics.results(state).items()}
    expected = model.compute_metrics(None, y, output)
    assert found.keys() == expected.keys() - {"loss"}
    assert found == pytest.approx({name: float(expected[name]) for name in found})


def test_the_metrics_of_the_model_stay_as_they_are():
    model = compiled(KINDS)
    metrics = Metrics(model)
    metrics.add(metrics.start(np.ones((2, 1))), tf.ones((2, 1)), tf.ones((2, 1)))
    assert not any(np.any(variable.numpy()) for variable in model.metrics_variables)
