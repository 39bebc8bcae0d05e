"""Dates and times of another type than in training, as the SQL function of columns casts them."""

from collections.abc import Sequence
from typing import Any

from sparktune.bundle.manifest import Manifest
from sparktune.columns.encoders.types import literal
from sparktune.columns.schema import Schema
from sparktune.scoring.signature import quoted, sql_parameters
from sparktune.scoring.types import MOMENTS

# CAST alone would take 12:30 as a time of today, and 2024 as its first day.
MOMENT_OF_TEXT = "IF({column} RLIKE '^ *[0-9]{{4}}-', try_cast({column} AS {kind}), NULL)"


def moments_as_trained(schema: Schema, frame: Any, features: Sequence[str]) -> dict[str, str]:
    """What to score in place of dates and times of another type, in SQL, by the column's name.

    Spark casts in the session's time zone, Python would take all without a zone in UTC. Text that is no date
    is left for the encoder to name.

    Args:
        schema: the model's columns.
        frame: the rows.
        features: the frame's columns in the order of the schema's, or one with all numbers.
    """
    found = {}
    for name, feature in zip(features, schema.features[: len(features)], strict=True):
        given, wanted, column = frame.schema[name].dataType.simpleString(), feature.dtype, quoted(name)
        if wanted in MOMENTS and given in MOMENTS and given != wanted:
            found[name] = f"CAST({column} AS {wanted})"
        elif wanted in MOMENTS and _is_text(given):
            moment = MOMENT_OF_TEXT.format(column=column, kind=wanted)
            written = f"CAST({moment} AS STRING)"
            if wanted == "timestamp":  # with the session's zone
                written = f"date_format({moment}, 'yyyy-MM-dd HH:mm:ss.SSSSSSXXX')"
            found[name] = f"coalesce({written}, CAST({column} AS STRING))"
    return found


def columns_in_sql(manifest: Manifest, frame: Any, features: Sequence[str]) -> list[str]:
    """A frame's features in SQL, of the model's types; text that is no date ends the query with one line."""
    columns = []
    for name, kind in zip(features, sql_parameters(manifest).values(), strict=True):
        column = quoted(name)
        if kind.lower() in MOMENTS and _is_text(frame.schema[name].dataType.simpleString()):
            moment = MOMENT_OF_TEXT.format(column=column, kind=kind)
            columns.append(f"coalesce({moment}, IF({column} IS NULL, NULL, {_no_date(name)}))")
        else:
            columns.append(f"CAST({column} AS {kind})")
    return columns


def _is_text(kind: str) -> bool:
    return kind.startswith(("string", "char", "varchar"))


def _no_date(name: str) -> str:
    said = f"feature column {name!r} must hold dates such as 2024-01-31 or 2024-01-31 08:30:00, but one is '"
    then = literal("'; write it so, or make it null")
    return f"raise_error(concat({literal(said)}, {quoted(name)}, {then}))"
