"""How MLflow loads a bundle and predicts with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from sparktune.bundle import Bundle
from sparktune.bundle.mlflow.pyfunc import BundleModel, _load_pyfunc
from sparktune.errors import BundleError
from tests.bundle.models import inputs


def test_columns_go_in_by_name_and_raw_outputs_come_out(bundles: dict[str, Bundle]) -> None:
    bundle, x = bundles["binary"], inputs("binary", 5)
    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(20)])
    answer = _load_pyfunc(str(bundle.path)).predict(frame[frame.columns[::-1]])
    assert (answer.dtype, answer.shape) == (np.float32, (5, 1))
    np.testing.assert_allclose(answer, bundle.predict(x), atol=1e-6)


def test_rows_that_cannot_be_scored_are_refused(bundles: dict[str, Bundle]) -> None:
    model = BundleModel(bundles["regression"])
    with pytest.raises(MlflowException, match="'b' is missing"):
        model.predict(pd.DataFrame({"a": [1]}))
    with pytest.raises(MlflowException, match="row 0 does"):
        model.predict(pd.DataFrame({"a": [None], "b": [[1.0, 2.0, 3.0]]}))
    with pytest.raises(MlflowException, match="output must be both or raw, but got 'label'"):
        model.predict(pd.DataFrame(), {"output": "label"})


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_answers_are_labels_and_probabilities(bundles: dict[str, Bundle], kind: str) -> None:
    bundle, x = bundles[kind], inputs(kind, 5)
    flat = x.reshape(5, -1).tolist()
    values = {
        "binary": lambda: {f"f{i}": column for i, column in enumerate(x.T)},
        "classes": lambda: {"pixels": [None, *flat[1:]]},
        "regression": lambda: {"a": x[:, 0], "b": x[:, 1:].tolist()},
    }
    rows = BundleModel(bundle).predict(pd.DataFrame(values[kind]()), {"output": "both"}).to_dict("records")
    raw = bundle.predict(x)
    names = ["prediction"] if kind == "regression" else ["prediction", "probability"]
    assert [list(row) for row in rows] == [names] * 5
    if kind == "classes":
        assert rows.pop(0) == {"prediction": None, "probability": None}
        raw = raw[1:]
    assert [row["prediction"] for row in rows] == bundle.labels(raw)
    if kind != "regression":
        np.testing.assert_allclose([np.ravel(row["probability"]) for row in rows], raw, atol=1e-6)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be a bundle"):
        _load_pyfunc(str(tmp_path))
