"""NumPy as an engine: what it takes, what it leaves to Keras, and that it starts without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from sparktune.bundle import Bundle, export_bundle, load_bundle
from sparktune.bundle.engines.numpy import NumpyEngine
from sparktune.bundle.engines.program import compute
from sparktune.errors import BundleError
from tests.bundle.models import BINARY, CLASSES, inputs, keras_model, lineage


def convolutional(file: Path) -> Path:
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.save(file)
    return file


def test_keras_predicts_where_there_is_no_operation(tmp_path: Path) -> None:
    file = convolutional(tmp_path / "m.keras")
    bundle = export_bundle(file, CLASSES, lineage(), tmp_path / "bundle")
    assert list(bundle.manifest.engines) == ["keras", "tensorflow"]
    with pytest.raises(BundleError, match="engine must be one that the bundle has, keras or tensorflow"):
        bundle.with_engine("numpy")
    with pytest.raises(BundleError, match=r"numpy has no convolution|has no operation"):
        export_bundle(file, CLASSES, lineage(), tmp_path / "other", ["numpy", "keras"])
    assert not (tmp_path / "other").exists()


def test_keras_predicts_where_numpy_answers_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong product, on the given rows alone, is noticed at export."""

    def wrong(dense: object, x: np.ndarray, over: bool) -> np.ndarray:
        found = compute._dense(dense, x, over)  # type: ignore[arg-type]
        return np.where(x[:, :1] > 2, found + 1e-3, found)

    monkeypatch.setitem(compute.KERNELS, compute.Dense, wrong)
    keras_model("binary").save(tmp_path / "m.keras")
    usual, odd = inputs("binary", 30), inputs("binary", 30)
    odd[17, 0] = 9.0
    for name, rows, engine in (("usual", usual, "numpy"), ("odd", odd, "keras")):
        bundle = export_bundle(tmp_path / "m.keras", BINARY, lineage(), tmp_path / name, verify_on=rows)
        assert bundle.manifest.engine == engine
        load_bundle(bundle.path)
    with pytest.raises(BundleError, match="NumpyEngine must answer what Keras does"):
        export_bundle(
            tmp_path / "m.keras", BINARY, lineage(), tmp_path / "n", ["numpy", "keras"], verify_on=odd
        )


def test_labels_are_those_of_keras(bundles: dict[str, Bundle]) -> None:
    for kind in ("binary", "classes"):
        bundle, x = bundles[kind], inputs(kind, 2000)
        assert isinstance(bundle.engine, NumpyEngine)
        assert bundle.labels(bundle.predict(x)) == bundle.labels(bundle.with_engine("keras").predict(x))


def test_a_bundle_of_an_earlier_version_scores_as_before(tmp_path: Path) -> None:
    """It has the engines keras and tensorflow alone."""
    keras_model("binary").save(tmp_path / "m.keras")
    old = export_bundle(tmp_path / "m.keras", BINARY, lineage(), tmp_path / "bundle", ["keras", "tensorflow"])
    assert load_bundle(old.path).manifest.engine == "keras"
    assert load_bundle(old.path, engine="tensorflow").manifest.engine == "tensorflow"


ALONE = """
import sys
import numpy as np
import sparktune
bundle = sparktune.load(sys.argv[1])
assert bundle.predict(np.zeros((3, 20), "f4")).shape == (3, 1)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"tensorflow", "keras", "mlflow", "pyspark", "pandas", "scipy", "pyarrow"}))
"""


def test_predicting_loads_nothing_heavy(bundles: dict[str, Bundle]) -> None:
    command = [sys.executable, "-c", ALONE, str(bundles["binary"].path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
