"""What is refused before a study starts, and in which words."""

import pytest

from sparktune.errors import InputError, ModelError, SpecError
from sparktune.training import check_model
from sparktune.training.kinds.checks import offered


@pytest.mark.parametrize(
    ("model", "space", "shape"),
    [
        ({"kind": "cnn", "filters": [8, 8]}, {"kernel": [3, 5]}, (8, 8)),
        ({"kind": "cnn", "kernel": 5}, {"pool_size": [1, 3], "padding": ["same", "valid"]}, (12, 12)),
        ({"kind": "cnn"}, {"filters": [[4], [4, 4, 4, 4]]}, (20, 20, 3)),
        (
            {"kind": "cnn", "padding": "same"},
            {"kernel": {"low": 1, "high": 9}, "pooling": ["none", "max"]},
            (2, 9),
        ),
    ],
)
def test_images_that_some_choice_uses_up(schema_of, spec_of, model, space, shape):
    with pytest.raises(
        ModelError, match=r"block \d of \d has no (rows|columns) left of \d+ \(kernel .*use padding"
    ):
        check_model(spec_of(space, model=model), schema_of(shape))


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ({"kind": "cnn"}, (784,), "needs images"),
        ({"kind": "cnn"}, (4, 4, 4, 3), "needs images"),
        ({"kind": "rnn"}, (1,), "one number a row"),
        ({"kind": "rnn"}, (9, 9, 3), r"\(9, 9, 3\)"),
        ({"kind": "rnn", "vocabulary": 9}, (9, 9), "token ids"),
        ({"kind": "rnn", "vocabulary": 2**24 + 1}, (9,), "<= 16777216"),
    ],
)
def test_inputs_that_a_kind_cannot_read(schema_of, spec_of, model, shape, message):
    with pytest.raises(ModelError, match=message):
        check_model(spec_of(model=model), schema_of(shape))


def test_token_ids_are_not_scaled(schema_of, spec_of):
    schema = schema_of((9,), scaling={"offset": [0.0], "scale": [255.0]})
    with pytest.raises(ModelError, match=r"data\.scale: none"):
        check_model(spec_of(model={"kind": "rnn", "vocabulary": 9}), schema)


@pytest.mark.parametrize(
    "model",
    [{"kind": "cnn"}, {"kind": "rnn"}, {"kind": "mlp", "layers": 0}, {"kind": "linear"}],
)
def test_images_that_fit_pass(schema_of, spec_of, model):
    check_model(spec_of(model=model), schema_of((28, 28)))


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"class_weight": {"9": 2.0}}, r"labels of 'label' \(0, 1, 2\), but got '9'"),
        ({"clip_norm": 1.0, "clip_value": 1.0}, "exclude each other"),
        ({"schedule": {"kind": "cosine"}, "callbacks": [{"kind": "reduce_on_plateau"}]}, "remove one"),
        ({"metrics": ["top_5_accuracy"]}, "more than 5 classes"),
        ({"loss": "huber"}, "'huber'"),
        ({"early_stopping": {"monitor": "acc"}}, "early_stopping.monitor"),
    ],
)
def test_training_that_does_not_fit(schema_of, spec_of, training, message):
    with pytest.raises(SpecError, match=message):
        check_model(spec_of(training=training), schema_of((4,)))


def test_searched_values_are_checked_too(schema_of, spec_of):
    with pytest.raises(SpecError, match="'poisson'"):
        check_model(
            spec_of(
                {"loss": ["sparse_categorical_crossentropy", "poisson"]}, objective={"metric": "val_accuracy"}
            ),
            schema_of((4,)),
        )


def test_class_weights_need_classes(schema_of, spec_of):
    with pytest.raises(SpecError, match="class_weight needs classes"):
        check_model(spec_of(training={"class_weight": "balanced"}), schema_of((4,), "regression", 1))


def test_offered_shows_every_value_without_the_product(spec_of):
    space = {f: list(range(1, 101)) for f in ("neurons", "layers", "batch_size")}
    points = list(offered(spec_of(space)))
    assert len(points) == 1 + 3 * 99
    assert all({point[name] for point in points} == set(range(1, 101)) for name in space)


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


@pytest.mark.parametrize(
    ("reference", "params", "message"),
    [
        ("user_models:Absent", {}, "holds no 'Absent'"),
        ("user_models:good", {}, "subclass of keras.callbacks.Callback"),
        ("user_models:Touch", {"stop": 3}, "must take its params {'stop': 3}"),
    ],
)
def test_callbacks_that_cannot_be_used(schema_of, spec_of, user_module, reference, params, message):
    callback = {"kind": "custom", "callback": reference, "params": params}
    with pytest.raises(InputError, match=message):
        check_model(spec_of(training={"callbacks": [callback]}), schema_of((6,)))
