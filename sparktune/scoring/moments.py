"""Dates and times of another type than in training, as the SQL function of columns casts them."""

from collections.abc import Sequence
from typing import Any

from sparktune.columns.schema import Schema
from sparktune.scoring.signature import quoted
from sparktune.scoring.types import MOMENTS

# Text without a zone gets that of the session; what is no date is left for the encoder to name.
WITH_ZONE = (
    "coalesce(date_format(try_cast({0} AS TIMESTAMP), 'yyyy-MM-dd HH:mm:ss.SSSSSSXXX'), CAST({0} AS STRING))"
)


def moments_as_trained(schema: Schema, frame: Any, features: Sequence[str]) -> dict[str, str]:
    """What to score in place of dates and times of another type, in SQL, by the column's name.

    Spark casts in the session's time zone, Python would take all without a zone in UTC.

    Args:
        schema: the model's columns.
        frame: the rows.
        features: the frame's columns in the order of the schema's, or one with all numbers.
    """
    found = {}
    for name, feature in zip(features, schema.features[: len(features)], strict=True):
        kind = frame.schema[name].dataType.simpleString()
        if feature.dtype in MOMENTS and kind in MOMENTS and kind != feature.dtype:
            found[name] = f"CAST({quoted(name)} AS {feature.dtype})"
        elif feature.dtype == "timestamp" and kind.startswith(("string", "char", "varchar")):
            found[name] = WITH_ZONE.format(quoted(name))
    return found
