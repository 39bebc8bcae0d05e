import importlib

import numpy as np
import pytest

from sparktune.errors import DataError

X = np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2)
Y = np.arange(60, dtype=np.uint8) % 10


def test_digits(load):
    data = load(source="digits", scale=16)
    assert len(data.train) == 1438 and len(data.validation) == 359 and data.test is None
    assert data.train.x.dtype == np.uint8 and data.train.x.max() == 16 and data.schema.input_shape == (8, 8)
    assert data.schema.outputs == 10
    counts = np.bincount(data.validation.y)
    assert counts.min() >= 34 and counts.max() <= 37, "the fraction is stratified"


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_downloaded_images(load, monkeypatch, name):
    module = importlib.import_module(f"keras.datasets.{name}")
    monkeypatch.setattr(module, "load_data", lambda: ((X[:50], Y[:50]), (X[50:], Y[50:])))
    data = load(source=name, validation={"last": 10})
    assert [len(r) for r in (data.train, data.validation, data.test)] == [40, 10, 10]
    np.testing.assert_array_equal(data.test.x, X[50:])


def test_a_failed_download_names_the_way_out(load, monkeypatch):
    def unreachable():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(importlib.import_module("keras.datasets.mnist"), "load_data", unreachable)
    with pytest.raises(
        DataError, match=r"mnist cannot be downloaded: URL fetch failure; give data\.path, a folder"
    ):
        load(source="mnist")


def test_images_from_an_archive(load, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=X[:50], y_train=Y[:50], x_test=X[50:], y_test=Y[50:])
    data = load(source="mnist", path=str(path), validation={"last": 10})
    assert len(data.test) == 10 and data.schema.features[0].name == "image"


def test_images_from_a_folder(load, mnist10k):
    assert len(load(source="fashion_mnist", path=str(mnist10k)).train) == 8000


def test_an_archive_of_something_else(load, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez(path, images=X, labels=Y)
    with pytest.raises(DataError, match=r"image column 'x' is not there"):
        load(source="mnist", path=str(path))
