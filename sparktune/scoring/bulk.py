"""A bundle over a table in one pass of Arrow batches: no row is copied to be joined with its answer."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from sparktune.bundle import Bundle
from sparktune.bundle.payload import to_payload
from sparktune.scoring.signature import quoted
from sparktune.scoring.types import answer_names, answer_type
from sparktune.scoring.worker import predict_columns

# Spark's types that go through Arrow and come back as they were; others stay on the JVM's side.
UNCHANGED = (
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "float",
    "double",
    "decimal",
    "string",
    "binary",
    "date",
    "timestamp",
    "timestamp_ntz",
)


def through_arrow(frame: Any, columns: Sequence[str]) -> bool:
    """Whether these columns of a frame can be sent through Python and come back as they were."""
    kinds = [frame.schema[name].dataType for name in columns]
    return all(
        (kind.elementType if kind.typeName() == "array" else kind).typeName() in UNCHANGED for kind in kinds
    )


def scored_in_one_pass(bundle: Bundle, frame: Any, features: Sequence[str], kept: Sequence[str]) -> Any:
    """The columns `kept` of a frame, and the answers beside them: `prediction`, perhaps `probability`.

    Args:
        bundle: the model.
        frame: the rows.
        features: the frame's columns in the order of the bundle's.
        kept: columns of which `through_arrow` is true.
    """
    from pyspark.sql.functions import col
    from pyspark.sql.types import StructType

    payload, names = to_payload(bundle), answer_names(bundle.schema)
    taken = list(dict.fromkeys([*features, *kept]))
    inputs, others = [taken.index(name) for name in features], [taken.index(name) for name in kept]
    answers = ", ".join(f"{name} {answer_type(bundle.schema, name)}" for name in names)
    fields = [*(frame.schema[name] for name in kept), *StructType.fromDDL(answers)]

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arguments = [batch.column(place) for place in inputs]
            beside = {taken[place]: batch.column(place) for place in others if place not in inputs}
            found = predict_columns(payload, "both", *arguments, others=beside)
            columns = [*(batch.column(place) for place in others), *found.flatten()]
            yield pa.RecordBatch.from_arrays(columns, [field.name for field in fields])

    # PySpark takes names apart once more here, and fails at a backtick.
    selected = frame.select(*(col(quoted(name)).alias(f"c{place}") for place, name in enumerate(taken)))
    return selected.mapInArrow(run, StructType(fields))
