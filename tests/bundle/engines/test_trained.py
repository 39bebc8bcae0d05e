"""The trained model that engines are made from."""

from pathlib import Path

import keras
import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.engines.trained import TrainedModel, load_keras, tensor_of
from sparktune.errors import BundleError
from tests.bundle.models import BINARY, CLASSES


def test_the_input_is_that_of_the_columns(bundles: dict[str, Bundle]) -> None:
    trained = TrainedModel(bundles["classes"].path / "model.keras", CLASSES)
    assert (trained.tensor.shape, trained.tensor.dtype) == ((8, 8), "float32")
    with pytest.raises(BundleError, match=r"must have shape \(20,\), but got \(8, 8\)"):
        TrainedModel(bundles["classes"].path / "model.keras", BINARY).tensor  # noqa: B018


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_text("not a model")
    with pytest.raises(BundleError, match="cannot be loaded in safe mode"):
        load_keras(tmp_path / "model.keras")


def test_a_model_has_one_input() -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    both = keras.Model([a, b], keras.layers.Add()([a, b]))
    with pytest.raises(BundleError, match=r"must have one input, but got 2: \['a', 'b'\]"):
        tensor_of(both, (2,))


def test_an_open_side_fits_any_width() -> None:
    words = keras.Sequential([keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 2)])
    tensor = tensor_of(words, (7,))
    assert (tensor.shape, tensor.dtype) == ((7,), "int32")
