"""Which models are worth compiling with XLA."""

import keras
import pytest

from sparktune.spec import CnnSpec, LinearSpec, MlpSpec, RnnSpec
from sparktune.training import build_model
from sparktune.training.engine.compiler import choose, full_batches_apart

MANY, FEW = 100_000, 100


@pytest.mark.parametrize(
    ("spec", "shape", "steps", "expected"),
    [
        (MlpSpec(neurons=16, batch_norm=True), (16,), MANY, "xla"),
        (MlpSpec(neurons=16, batch_norm=True), (16,), FEW, "graph"),
        (MlpSpec(hidden=(512, 512)), (784,), MANY, "graph"),
        (RnnSpec(cell="simple_rnn"), (28, 28), MANY, "xla"),
        (RnnSpec(cell="lstm"), (28, 28), FEW, "graph"),
        (CnnSpec(), (28, 28), MANY, "graph"),
        (LinearSpec(), (16,), MANY, "xla"),
    ],
)
def test_the_choice_follows_from_layers_and_steps(schema_of, spec, shape, steps, expected):
    assert choose(build_model(spec, schema_of(shape)), 32, steps) == expected


def test_layers_that_nobody_measured_stay_in_the_graph():
    model = keras.Sequential([keras.Input((4,)), keras.layers.LayerNormalization(), keras.layers.Dense(2)])
    assert choose(model, 32, MANY) == "graph"


def test_full_batches_have_a_loop_of_their_own_where_that_pays():
    assert not full_batches_apart(FEW) and full_batches_apart(MANY)
