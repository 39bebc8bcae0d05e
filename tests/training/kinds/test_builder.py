"""A user's own model behind the input that every model has."""

import sys

import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.spec import BuilderSpec, StudySpec
from sparktune.training import build_model
from sparktune.training.user_code import import_own_code


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
    assert spec.own_source is None


def test_a_function_goes_by_its_module_or_as_source(schema_of):
    def build(params, input_shape, outputs):
        import keras

        return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs, activation=last)])

    last = "softmax"
    assert BuilderSpec(builder=np.zeros).own_source is None
    spec = BuilderSpec(builder=build, params={"a": 1})
    assert (spec.builder, spec.own_source) == ("build", spec.source)
    again = BuilderSpec.model_validate_json(spec.model_dump_json())
    assert again == spec and again.with_params({"b": 2}).source == spec.source
    import_own_code(again)
    assert layers(build_model(again, schema_of((6,)))) == ["Dense"]


def test_a_name_needs_a_function_of_the_main_module_or_a_source(monkeypatch):
    monkeypatch.setattr(
        sys.modules["__main__"], "named_there", test_a_function_goes_by_its_module_or_as_source, raising=False
    )
    assert BuilderSpec(builder="named_there").builder.endswith("as_source")
    assert BuilderSpec(builder="absent", source="def absent(): pass").own_code == {"model.builder": "absent"}
    for broken in ({"builder": "absent"}, {"builder": "m:f", "source": "def f(): pass"}):
        with pytest.raises(
            ValueError, match=r"must look like package|must be the name of a function in source"
        ):
            BuilderSpec(**broken)


def test_a_study_without_a_source_keeps_its_identity():
    named, sourced = (
        StudySpec(model={"builder": "m:f"}),
        StudySpec(model={"builder": "f", "source": "def f(): pass"}),
    )
    assert (
        "source" not in named.identity()["model"] and sourced.identity()["model"]["source"] == "def f(): pass"
    )
