import numpy as np
import pyarrow as pa
import pytest

from sparktune.data.table import Table
from sparktune.data.weights import weights_of
from sparktune.errors import DataError


def test_weights_are_float32_of_one_number_per_row():
    for column in (np.array([0, 2]), np.array([[0.0], [2.0]]), pa.array([0, 2])):
        found = weights_of(Table({"w": column}), "w")
        assert found.dtype == np.float32 and found.tolist() == [0, 2]
    assert weights_of(Table({"w": np.ones(2)}), None) is None


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([1.0, -0.5]), r"weight 'w' must be finite and >= 0, but row 1 holds -0\.5"),
        (np.array([np.nan, 1.0]), r"row 0 holds nan"),
        (np.array([np.inf, 1.0]), r"row 0 holds inf"),
        (pa.array([1, None]), r"row 1 holds nan"),
        (np.array([0.0, 0.0]), r"weight 'w' must be above 0 somewhere"),
        (np.ones((2, 2)), r"one number per row"),
        (np.array(["a", "b"]), r"one number per row"),
    ],
)
def test_weights_that_cannot_be_used(column, message):
    with pytest.raises(DataError, match=message):
        weights_of(Table({"w": column}), "w")


def test_a_missing_weight_column():
    with pytest.raises(DataError, match=r"weight column 'wieght' is not there; did you mean 'weight'\?"):
        weights_of(Table({"weight": np.ones(2)}), "wieght")
