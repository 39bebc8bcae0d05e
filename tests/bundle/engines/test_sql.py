"""The engine `sql` in a bundle: exported on request, or read from the file of `numpy`."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.engines.sql import SqlEngine, row_in_sql
from sparktune.bundle.payload import load_payload, to_payload
from sparktune.errors import BundleError
from tests.bundle.engines.test_numpy import convolutional
from tests.bundle.models import BINARY, CLASSES, REGRESSION, inputs, keras_model, lineage


def test_it_reads_the_file_of_numpy_and_python_computes_as_numpy(bundles: dict[str, Bundle]) -> None:
    bundle, x = bundles["binary"].with_engine("sql"), inputs("binary", 5)
    assert isinstance(bundle.engine, SqlEngine)
    expected = bundles["binary"].predict(x)
    np.testing.assert_array_equal(bundle.predict(x), expected)
    sent = pickle.loads(pickle.dumps(to_payload(bundle)))
    np.testing.assert_array_equal(load_payload(sent, threads=1).engine.predict(x), expected)


@pytest.mark.parametrize(
    ("schema", "message"),
    [(CLASSES, "column 'pixels' is of kind 'array'"), (REGRESSION, "column 'b' is of kind 'array'")],
)
def test_columns_of_arrays_are_refused(schema, message) -> None:
    names = [feature.name for feature in schema.features]
    with pytest.raises(BundleError, match=f"{message} and type .*: use the engine numpy"):
        row_in_sql(schema, names)


def test_models_that_are_not_dense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no"):
        export_bundle(
            convolutional(tmp_path / "m.keras"), CLASSES, lineage(), tmp_path / "bundle", ["sql", "keras"]
        )
    keras_model("classes").save(tmp_path / "m.keras")
    with pytest.raises(BundleError, match="column 'pixels' is of kind 'array'"):
        export_bundle(tmp_path / "m.keras", CLASSES, lineage(), tmp_path / "bundle", ["sql", "keras"])
    assert not (tmp_path / "bundle").exists()
    row = row_in_sql(BINARY, [f"f{n}" for n in range(20)])
    assert row[1] == "CAST(CAST(coalesce(f1, 0) AS FLOAT) AS DOUBLE)"
