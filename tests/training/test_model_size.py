"""The numbers of parameters are those of Keras."""

from typing import Any

import pytest

from sparktune.columns.schema import Feature, Schema
from sparktune.spec import parse_spec
from sparktune.training.kinds.base import build_model
from sparktune.training.model_size import count_parameters


def schema_of(*shape: int) -> Schema:
    return Schema(
        features=(Feature(name="x", shape=shape),),
        input_shape=shape,
        task="classes",
        classes=(0, 1, 2),
        outputs=3,
    )


def pretrained(params: dict[str, Any], input_shape: tuple[int, ...], outputs: int) -> Any:
    """A builder that computes with its weights, which it cannot without having them."""
    import keras
    import numpy as np

    layer = keras.layers.Dense(outputs, activation="softmax")
    model = keras.Sequential([keras.Input(input_shape), layer])
    layer.set_weights([np.ones_like(weight) for weight in layer.get_weights()])
    return model


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ({"kind": "linear"}, (5,)),
        ({"kind": "mlp", "hidden": [10, 5], "batch_norm": True, "dropout": 0.2}, (8,)),
        ({"kind": "cnn", "filters": [4, 8]}, (28, 28)),
        ({"kind": "rnn", "cell": "gru", "bidirectional": True, "vocabulary": 50}, (12,)),
        ({"kind": "builder", "builder": f"{__name__}:pretrained"}, (4,)),
    ],
)
def test_the_count_is_that_of_keras(model: dict[str, Any], shape: tuple[int, ...]) -> None:
    spec, schema = parse_spec({"model": model}), schema_of(*shape)
    assert count_parameters({}, spec, schema) == build_model(spec.model, schema).count_params()


def test_a_model_beyond_memory_is_counted_and_one_that_cannot_be_built_is_not() -> None:
    import keras

    spec = parse_spec({"model": {"kind": "mlp", "neurons": 90_000, "layers": 2}})
    assert count_parameters({}, spec, schema_of(4)) == 90_000 * 4 + 90_000 + 90_000 * 90_001 + 3 * 90_001
    assert count_parameters({}, parse_spec({"model": {"kind": "cnn"}}), schema_of(4)) is None
    with keras.StatelessScope():
        pass  # its end would make what was counted
