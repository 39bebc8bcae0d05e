"""What runs on the executors: Arrow columns in, one Arrow column of answers out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa

from sparktune.bundle.labels import indices, label_kind, present
from sparktune.bundle.payload import ModelPayload, Predictor, load_payload
from sparktune.columns.arrow import is_vector
from sparktune.columns.buffers import from_numpy, from_words, lists
from sparktune.columns.inputs import side_by_side
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError
from sparktune.scoring.types import Output, answer_names

LONGEST_ROW, LONGEST_VALUE = 200, 60  # characters of a row in an error, and of each of its values
DTYPES = {"boolean": np.bool_, "bigint": np.int64, "double": np.float64}


def predict_columns(
    payload: ModelPayload, output: Output, *columns: pa.Array, others: Mapping[str, pa.Array] | None = None
) -> pa.Array:
    """The model's answers to one batch of rows; NULL where an input is NULL.

    `others` are columns, a key say, that tell rows apart in errors.

    Raises:
        ScoringError: the arguments are not the model's columns, or a row cannot be encoded.
    """
    if not columns:
        raise ScoringError("the function takes the model's columns, but got no argument")
    return predict_batch(loaded(payload), output, columns, others)


def predict_batch(
    predictor: Predictor,
    output: Output,
    columns: Sequence[pa.Array],
    others: Mapping[str, pa.Array] | None = None,
) -> pa.Array:
    """What `predict_columns` gives, by a model that is loaded."""
    given, features = arguments(columns, predictor.schema)
    shown = {**(others or {}), **{f.name: column for f, column in zip(features, given, strict=True)}}
    x, valid = side_by_side(given, features, np.dtype(predictor.dtype), partial(_row_in_words, shown))
    return answers(predictor.schema, output, predictor.engine.predict(x), valid)


@lru_cache(maxsize=32)  # a query may have many models
def loaded(payload: ModelPayload) -> Predictor:
    """The model of a payload, loaded once in each Python worker."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return load_payload(payload, threads=context.cpus() if context else 1)


def arguments(columns: Sequence[pa.Array], schema: Schema) -> tuple[list[pa.Array], list[Feature]]:
    """Which argument of the SQL function holds which feature.

    The arguments are the features in order, or one struct with a field for each, or all numbers in one
    array, or one scalar for every number.
    """
    features = list(schema.features)
    width = sum(f.width for f in features)
    kind = columns[0].type
    struct = pa.types.is_struct(kind) and not is_vector(kind)
    if len(columns) == 1 and struct and {f.name for f in features} <= {f.name for f in kind}:
        # A field is NULL where the struct is.
        return [pa.compute.struct_field(columns[0], f.name) for f in features], features
    if len(columns) == len(features):
        return list(columns), features
    if len(columns) == 1 and not struct and not schema.encoded:
        return list(columns), [Feature(name="the only argument", shape=(width,))]
    if len(columns) == width and not schema.encoded:
        return list(columns), [Feature(name=f"argument {i + 1}") for i in range(width)]
    array = "" if schema.encoded else f", or one array of {width} numbers"
    raise ScoringError(
        f"the function takes {len(features)} arguments, {', '.join(f.name for f in features)} (or one struct "
        f"with these fields{array}), but got {len(columns)}: "
        f"{', '.join(str(c.type) for c in columns)}"
    )


def _row_in_words(columns: Mapping[str, pa.Array], number: int) -> str:
    """A row's values by column, cut short: where a task has some of the rows, their numbers say nothing."""
    values = ", ".join(
        f"{name}={column[number].as_py()!r:.{LONGEST_VALUE}}" for name, column in columns.items()
    )
    return f"({values})" if len(values) <= LONGEST_ROW else f"({values[:LONGEST_ROW]}...)"


def answers(schema: Schema, output: Output, raw: np.ndarray, valid: np.ndarray) -> pa.Array:
    """Raw outputs as the Arrow column that `answer_type` promises; NULL where `valid`, (rows,), is False."""
    if output == "both":
        names = answer_names(schema)
        return pa.StructArray.from_arrays([answers(schema, name, raw, valid) for name in names], names)
    if output == "prediction" and schema.task != "regression":
        return _labels(schema, raw, valid)
    double = output == "prediction" or (output == "probability" and schema.task == "binary")
    return _numbers(raw.astype(np.float64 if double else np.float32, copy=False), valid)


def _labels(schema: Schema, raw: np.ndarray, valid: np.ndarray) -> pa.Array:
    kind = label_kind(schema)
    if kind == "string":
        names = from_words([str(label) for label in schema.label_map], pa.string())
    else:
        names = from_numpy(np.array(schema.label_map, DTYPES[kind]))
    if schema.task == "labels":
        has, known = present(raw)
        ends = np.concatenate([[0], np.cumsum(has.sum(axis=1))]).astype(np.int32)
        return lists(ends, names.take(from_numpy(np.nonzero(has)[1])), valid & known)
    index, known = indices(schema, raw)
    return names.take(from_numpy(index, valid & known))


def _numbers(raw: np.ndarray, valid: np.ndarray) -> pa.Array:
    rows, outputs = raw.shape
    if outputs == 1:
        return from_numpy(raw.reshape(-1), valid)
    return lists(np.arange(rows + 1, dtype=np.int32) * outputs, from_numpy(raw.reshape(-1)), valid)
