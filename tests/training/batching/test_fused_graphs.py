"""Which models can be trained several at once."""

import keras
import pytest

from sparktune.spec import CnnSpec, LinearSpec, MlpSpec, RnnSpec
from sparktune.training.batching.fused_graphs import unvectorised
from sparktune.training.kinds.base import build_model


@pytest.mark.parametrize(
    ("spec", "shape", "expected"),
    [
        (LinearSpec(), (5,), []),
        (MlpSpec(hidden=(4,), dropout=0.1, batch_norm=True), (5, 5), []),
        (CnnSpec(filters=(2,)), (8, 8), ["Conv2D", "MaxPooling2D"]),
        (RnnSpec(units=2), (4, 3), ["LSTM", "LSTMCell"]),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_dense_models_can(spec, shape, expected, schema_of):
    assert unvectorised(build_model(spec, schema_of(shape))) == expected


def test_a_layer_that_only_has_the_name_of_another_counts_by_its_class():
    dense = keras.layers.Embedding(3, 2, name="dense")
    assert unvectorised(keras.Sequential([keras.Input((2,)), dense])) == ["Embedding"]
