"""The recurrent network over token ids and over numbers."""

import pytest

from sparktune.errors import ModelError
from sparktune.spec import RnnSpec
from sparktune.training import build_model, check_model


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


def test_embedding_recurrent_sigmoid(schema_of):
    spec = RnnSpec(cell="simple_rnn", units=32, vocabulary=10_000, embedding=32)
    model = build_model(spec, schema_of((500,), "binary", 1))
    assert layers(model) == ["Embedding", "SimpleRNN", "Dense"]
    assert model.count_params() == 320_000 + 2_080 + 33
    assert model.layers[-1].activation.__name__ == "sigmoid"


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_recurrent_layers_over_numbers(schema_of, cell):
    spec = RnnSpec(cell=cell, units=4, layers=2, bidirectional=True, dropout=0.1, hidden=[5])
    model = build_model(spec, schema_of((7,)))
    assert layers(model) == [
        "Reshape",
        "Bidirectional",
        "Dropout",
        "Bidirectional",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert model.layers[1].output.shape == (None, 7, 8) and model.layers[3].output.shape == (None, 8)


def test_recurrent_layers_over_vectors(schema_of):
    assert layers(build_model(RnnSpec(units=2), schema_of((7, 3)))) == ["LSTM", "Dense"]


def test_token_ids_are_not_scaled(schema_of, spec_of):
    schema = schema_of((9,), scaling={"offset": [0.0], "scale": [255.0]})
    with pytest.raises(ModelError, match=r"data\.scale: none"):
        check_model(spec_of(model={"kind": "rnn", "vocabulary": 9}), schema)


def test_an_embedding_is_idle_without_a_vocabulary():
    assert set(RnnSpec().idle({"embedding"})) == {"embedding"}
    assert RnnSpec(vocabulary=9).idle({}) == RnnSpec().idle({"vocabulary"}) == {}
