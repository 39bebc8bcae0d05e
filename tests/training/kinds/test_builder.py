"""A user's own model behind the input that every model has."""

import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.spec import BuilderSpec
from sparktune.training import build_model


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


def test_scaled_inputs_reach_the_users_model(schema_of, user_module):
    plain = build_model(BuilderSpec(builder=f"{user_module}:good"), schema_of((6,)))
    assert layers(plain) == ["Dense", "Doubled", "Dense"]
    scaled = build_model(
        BuilderSpec(builder=f"{user_module}:good", params={"units": 9}),
        schema_of((6,), scaling=Scaling(offset=(1.0,), scale=(2.0,))),
    )
    assert layers(scaled) == ["InputLayer", "Rescaling", "Rescaling", "Sequential"]
    x = np.full((1, 6), 5, np.float32)
    np.testing.assert_allclose(scaled(x), scaled.layers[-1]((x - 1) / 2), rtol=1e-6)


@pytest.mark.parametrize("function", ["free", "unbuilt"])
def test_models_without_a_known_input_get_one(schema_of, user_module, function):
    model = build_model(BuilderSpec(builder=f"{user_module}:{function}"), schema_of((6,)))
    assert model.input_shape == (None, 6) and model.output_shape == (None, 3)


def test_searched_names_are_parameters_beside_the_fixed_ones():
    spec = BuilderSpec(builder="m:f", params={"a": 1, "b": 2}).with_params({"b": 5})
    assert spec.params == {"a": 1, "b": 5}
    assert spec.own_code == {"model.builder": "m:f"} and BuilderSpec.searchable() == []
