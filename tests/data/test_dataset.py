import dataclasses

import numpy as np
import pytest

from sparktune.data.dataset import Dataset, Rows


def test_rows_are_counted():
    rows = Rows(np.zeros((3, 2)), np.zeros(3))
    assert len(rows) == 3 and rows.weight is None
    assert not Rows(rows.x[:0], rows.y[:0])


def test_a_data_set_does_not_change(load):
    data = load((np.arange(20.0), np.arange(20) % 2))
    assert isinstance(data, Dataset)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.train = data.validation
