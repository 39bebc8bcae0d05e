"""The SavedModel: a model that TensorFlow Serving calls with one tensor for each feature column."""

import re
from pathlib import Path
from typing import Any

from sparktune.bundle.manifest import Tensor
from sparktune.columns.schema import Feature, Schema

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED = ("self",)


def input_names(schema: Schema) -> dict[str, str]:
    """Each feature column's tensor in the signature: its own name, or `column_2` for the second one.

    Signatures take ASCII letters, digits and underscores after a letter, and do not tell case apart.
    """
    names: dict[str, str] = {}
    taken = {feature.name.lower() for feature in schema.features} | set(RESERVED)
    used: set[str] = set()
    for index, feature in enumerate(schema.features, start=1):
        lower = feature.name.lower()
        if NAME.fullmatch(feature.name) and lower not in used and lower not in RESERVED:
            names[feature.name] = feature.name
        else:
            names[feature.name] = _free(f"column_{index}", taken | used)
        used.add(names[feature.name].lower())
    return names


def write_saved_model(model: Any, tensor: Tensor, schema: Schema, folder: Path) -> None:
    """Write a TensorFlow SavedModel whose signature `serving_default` takes the columns by `input_names`.

    A scalar column has shape (rows,), so that a row of a REST request is {"age": 3}; a column of arrays has
    shape (rows, *shape). All have the dtype of `tensor`. The answer is `output_0`, (rows, outputs).

    Raises:
        OSError: it cannot be written.
    """
    import keras
    import tensorflow as tf

    names = input_names(schema)

    def serve(columns: dict[str, Any]) -> Any:
        parts = [tf.reshape(columns[names[f.name]], (-1, f.width)) for f in schema.features]
        rows = parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)
        return model(tf.reshape(rows, (-1, *tensor.shape)), training=False)

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", serve, [{names[f.name]: _spec(f, tensor, names) for f in schema.features}])
    try:
        archive.write_out(folder, verbose=False)
    except tf.errors.OpError as error:  # a full disk, as TensorFlow says it
        raise OSError(str(error)) from error


def _spec(feature: Feature, tensor: Tensor, names: dict[str, str]) -> Any:
    import tensorflow as tf

    return tf.TensorSpec((None, *feature.shape), tensor.dtype, name=names[feature.name])


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)
