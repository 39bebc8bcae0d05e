"""The SavedModel: a model that TensorFlow Serving calls with one tensor for each feature column."""

from pathlib import Path
from typing import Any, Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.keras import limit_tensorflow
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest, Tensor, input_names
from sparktune.columns.schema import Feature, Schema, places_of
from sparktune.quiet import quiet

FOLDER = "saved_model"


@final
class SavedModelEngine(Engine):
    """A TensorFlow SavedModel, called by its signature `serving_default` as TensorFlow Serving does."""

    requires = ("tensorflow",)

    def __init__(self, serve: Any, manifest: Manifest) -> None:
        self._serve = serve
        self._features = manifest.columns.features
        self._names = manifest.serving
        self._dtype = manifest.tensor.dtype

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Write the SavedModel with its signature."""
        write_saved_model(trained.model, trained.tensor, trained.schema, folder / FOLDER)
        return FOLDER

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """The signature; custom layers need not be importable."""
        with quiet():
            import tensorflow as tf

            loaded = tf.saved_model.load(folder / manifest.engines["tensorflow"])
        return cls(loaded.signatures["serving_default"], manifest)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        import tensorflow as tf

        flat = np.ascontiguousarray(x, self._dtype).reshape(len(x), int(np.prod(x.shape[1:])))
        columns = {
            self._names[feature.name]: tf.constant(flat[:, place].reshape(len(x), *_shape(feature)))
            for feature, place in zip(self._features, places_of(self._features), strict=True)
        }
        raw = np.asarray(self._serve(**columns)["output_0"], np.float32)
        return raw.reshape(len(x), int(np.prod(raw.shape[1:])))

    @classmethod
    def limit_threads(cls, threads: int) -> None:
        """Keep TensorFlow to the CPU and to `threads` threads."""
        limit_tensorflow(threads)


def _shape(feature: Feature) -> tuple[int, ...]:
    """The shape of a row's numbers: none for a single one."""
    if feature.encoder is None:
        return feature.shape
    return () if feature.width == 1 else (feature.width,)


def write_saved_model(model: Any, tensor: Tensor, schema: Schema, folder: Path) -> None:
    """Write a TensorFlow SavedModel whose signature `serving_default` takes the columns by `input_names`.

    A scalar column has shape (rows,), so that a row of a REST request is {"age": 3}; a column of arrays has
    shape (rows, *shape), an encoded one that of its numbers. All have the dtype of `tensor`. The answer is
    `output_0`, (rows, outputs).

    Raises:
        OSError: it cannot be written.
    """
    import keras
    import tensorflow as tf

    names = input_names(schema)
    pairs = zip(schema.features, places_of(schema.features), strict=True)
    in_order = [feature for feature, _ in sorted(pairs, key=lambda pair: pair[1].start)]

    def serve(columns: dict[str, Any]) -> Any:
        parts = [tf.reshape(columns[names[f.name]], (-1, f.width)) for f in in_order]
        rows = parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)
        return model(tf.reshape(rows, (-1, *tensor.shape)), training=False)

    archive = keras.export.ExportArchive()
    archive.track(model)
    specs = {
        names[f.name]: tf.TensorSpec((None, *_shape(f)), tensor.dtype, name=names[f.name])
        for f in schema.features
    }
    archive.add_endpoint("serve", serve, [specs])
    try:
        archive.write_out(folder, verbose=False)
    except tf.errors.OpError as error:  # a full disk, as TensorFlow says it
        raise OSError(str(error)) from error
