"""Token ids against the vocabulary, before a trial starts."""

from dataclasses import replace

import numpy as np
import pytest

from sparktune.data.dataset import Dataset, Rows
from sparktune.errors import ModelError
from sparktune.training import check_model


@pytest.fixture
def data(schema_of) -> Dataset:
    x = np.arange(50, dtype=np.uint8).reshape(10, 5)
    y = np.arange(10) % 3
    return Dataset(Rows(x[:4], y[:4]), Rows(x[4:8], y[4:8]), Rows(x[8:], y[8:]), schema_of((5,)), "")


def check(spec_of, data, vocabulary, space=None):
    spec = spec_of(space, model={"kind": "rnn", "vocabulary": vocabulary})
    check_model(spec, data.schema, data)


def test_ids_of_every_split_lie_below_the_vocabulary(spec_of, data):
    check(spec_of, data, 50)
    with pytest.raises(ModelError, match=r"must exceed the largest token id, 49, but got 20; make it 50"):
        check(spec_of, data, 20)


@pytest.mark.parametrize("domain", [[60, 20], {"low": 20, "high": 60}])
def test_every_vocabulary_of_the_space_counts(spec_of, data, domain):
    with pytest.raises(ModelError, match="largest token id, 49, but got 20"):
        check(spec_of, data, 60, {"vocabulary": domain})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(-1, "token ids >= 0, but the data has -1"), (2.5, r"whole numbers .* 2\.5"), (np.nan, "nan")],
)
def test_ids_that_are_none(spec_of, data, wrong, message):
    x = data.validation.x.astype(np.float32)
    x[1, 2] = wrong
    data = replace(data, validation=Rows(x, data.validation.y))
    with pytest.raises(ModelError, match=message):
        check(spec_of, data, 50)


def test_other_models_read_any_numbers(spec_of, data):
    x = data.train.x - 0.5
    data = replace(data, train=Rows(x, data.train.y))
    check_model(spec_of(model={"kind": "rnn"}), data.schema, data)
    check_model(spec_of(), data.schema, data)
