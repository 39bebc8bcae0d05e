"""What every engine keeps to."""

import doctest
from pathlib import Path

import keras
import numpy as np
import pytest

from sparktune.bundle import Bundle, Engine, export_bundle
from sparktune.bundle.engines import base
from sparktune.bundle.engines.registry import EXPORTED
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest
from sparktune.columns.schema import Feature, Schema
from tests.bundle.engines.contract import EngineContract
from tests.bundle.models import SCHEMAS, keras_model, lineage

BUILT_IN = (*EXPORTED, "onnx")
LINE = Schema(features=(Feature(name="x"),), input_shape=(1,), task="regression", outputs=1)


@pytest.fixture(scope="module")
def of_all_engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle of each task, with every built-in engine."""
    made = {}
    for kind, schema in SCHEMAS.items():
        folder = tmp_path_factory.mktemp(kind)
        keras_model(kind).save(folder / "m.keras")
        made[kind] = export_bundle(folder / "m.keras", schema, lineage(), folder / "bundle", BUILT_IN)
    return made


class TestBuiltIn(EngineContract):
    @pytest.fixture(params=BUILT_IN)
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(params=["binary", "classes", "regression"])
    def bundle(self, of_all_engines: dict[str, Bundle], request: pytest.FixtureRequest) -> Bundle:
        return of_all_engines[request.param]


def test_an_engine_lacks_no_method() -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (Engine,), {"predict": lambda self, x: x})()


def test_the_example_computes_what_keras_does(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    (example,) = [e for e in doctest.DocTestFinder().find(base.Engine, globs={}) if e.examples]
    assert doctest.DocTestRunner().run(example, clear_globs=False).failed == 0
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    engine_of_example: type[Engine] = example.globs["Sum"]
    place = engine_of_example.export(TrainedModel(tmp_path / "m.keras", LINE), tmp_path)
    content = bundles["binary"].manifest.model_dump(by_alias=True)
    manifest = Manifest.model_validate({**content, "engines": {"sum": place}})
    x = np.array([[1.0], [2.0]], "f4")
    answer = engine_of_example.load(tmp_path, manifest).predict(x)
    np.testing.assert_allclose(answer, model.predict(x, verbose=0), atol=1e-6)
