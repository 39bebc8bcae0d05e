"""The exported best model: what it is, and what it predicts."""

from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.registry import load_engine
from sparktune.bundle.labels import labels
from sparktune.bundle.manifest import Lineage, Manifest, check_unchanged
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError


@final
class Bundle:
    """A model on disk with its columns, label map and lineage. The model itself is loaded when first needed.

    `sparktune.load` and `export_bundle` make one; its files have been compared with their digests, and those
    of a model are compared again when it is loaded.

    Attributes:
        path: the bundle's folder.
        manifest: what it says about itself.
    """

    def __init__(self, path: Path, manifest: Manifest, engine: Engine | None = None) -> None:
        self.path = path
        self.manifest = manifest
        self._loaded = engine
        self._origin: Bundle | None = None

    def __repr__(self) -> str:
        best = self.lineage
        return f"Bundle({str(self.path)!r}, {best.study} trial {best.trial}, {best.metric}={best.value:g})"

    @property
    def schema(self) -> Schema:
        """The columns, the task and the label map."""
        return self.manifest.columns

    @property
    def lineage(self) -> Lineage:
        """The study, the trial and the value that the model comes from."""
        return self.manifest.lineage

    def with_engine(self, name: str) -> "Bundle":
        """The same bundle, predicting with another one of its engines: `keras` say.

        Raises:
            BundleError: the bundle does not have it.
        """
        other = Bundle(self.path, self.manifest.with_engine(name))
        other._origin = self  # the files of one that comes from MLflow live as long as it does
        return other

    @cached_property
    def engine(self) -> Engine:
        """What predicts, loaded.

        Raises:
            BundleError: no installed package has it, it cannot be loaded safely, or a file of it has changed.
        """
        if self._loaded is not None:
            return self._loaded
        check_unchanged(self.path, self.manifest, self.manifest.engine)
        return load_engine(self.path, self.manifest)

    @cached_property
    def model(self) -> Any:
        """The Keras model that the bundle was made from, loaded in safe mode, not compiled.

        Raises:
            BundleError: the bundle holds none, it cannot be loaded safely, or its file has changed.
        """
        from sparktune.bundle.engines.checks import keras_model

        return keras_model(self.path, self.manifest, self.engine)

    @np.errstate(over="ignore")
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of raw inputs x (rows, *input_shape) or (rows, width).

        Models compute in float32: a number beyond its range is infinite.

        Raises:
            ScoringError: x has another width.
        """
        return self.engine.predict(self._checked(x))

    def rows(self, frame: Any) -> np.ndarray:
        """Inputs (rows, *input_shape) from columns by name: a DataFrame, an Arrow table or a dict of columns.

        A column holds scalars, (nested) arrays or float32 bytes. An array is taken as the inputs themselves.

        Raises:
            ScoringError: a column is missing, not numeric, ragged, or holds a NULL.
        """
        x, valid = self.inputs(frame)
        if not valid.all():
            raise ScoringError(
                f"features must not hold NULL, but row {int(valid.argmin())} does; drop or fill it"
            )
        return x

    def inputs(self, frame: Any) -> tuple[np.ndarray, np.ndarray]:
        """Inputs as `rows` gives them, and which rows hold no NULL, (rows,) bool: the others mean nothing.

        Raises:
            ScoringError: a column is missing, not numeric or ragged.
        """
        from sparktune.columns.inputs import side_by_side  # Arrow, which an export does without
        from sparktune.columns.names import find

        if isinstance(frame, np.ndarray):
            x, valid = self._checked(frame), np.ones(len(frame), bool)
        else:
            names = list(getattr(frame, "column_names", frame))
            columns = [frame[find(f.name, names)] for f in self.schema.features]
            pairs = zip(columns, self.schema.features, strict=True)
            arrays = [_of_pandas(*pair) if hasattr(pair[0], "iloc") else pair[0] for pair in pairs]
            x, valid = side_by_side(arrays, self.schema.features, np.dtype(self.manifest.tensor.dtype))
        return x.reshape(len(x), *self.schema.input_shape), valid

    def labels(self, raw: np.ndarray) -> list[Any]:
        """The decoded label of each row of raw outputs; for regression the value. NaN has no label: None."""
        return labels(self.schema, raw)

    def _checked(self, x: np.ndarray) -> np.ndarray:
        width = int(np.prod(self.schema.input_shape))
        if x.dtype.kind not in "biuf":
            raise ScoringError(f"inputs must be numbers, but got dtype {x.dtype}")
        if int(np.prod(x.shape[1:])) != width:
            raise ScoringError(
                f"inputs must have shape (rows, *{self.schema.input_shape}), but got {x.shape}"
            )
        return x


def _of_pandas(column: Any, feature: Feature) -> np.ndarray:
    """The values of a pandas column as numpy, which keeps NaN apart from NULL.

    Where all raw values are missing, dates or words too, pandas has NaN alone: they are None here.
    """
    values: np.ndarray = column.to_numpy()
    missing = feature.encoder is not None and values.dtype.kind == "f" and np.isnan(values).all()
    return np.full(len(values), None) if missing else values
