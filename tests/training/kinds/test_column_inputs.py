"""The matrix of encoded columns, taken apart inside the model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sparktune.data import Dataset, load_dataset
from sparktune.errors import ModelError
from sparktune.spec import parse_spec
from sparktune.training import build_model, check_model, run_segment
from sparktune.training.kinds.column_inputs import usual_embedding
from sparktune.trial import Segment, Trial

ROWS = 60


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Numbers with missing ones, a word of three and one of twenty values; the label follows from them."""
    numbers = np.arange(ROWS, dtype=float)
    frame = pd.DataFrame(
        {
            "few": ["a", "b", "c"] * 20,
            "age": np.where(numbers % 7 == 3, np.nan, 1000 * numbers),
            "many": [f"w{i % 20}" for i in range(ROWS)],
            "y": ["yes", "no", "no"] * 20,
        }
    )
    return load_dataset(parse_spec({"data": {"validation": {"last": 12}}}), frame)


def model_of(data: Dataset, **section: Any) -> Any:
    return build_model(parse_spec({"model": section}).model, data.schema)


def test_few_codes_are_one_hot_and_many_are_embedded(data: Dataset) -> None:
    import keras

    model = model_of(data, kind="mlp", neurons=3, layers=2)
    kinds = [type(operation).__name__ for operation in model.operations]
    assert sorted(kinds) == sorted(
        [
            "InputLayer",
            *["GetItem"] * 3,
            *["Rescaling"] * 2,
            "OneHot",
            "Embedding",
            "Concatenate",
            *["Dense"] * 3,
        ]
    )
    (joined,) = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert joined.output.shape[-1] == 2 + 5 + usual_embedding(22)
    assert sum(layer.output_dim for layer in wide(data, embedding=3)) == 3
    assert not wide(data, kind="linear")


def wide(data: Dataset, kind: str = "mlp", **fields: Any) -> list[Any]:
    import keras

    layers = model_of(data, kind=kind, **fields).layers
    return [layer for layer in layers if isinstance(layer, keras.layers.Embedding)]


def test_the_model_computes_with_what_the_encoders_say(data: Dataset) -> None:
    """A linear model by hand: scaled quantities, the flag, then a weight for each code."""
    model = model_of(data, kind="linear")
    kernel, bias = (np.asarray(weight) for weight in model.get_weights())
    quantities = (data.train.x[:, :2] - data.schema.scaling.offset) / data.schema.scaling.scale
    hot = [np.eye(codes)[data.train.x[:, place].astype(int)] for place, codes in ((2, 5), (3, 22))]
    expected = 1 / (1 + np.exp(-(np.hstack([quantities, *hot]) @ kernel + bias)))
    np.testing.assert_allclose(model(data.train.x), expected, rtol=1e-5)


def test_it_trains_in_compiled_epochs_and_learns_from_words(data: Dataset) -> None:
    spec = parse_spec({"model": {"kind": "mlp"}, "training": {"epochs": 30, "batch_size": 8}})
    result = run_segment(Segment(Trial("s", 0, {"learning_rate": 0.03}, 1)), spec, data)
    assert result.notes.engine == "compiled" and result.value == 1.0


def test_trials_share_graphs(data: Dataset) -> None:
    from sparktune.training.compiling import compile_for_training
    from sparktune.training.engine.structure import structure

    spec = parse_spec({"model": {"kind": "mlp"}})
    models = [build_model(spec.model, data.schema) for _ in range(2)]
    for model in models:
        compile_for_training(model, spec.training, data.schema, 40)
    first, second = map(structure, models)
    assert first is not None and first == second


def test_a_saved_model_loads_in_safe_mode(data: Dataset, tmp_path: Any) -> None:
    from sparktune.bundle.engines.trained import load_keras

    model = model_of(data, kind="mlp", batch_norm=True, dropout=0.1)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(load_keras(tmp_path / "m.keras")(data.train.x), model(data.train.x))


@pytest.mark.parametrize("kind", ["cnn", "rnn"])
def test_kinds_that_read_plain_numbers_alone(data: Dataset, kind: str) -> None:
    with pytest.raises(ModelError, match=rf"model.kind {kind} reads plain numbers, but column 'few' holds"):
        model_of(data, kind=kind)


def columns_by_name(
    params: dict[str, Any], input_shape: Any, outputs: int, inputs: dict[str, Any], codes: dict[str, int]
) -> Any:
    """A builder that embeds one column and reads another as it is."""
    import keras

    assert codes == {"few": 5, "many": 22} and inputs["age"].shape == (None, 2)
    word = keras.layers.Embedding(codes["many"], params["width"])(inputs["many"])
    both = keras.layers.Concatenate()([word, inputs["age"]])
    return keras.layers.Dense(outputs, activation="sigmoid")(both)


def matrix_alone(params: dict[str, Any], input_shape: Any, outputs: int) -> Any:
    """A builder that would read codes as quantities."""
    raise AssertionError


def no_tensor(params: dict[str, Any], input_shape: Any, outputs: int, inputs: Any) -> Any:
    """A builder that does not say what its model answers."""


def test_a_builder_gets_columns_by_name_if_it_asks_for_them(data: Dataset) -> None:
    section = {"kind": "builder", "builder": f"{__name__}:columns_by_name", "params": {"width": 3}}
    check_model(parse_spec({"model": section}), data.schema)
    model = model_of(data, **section)
    assert model.output.shape == (None, 1) and np.isfinite(model(data.train.x)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "matrix_alone",
            "must have a parameter inputs, as column 'few' holds names, but .*:matrix_alone' has",
        ),
        ("no_tensor", "must return the output tensor where it takes inputs, but .*:no_tensor' returned None"),
    ],
)
def test_builders_that_cannot_read_columns(data: Dataset, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_of(data, kind="builder", builder=f"{__name__}:{name}")


def test_plain_numbers_by_name() -> None:
    x = np.arange(120.0).reshape(20, 2, 3)
    data = load_dataset(parse_spec({"data": {"scale": 2}}), {"a": x, "y": [0, 1] * 10})
    model = model_of(data, kind="builder", builder=f"{__name__}:one_column")
    np.testing.assert_allclose(model(data.train.x[:1]), [[data.train.x[0].sum() / 2]])


def one_column(params: dict[str, Any], input_shape: Any, outputs: int, inputs: dict[str, Any]) -> Any:
    import keras

    return keras.layers.Dense(outputs, kernel_initializer="ones")(inputs["a"])
