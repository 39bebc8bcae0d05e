"""What models share that train by the same graphs."""

from pathlib import Path

import keras
import pytest
from keras.layers import (
    LSTM,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MultiHeadAttention,
    TimeDistributed,
)

import sparktune
from sparktune.spec import MlpSpec, TrainingSpec
from sparktune.training import build_model
from sparktune.training.compiling import compile_for_training
from sparktune.training.engine.structure import all_layers, fully_described, structure


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
    model = keras.Sequential([keras.Input((4,)), layer, Dense(1)])
    model.compile(loss="mean_squared_error")
    assert structure(model) is None


def kinds(layers):
    return sorted(type(layer).__name__ for layer in layers)


def public_layers(model):
    """The layers that Keras gives by its public attribute, those of nested models too."""
    return [inner for layer in getattr(model, "layers", ()) for inner in (layer, *public_layers(layer))]


def attention():
    rows = keras.Input((6, 4))
    mixed = MultiHeadAttention(2, 2, dropout=0.5)(rows, rows)
    return keras.Model(rows, Dense(1)(mixed))


def stack(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


MODELS = {  # each with the kinds of layers that its public `layers` do not have
    "mlp": (lambda: stack((4,), Dense(3), Dropout(0.1)), ["InputLayer", "Sequential"]),
    "cnn": (lambda: stack((8, 8, 1), Conv2D(3, 3), Flatten()), ["InputLayer", "Sequential"]),
    "lstm": (lambda: stack((6, 4), LSTM(3)), ["InputLayer", "LSTMCell", "Sequential"]),
    "bidirectional": (
        lambda: stack((6, 4), Bidirectional(LSTM(3))),
        ["InputLayer", "LSTM", "LSTM", "LSTMCell", "LSTMCell", "Sequential"],
    ),
    "wrapped": (
        lambda: stack((6, 4), TimeDistributed(Dense(3))),
        ["Dense", "InputLayer", "Sequential"],
    ),
    "nested": (
        lambda: stack((4,), stack((4,), Dense(3), Dropout(0.1)), Dense(1)),
        ["InputLayer", "InputLayer", "Sequential"],
    ),
    "attention": (attention, ["Dropout", *["EinsumDense"] * 4, "Functional", "Softmax"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_all_layers_are_keras_public_ones_and_those_inside_others(name):
    build, inside = MODELS[name]
    model = build()
    layers, public = all_layers(model), public_layers(model)
    assert layers[0] is model
    assert len({id(layer) for layer in layers}) == len(layers)
    assert {id(layer) for layer in public} < {id(layer) for layer in layers}
    assert kinds(set(layers) - set(public)) == inside


def test_keras_private_list_of_layers_is_used_in_one_place():
    package = Path(sparktune.__file__).parent
    assert [p.name for p in package.rglob("*.py") if "_flatten_layers" in p.read_text()] == ["structure.py"]


def test_a_loss_of_ours_is_fully_described():
    from sparktune.training.losses import RootMeanSquaredError

    assert fully_described(keras.saving.serialize_keras_object(RootMeanSquaredError()))
    assert not fully_described({"class_name": "Loss", "module": "package.module", "config": {}})
