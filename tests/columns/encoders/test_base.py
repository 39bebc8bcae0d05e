"""The encoders of a schema: JSON in and out, those of other packages too."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from sparktune.columns import Feature, Schema
from sparktune.columns.encoders.base import encoder_class
from sparktune.errors import InputError
from sparktune.spec import parse_spec
from tests.columns.encoders.fitted import encode, fit

LENGTH = """
from typing import Literal
import numpy as np
import pyarrow.compute as pc
from sparktune.columns.encoders.base import Encoder, EncoderOptions

class LengthOptions(EncoderOptions):
    kind: Literal["length"] = "length"
    longest: int = 100

class LengthEncoder(Encoder):
    kind: Literal["length"] = "length"
    longest: int
    options = LengthOptions

    @classmethod
    def fit(cls, column, options, place):
        return cls(column_type="string", missing=column.null_count, longest=options.longest)

    def encode(self, array, place, row=int):
        lengths = pc.utf8_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        return np.minimum(lengths, self.longest).astype("f4").reshape(-1, 1)
"""


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None]),
        pa.array(["a", "a"]),
        pa.array([True]),
        pa.array([0], pa.date32()),
        pa.array([[1]]),
    ],
    ids=lambda column: str(column.type),
)
def test_a_schema_with_encoders_is_json(column: pa.Array) -> None:
    feature = Feature.encoded("c", fit(column))
    schema = Schema(features=(feature,), input_shape=(feature.width,), task="regression", outputs=1)
    again = Schema.model_validate_json(schema.model_dump_json())
    assert again == schema and again.encoded and type(again.features[0].encoder) is type(feature.encoder)


def test_a_schema_of_plain_numbers_says_nothing_of_encoders() -> None:
    schema = Schema(features=(Feature(name="c"),), input_shape=(1,), task="regression", outputs=1)
    assert "encoder" not in schema.model_dump_json() and not schema.encoded


def test_an_encoder_of_another_package(install: Callable[..., Any]) -> None:
    install("lengths", LENGTH, {"sparktune.encoders": {"length": "LengthEncoder"}})
    spec = parse_spec({"data": {"columns": {"note": {"kind": "length", "longest": 4}}}})
    encoder = encoder_class("length").fit(pa.chunked_array([["one"]]), spec.data.columns["note"], None)
    assert encode(encoder, ["a", None, "abcdef"]) == [1, 0, 4]


def test_an_unknown_kind() -> None:
    with pytest.raises(InputError, match="'lenght'"):
        encoder_class("lenght")
