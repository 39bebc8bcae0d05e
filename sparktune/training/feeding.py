"""What a model is fed: targets, row weights and the batch size of evaluation. Loads without tensorflow."""

from typing import TYPE_CHECKING

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Rows
from sparktune.spec import TrainingSpec

if TYPE_CHECKING:
    import keras

BATCH_NUMBERS = 2**21  # of a layer in an evaluation batch: 8 MB of float32


def targets(rows: Rows, schema: Schema) -> np.ndarray:
    """y in the shape of the model's output: class indices (rows,), else float32 (rows, outputs)."""
    return rows.y if schema.task == "classes" or rows.y.ndim > 1 else rows.y[:, None]


def evaluation_batch(model: "keras.Model") -> int:
    """Rows per evaluation step. The widest layer alone decides: a model gives one number everywhere."""
    # Numbers that a layer takes in or gives for a row, as far as they are known ahead: before its first call
    # a layer has neither.
    tensors = [getattr(layer, name, None) for layer in model.layers for name in ("input", "output")]
    shapes = [getattr(tensor, "shape", (None,))[1:] for tensor in tensors]
    widths = [int(np.prod([size or 1 for size in shape])) for shape in shapes]
    return min(max(BATCH_NUMBERS // max(widths, default=1), 16), 2048)


def training_weights(rows: Rows, training: TrainingSpec, schema: Schema) -> np.ndarray | None:
    """float32 (rows,): the product of row and class weights; None where neither is given."""
    if training.class_weight is None:
        return rows.weight
    of_class = _class_weights(rows.y, training, schema)
    weights = of_class[np.reshape(rows.y, -1).astype(np.int64)]
    return weights if rows.weight is None else weights * rows.weight


def class_indices(label: str, schema: Schema) -> set[int]:
    """Indices of the classes that a label of the spec, always text there, may stand for: one, if all is well.

    A float class is also found by the whole number it equals (1 is the class 1.0), and each by its name.
    """
    texts = [str(c) for c in schema.classes]
    wholes = [str(int(c)) if isinstance(c, float) and c.is_integer() else str(c) for c in schema.classes]
    return {known.index(label) for known in (texts, wholes, schema.class_names) if label in known}


def _class_weights(y: np.ndarray, training: TrainingSpec, schema: Schema) -> np.ndarray:
    """float32 (classes,). Balanced is rows / (classes * rows of the class), as scikit-learn has it."""
    count = max(len(schema.classes), 2)
    if training.class_weight == "balanced":
        seen = np.bincount(np.reshape(y, -1).astype(np.int64), minlength=count)
        balanced: np.ndarray = seen.sum() / (count * np.maximum(seen, 1))
        return balanced.astype(np.float32)
    weights = np.ones(count, np.float32)
    for label, weight in (training.class_weight or {}).items():
        weights[list(class_indices(label, schema))] = weight
    return weights
