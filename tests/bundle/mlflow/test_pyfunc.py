"""How MLflow loads a bundle and predicts with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.pyfunc import BundleModel, _load_pyfunc
from sparktune.errors import BundleError, ScoringError
from tests.bundle.models import inputs


def test_columns_go_in_by_name_and_raw_outputs_come_out(bundles: dict[str, Bundle]) -> None:
    bundle, x = bundles["binary"], inputs("binary", 5)
    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(20)])
    answer = _load_pyfunc(str(bundle.path)).predict(frame[frame.columns[::-1]])
    assert (answer.dtype, answer.shape) == (np.float32, (5, 1))
    np.testing.assert_allclose(answer, bundle.predict(x), atol=1e-6)


def test_rows_that_cannot_be_scored_are_refused(bundles: dict[str, Bundle]) -> None:
    model = BundleModel(bundles["regression"])
    with pytest.raises(ScoringError, match="'b' is missing"):
        model.predict(pd.DataFrame({"a": [1]}))
    with pytest.raises(ScoringError, match="row 0 does"):
        model.predict(pd.DataFrame({"a": [None], "b": [[1.0, 2.0, 3.0]]}))


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be a bundle"):
        _load_pyfunc(str(tmp_path))
