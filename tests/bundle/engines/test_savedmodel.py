"""The SavedModel takes columns by name and answers what Keras does."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.engines.savedmodel import SavedModelEngine
from sparktune.columns.schema import Feature
from tests.bundle.models import REGRESSION, by_keras, inputs, keras_model, lineage


def served(bundle: Bundle, x: np.ndarray) -> np.ndarray:
    """What the loaded signature answers to one tensor for each column."""
    serve = tf.saved_model.load(bundle.path / "saved_model").signatures["serving_default"]
    flat, tensors, at = x.reshape(len(x), -1), {}, 0
    for feature in bundle.schema.features:
        column = flat[:, at : at + feature.width].reshape(len(x), *feature.shape)
        tensors[bundle.manifest.serving[feature.name]] = tf.constant(column, tf.float32)
        at += feature.width
    assert set(serve.structured_input_signature[1]) == set(tensors)
    return np.asarray(serve(**tensors)["output_0"])


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_columns_go_in_by_name(bundles: dict[str, Bundle], kind: str) -> None:
    bundle, x = bundles[kind], inputs(kind, 7)
    assert list(bundle.manifest.serving) == [f.name for f in bundle.schema.features]
    assert list(bundle.manifest.serving.values()) == list(bundle.manifest.serving)
    np.testing.assert_allclose(served(bundle, x), by_keras(bundle, x), atol=1e-6)


def test_columns_have_their_own_shapes(bundles: dict[str, Bundle]) -> None:
    serve = tf.saved_model.load(bundles["regression"].path / "saved_model").signatures["serving_default"]
    shapes = {name: spec.shape.as_list() for name, spec in serve.structured_input_signature[1].items()}
    assert shapes == {"a": [None], "b": [None, 3]}


def test_other_names_are_numbered(tmp_path: Path) -> None:
    names = ("self", "a b", "Age", "age")
    schema = REGRESSION.model_copy(update={"features": tuple(Feature(name=name) for name in names)})
    keras_model("regression").save(tmp_path / "m.keras")
    bundle = export_bundle(tmp_path / "m.keras", schema, lineage(), tmp_path / "bundle")
    x = inputs("regression", 5)
    assert list(bundle.manifest.serving.values()) == ["column_1", "column_2", "Age", "column_4"]
    np.testing.assert_allclose(served(bundle, x), by_keras(bundle, x), atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_it_predicts_what_keras_does(bundles: dict[str, Bundle], kind: str) -> None:
    bundle, x = bundles[kind], inputs(kind, 9)
    engine = SavedModelEngine.load(bundle.path, bundle.manifest)
    for given in (x, x.reshape(9, -1), x[:0]):
        raw = engine.predict(given)
        assert (raw.dtype, raw.shape) == (np.float32, (len(given), bundle.schema.outputs))
        np.testing.assert_allclose(raw, bundle.predict(given), atol=1e-6)
