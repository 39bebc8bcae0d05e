"""Builders that are refused before a study, and in which words."""

import pytest

from sparktune.errors import ModelError
from sparktune.training import check_model


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no_such_module:build", r"importing 'no_such_module'.*ModuleNotFoundError.*PYTHONPATH.*--py-files"),
        ("user_models:absent", "holds no 'absent'"),
        ("user_models:NUMBER", "must be a function"),
        ("user_models:two_arguments", r"build\(params, input_shape, outputs\).*too many positional"),
        ("user_models:raising", r"raised RuntimeError: no such units \(params"),
        ("user_models:exiting", "raised SystemExit"),
        ("user_models:nothing", "must return a keras.Model, but .* returned None"),
        ("user_models:narrow", r"one output of shape \(None, 3\).*\(None, 4\)"),
        ("user_models:other_input", r"inputs \(6,\)"),
        ("user_models:with_lambda", r"Lambda layers.*'twice'.*register_keras_serializable"),
        ("user_models:with_lambda_activation", "lambda functions"),
        ("user_models:stubborn", "saved and loaded"),
        ("user_models:forgetful", "predicts the same"),
        ("user_models:logits", "last activation softmax"),
    ],
)
def test_builders_that_cannot_be_used(schema_of, spec_of, user_module, reference, message):
    spec = spec_of({"units": [3, 4]}, model={"builder": reference})
    with pytest.raises(ModelError, match=message):
        check_model(spec, schema_of((6,)))


def test_a_class_that_is_not_registered_is_named_in_one_line(schema_of, spec_of, user_module):
    spec = spec_of({"units": [3, 4]}, model={"builder": f"{user_module}:unregistered"})
    with pytest.raises(ModelError) as refused:
        check_model(spec, schema_of((6,)))
    assert str(refused.value) == (
        "model.builder must return a model that can be saved and loaded, but the custom class 'Plain' of "
        "'user_models:unregistered' is not registered; decorate it with "
        "@keras.saving.register_keras_serializable()"
    )


@pytest.mark.parametrize("function", ["good", "free", "unbuilt", "picky"])
@pytest.mark.parametrize("scaled", [False, True])
def test_builders_that_can(schema_of, spec_of, user_module, function, scaled):
    scaling = {"offset": [1.0], "scale": [2.0]} if scaled else None
    spec = spec_of({"units": [3, 4]}, model={"builder": f"{user_module}:{function}"})
    check_model(spec, schema_of((6,), scaling=scaling))


def test_logits_are_fine_for_numbers(schema_of, spec_of, user_module):
    check_model(spec_of(model={"builder": f"{user_module}:logits"}), schema_of((6,), "regression", 2))
