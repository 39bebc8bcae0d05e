"""What models share that train by the same graphs."""

import keras
import pytest

from sparktune.spec import MlpSpec, TrainingSpec
from sparktune.training import build_model
from sparktune.training.compiling import compile_for_training
from sparktune.training.engine.structure import fully_described, structure


@pytest.fixture
def structure_of(schema_of):
    def build(training=None, **model):
        net = build_model(MlpSpec(**{"neurons": 3, **model}), schema_of((4,)))
        compile_for_training(net, TrainingSpec(**(training or {})), schema_of((4,)), 10)
        return structure(net)

    return build


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"dropout": 0.1}, {"dropout": 0.2}),
        ({"l1": 0.1, "l2": 0.3}, {"l1": 0.2, "l2": 0.1}),
        ({}, {"initializer": "he_normal"}),
        ({}, {"training": {"learning_rate": 0.5, "optimizer": "sgd"}}),
    ],
)
def test_numbers_names_and_how_weights_begin_do_not_count(structure_of, one, other):
    assert structure_of(**one) == structure_of(**other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"neurons": 4}),
        ({}, {"dropout": 0.1}),
        ({"l1": 0.1}, {"l2": 0.1}),
        ({}, {"activation": "tanh"}),
        ({}, {"training": {"metrics": []}}),
        ({}, {"training": {"weighted_metrics": ["accuracy"]}}),
    ],
)
def test_layers_metrics_and_what_is_zero_count(structure_of, one, other):
    assert structure_of(**one) != structure_of(**other)


@keras.saving.register_keras_serializable(package="structure")
class Own(keras.layers.Layer):
    def call(self, x):
        return x


@pytest.mark.parametrize("layer", [Own(), keras.layers.Normalization()], ids=["own", "opaque"])
def test_a_model_that_is_more_than_its_description_has_none(layer):
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(1)])
    model.compile(loss="mean_squared_error")
    assert structure(model) is None


def test_a_loss_of_ours_is_fully_described():
    from sparktune.training.losses import RootMeanSquaredError

    assert fully_described(keras.saving.serialize_keras_object(RootMeanSquaredError()))
    assert not fully_described({"class_name": "Loss", "module": "package.module", "config": {}})
