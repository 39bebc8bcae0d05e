"""A study small enough to train in a test: two classes on a line, four trials."""

from pathlib import Path
from typing import Any

import numpy as np


def data(rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """x (rows, 3) float32 and whether its first column is positive."""
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32")


def document(folder: Path, **sections: Any) -> dict[str, Any]:
    """A spec whose files all lie below `folder`; `sections` replace those of the default."""
    return {
        "study": {"name": "small", "seed": 1},
        "data": {"validation": {"fraction": 0.25}, "test": {"fraction": 0.2}, "scale": "standardize"},
        "search": {"space": {"neurons": [2, 4], "learning_rate": [0.01, 0.1]}},
        "training": {"epochs": 3, "batch_size": 16},
        "resources": {"parallelism": 2},
        "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        "output": {"directory": str(folder / "studies")},
        **sections,
    }
