"""How MLflow loads a bundle and predicts with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.labels import label_kind, labels
from sparktune.bundle.load import open_folder
from sparktune.bundle.mlflow.model import OUTPUT, OUTPUTS
from sparktune.columns.schema import Schema
from sparktune.errors import ScoringError

if TYPE_CHECKING:
    import pandas as pd


@final
class BundleModel:
    """A bundle behind MLflow's `predict`: columns in, labels and probabilities, or raw outputs, out."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, frame: Any, params: Mapping[str, Any] | None = None) -> "np.ndarray | pd.DataFrame":
        """The answers to the rows of a pandas DataFrame.

        Args:
            frame: the rows, one column for each feature.
            params: `output`, either `both`, which the signature has by default: a frame as `score` writes it;
                or `raw`: raw outputs, float32 (rows, outputs), as models of earlier versions answer, whose
                signatures have no parameters.

        Raises:
            MlflowException: there is no such output, a column is missing or cannot be encoded, or, of raw
                outputs, a row holds a NULL.
        """
        from mlflow.exceptions import MlflowException

        output = (params or {}).get(OUTPUT, "raw")
        try:
            if output not in OUTPUTS:
                raise ScoringError(f"{OUTPUT} must be {' or '.join(OUTPUTS)}, but got {output!r}")
            if output == "raw":
                return self.bundle.predict(self.bundle.rows(frame))
            x, valid = self.bundle.inputs(frame)
            raw = self.bundle.predict(x)
        except ScoringError as error:  # which MLflow's server would hide behind a general text
            raise MlflowException.invalid_parameter_value(str(error)) from None
        return _answers(self.bundle.schema, np.where(valid[:, np.newaxis], raw, np.float32(np.nan)))


def _answers(schema: Schema, raw: np.ndarray) -> "np.ndarray | pd.DataFrame":
    """`prediction` and, of labels, `probability`; None where outputs are NaN."""
    import pandas as pd

    if schema.task == "regression" and schema.outputs > 1:
        return raw  # as MLflow's Spark function takes no arrays from a frame of one column
    known = ~np.isnan(raw).any(axis=1)
    found = labels(schema, raw)
    if schema.task in ("binary", "classes") and label_kind(schema) == "string":
        found = list(map(str, found))
    columns = {"prediction": found}
    if schema.task != "regression":
        columns["probability"] = (raw[:, 0] if schema.outputs == 1 else raw).astype(np.float64).tolist()
    dtype = None if known.all() else object
    series = {name: pd.Series(column, dtype=dtype) for name, column in columns.items()}
    return pd.DataFrame({name: column.where(known, None) for name, column in series.items()})


def _load_pyfunc(data_path: str) -> BundleModel:
    """MLflow's hook."""
    return BundleModel(open_folder(Path(data_path)))
