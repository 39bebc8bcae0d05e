"""Which models can be trained several at once."""

import keras
import pytest

from sparktune.spec import CnnSpec, LinearSpec, MlpSpec, RnnSpec
from sparktune.training.engine.fused import fusable
from sparktune.training.kinds.builtin import build_model


@pytest.mark.parametrize(
    ("spec", "shape", "expected"),
    [
        (LinearSpec(), (5,), True),
        (MlpSpec(hidden=(4,), dropout=0.1, batch_norm=True), (5, 5), True),
        (CnnSpec(filters=(2,)), (8, 8), False),
        (RnnSpec(units=2), (4, 3), False),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_dense_models_can(spec, shape, expected, schema_of):
    assert fusable(build_model(spec, schema_of(shape))) is expected


def test_a_layer_that_only_has_the_name_of_another_counts_by_its_class():
    dense = keras.layers.Embedding(3, 2, name="dense")
    assert not fusable(keras.Sequential([keras.Input((2,)), dense]))
