"""Losses and metrics that are functions of the user's own, tried before a study starts."""

from typing import Any

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec import StudySpec
from sparktune.training.objective import is_own
from sparktune.training.references import import_reference, mismatch
from sparktune.training.user_code import goals_of

ROWS = 6


def check_own_goals(spec: StudySpec, schema: Schema) -> None:
    """Import each such function, and call it with a few rows.

    It takes what Keras' own functions take: targets (class indices, or numbers like the outputs) and outputs
    (rows, outputs), and gives one number for each row, by `keras.ops` or TensorFlow.

    Raises:
        ModelError: it is missing, is no such function, or raises.
    """
    for field, reference in goals_of(spec):
        if not is_own(reference):
            continue
        function = import_reference(reference, field)
        if not callable(function) or (reason := mismatch(function, None, None)):
            found = reason if callable(function) else f"{function!r}"
            raise ModelError(
                f"{field} must be a function of targets and outputs, but {reference!r} has {found}"
            )
        _check_values(function, reference, field, schema)


def example_rows(schema: Schema) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs of a few rows, as such a function takes them."""
    outputs = np.full((ROWS, schema.outputs), 1 / max(schema.outputs, 2), np.float32)
    classes = schema.task == "classes"
    return np.zeros((ROWS, 1), np.int32) if classes else np.zeros_like(outputs), outputs


def _check_values(function: Any, reference: str, field: str, schema: Schema) -> None:
    import keras

    targets, outputs = example_rows(schema)
    try:
        values = keras.ops.convert_to_numpy(function(keras.ops.array(targets), keras.ops.array(outputs)))
    except Exception as error:
        raise ModelError(
            f"{field} must compute with targets {targets.shape} and outputs {outputs.shape}, but "
            f"{reference!r} raised {type(error).__name__}: {error}"
        ) from error
    if values.shape[:1] != (ROWS,):
        raise ModelError(
            f"{field} must give one number for each of {ROWS} rows, but {reference!r} gave shape "
            f"{values.shape}; take no mean over the rows"
        )
