"""The matrix of encoded columns, taken apart inside the model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sparktune.data import Dataset, load_dataset
from sparktune.errors import ModelError
from sparktune.spec import parse_spec
from sparktune.training import build_model, run_segment
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
