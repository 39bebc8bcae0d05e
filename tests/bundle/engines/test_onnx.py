"""ONNX as an engine: convolutional models without TensorFlow."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from sparktune.bundle import export_bundle, load_bundle
from sparktune.bundle.engines import onnx
from sparktune.bundle.payload import to_payload
from sparktune.errors import BundleError
from tests.bundle.engines.test_numpy import convolutional
from tests.bundle.models import CLASSES, inputs, keras_model, lineage

ALONE = """
import pickle, sys
from sparktune.bundle.payload import load_payload
payload, x = pickle.load(sys.stdin.buffer)
answer = load_payload(payload, threads=1).engine.predict(x)
assert not {"tensorflow", "keras", "onnx"} & set(sys.modules)
sys.stdout.buffer.write(answer.tobytes())
"""


def test_a_convolutional_model_scores_where_there_is_no_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, x = convolutional(tmp_path / "m.keras"), inputs("classes", 200)
    export_bundle(file, CLASSES, lineage(), tmp_path / "bundle", ["onnx", "keras"], verify_on=x)
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.manifest.engine == "onnx"
    by_keras = bundle.with_engine("keras").predict(x)
    monkeypatch.setattr(onnx, "CHUNK_ROWS", (64, 64))  # in several chunks
    np.testing.assert_allclose(bundle.predict(x), by_keras, atol=1e-5)
    sent = pickle.dumps((to_payload(bundle), x))
    done = subprocess.run([sys.executable, "-c", ALONE], input=sent, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    np.testing.assert_allclose(np.frombuffer(done.stdout, "f4").reshape(200, 3), by_keras, atol=1e-5)


def of_a_builder(file: Path) -> Path:
    """A model with layers that are not written here, but by Keras."""
    steps = [
        layers.Reshape((8, 8, 1)),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.LayerNormalization(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, "softmax"),
    ]
    keras.Sequential([keras.Input((8, 8)), *steps]).save(file)
    return file


def test_the_model_of_a_builder_is_exported_by_keras(tmp_path: Path) -> None:
    file, x = of_a_builder(tmp_path / "m.keras"), inputs("classes", 100)
    bundle = export_bundle(file, CLASSES, lineage(), tmp_path / "bundle", ["onnx", "keras"], verify_on=x)
    assert load_bundle(bundle.path).manifest.engine == "onnx"
    np.testing.assert_allclose(bundle.predict(x), bundle.with_engine("keras").predict(x), atol=1e-5)
    assert bundle.predict(x[:0]).shape == (0, 3)


def test_what_keras_cannot_export_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = of_a_builder(tmp_path / "m.keras")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    message = r"type DepthwiseConv2D has no operation.* needs tf2onnx: pip install 'sparktune\[onnx\]'"
    with pytest.raises(BundleError, match=message):
        export_bundle(file, CLASSES, lineage(), tmp_path / "bundle", ["onnx", "keras"])


@keras.saving.register_keras_serializable("onnx")
class Fresnel(layers.Layer):
    """What TensorFlow computes, and ONNX has no operation for."""

    def call(self, x: Any) -> Any:
        return tf.math.special.fresnel_sin(x)


def test_an_operation_that_onnx_lacks_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), Fresnel(), layers.Dense(3, "softmax")])
    model.save(tmp_path / "m.keras")
    with pytest.raises(BundleError, match=r"onnxruntime cannot compute the model: .*FresnelSin"):
        export_bundle(tmp_path / "m.keras", CLASSES, lineage(), tmp_path / "bundle", ["onnx", "keras"])


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_the_extra_is_named_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    keras_model("classes").save(tmp_path / "m.keras")
    with pytest.raises(BundleError, match=r"pip install 'sparktune\[onnx\]'"):
        export_bundle(tmp_path / "m.keras", CLASSES, lineage(), tmp_path / "bundle", ["onnx", "keras"])
