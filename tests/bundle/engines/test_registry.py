"""Engines are found by name, those of other packages too."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sparktune.bundle import Bundle, Engine, export_bundle, load_bundle
from sparktune.bundle.engines.keras import KerasEngine
from sparktune.bundle.engines.numpy import NumpyEngine
from sparktune.bundle.engines.registry import ENGINES, EXPORTED, engine_class, load_engine
from sparktune.bundle.payload import load_payload, to_payload
from sparktune.errors import BundleError
from tests.bundle.engines.contract import EngineContract
from tests.bundle.models import REGRESSION, inputs, keras_model, lineage

LAYERS = """
import numpy as np
from sparktune.bundle import Engine

class Layers(Engine):
    @classmethod
    def export(cls, trained, folder):
        (folder / "layers").mkdir()
        for index, weight in enumerate(trained.model.get_weights()):
            np.save(folder / "layers" / f"{index}.npy", weight)
        return "layers"

    @classmethod
    def load(cls, folder, manifest):
        engine = cls()
        place = folder / manifest.engines[manifest.engine]
        engine.weights = [np.load(place / f"{index}.npy") for index in range(4)]
        return engine

    def predict(self, x):
        first, bias, second, last = self.weights
        hidden = np.maximum((2 * x.reshape(-1, len(first)).astype("f4") - 1) @ first + bias, 0)
        return hidden @ second + last

class Wrong(Layers):
    def predict(self, x):
        return super().predict(x) + 1
"""


@pytest.fixture
def package(install: Callable[..., Path]) -> None:
    """An installed package with two engines."""
    install("engines_of_others", LAYERS, {"sparktune.engines": {"layers": "Layers", "wrong": "Wrong"}})


def exported(folder: Path, *engines: str) -> Bundle:
    keras_model("regression").save(folder / "m.keras")
    return export_bundle(folder / "m.keras", REGRESSION, lineage(), folder / "bundle", engines)


@pytest.mark.usefixtures("package")
class TestOfAnotherPackage(EngineContract):
    @pytest.fixture
    def name(self) -> str:
        return "layers"

    @pytest.fixture
    def bundle(self, package: None, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
        return exported(tmp_path_factory.mktemp("layers"), "layers", "keras")


def test_the_built_in_engines_are_exported_and_numpy_predicts(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["binary"]
    assert ENGINES.names[:3] == list(EXPORTED) == list(bundle.manifest.engines)
    assert all(issubclass(engine_class(name), Engine) for name in EXPORTED)
    assert bundle.manifest.engine == "numpy"
    assert isinstance(load_engine(bundle.path, bundle.manifest), NumpyEngine)
    assert isinstance(bundle.with_engine("keras").engine, KerasEngine)


@pytest.mark.usefixtures("package")
def test_an_engine_of_another_package_is_exported_and_predicts(tmp_path: Path) -> None:
    bundle = exported(tmp_path, "layers", "keras")
    assert bundle.manifest.engines == {"layers": "layers", "keras": "model.keras"}
    again, x = load_bundle(bundle.path), inputs("regression", 6)
    assert type(again.engine).__name__ == "Layers"
    np.testing.assert_allclose(again.predict(x), again.model.predict(x, verbose=0), atol=1e-5)


@pytest.mark.usefixtures("package")
def test_executors_get_the_files_of_the_engine_that_predicts(tmp_path: Path) -> None:
    bundle, x = exported(tmp_path, "layers", "keras"), inputs("regression", 4)
    payload = to_payload(bundle)
    assert sorted(payload.files) == [f"layers/{index}.npy" for index in range(4)]
    np.testing.assert_array_equal(load_payload(payload, 1).engine.predict(x), bundle.predict(x))


@pytest.mark.usefixtures("package")
def test_an_engine_that_answers_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="Wrong must answer what Keras does"):
        exported(tmp_path, "wrong", "keras")
    assert not (tmp_path / "bundle").exists()


def test_a_bundle_whose_engine_is_not_installed_is_refused(bundles: dict[str, Bundle]) -> None:
    manifest = bundles["binary"].manifest.model_copy(update={"engines": {"abacus": "model.abacus"}})
    with pytest.raises(BundleError, match="but got 'abacus'; install the package that has the engine"):
        load_engine(bundles["binary"].path, manifest)


def test_a_package_that_an_engine_lacks_is_named(
    bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(BundleError, match=r"'keras' needs tensorflow, which .* lacks; install it, or use"):
        _ = bundles["binary"].with_engine("keras").engine
