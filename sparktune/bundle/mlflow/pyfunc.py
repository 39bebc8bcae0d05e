"""How MLflow loads a bundle and predicts with it."""

from pathlib import Path
from typing import Any, final

import numpy as np

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.load import open_folder


@final
class BundleModel:
    """A bundle behind MLflow's `predict`: columns in, raw outputs, float32 (rows, outputs), out."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def predict(self, frame: Any) -> np.ndarray:
        """Raw outputs of the rows of a pandas DataFrame.

        Raises:
            ScoringError: a column is missing, not numeric, ragged, or holds a NULL.
        """
        return self.bundle.predict(self.bundle.rows(frame))


def _load_pyfunc(data_path: str) -> BundleModel:
    """MLflow's hook."""
    return BundleModel(open_folder(Path(data_path)))
