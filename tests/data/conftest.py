"""A study over given data, in one call."""

from collections.abc import Callable
from typing import Any

import pytest

from sparktune.data import Dataset, load_dataset
from sparktune.spec import parse_spec

Load = Callable[..., Dataset]


@pytest.fixture(scope="session")
def load() -> Load:
    """load(arrays, seed=.., read_table=.., **data section)."""

    def load(arrays: Any = None, seed: int = 0, read_table: Any = None, **data: Any) -> Dataset:
        document = {"study": {"seed": seed}, "data": data, "search": {"space": {"neurons": [8]}}}
        return load_dataset(parse_spec(document), arrays, read_table)

    return load
