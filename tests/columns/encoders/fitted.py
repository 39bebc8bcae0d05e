"""Encoders that are fitted on a column of a few rows."""

from typing import Any

import numpy as np
import pyarrow as pa

from sparktune.columns.arrow import ColumnPlace
from sparktune.columns.encoders.base import Encoder, encoder_class
from sparktune.columns.encoders.types import usual_kind
from sparktune.errors import DataError

PLACE = ColumnPlace("feature 'c'", DataError, "cast it")


def fit(column: Any, kind: str | None = None, **options: Any) -> Encoder:
    """The encoder of a column, of its usual kind unless another is named."""
    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    kind = kind or usual_kind(chunked.type)
    assert kind is not None
    found = encoder_class(kind)
    return found.fit(chunked, found.options(kind=kind, **options), PLACE)


def encode(encoder: Encoder, column: Any) -> list[Any]:
    """The rows of a column as lists of numbers; one number a row as itself."""
    array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
    numbers = encoder.encode(array, PLACE)
    assert numbers.dtype == np.float32 and numbers.shape == (len(array), encoder.width)
    return numbers[:, 0].tolist() if encoder.width == 1 else numbers.tolist()
