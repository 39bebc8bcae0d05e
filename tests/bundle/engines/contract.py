"""What every engine promises, as tests; a subclass gives the fixtures `name` and `bundle`.

`name` is the engine's; `bundle` is one of `tests.bundle.models` and has it in its manifest.
"""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from sparktune.bundle import Bundle, Engine
from sparktune.bundle.engines.registry import engine_class
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.bundle.manifest import Manifest
from tests.bundle.models import by_keras, inputs


class EngineContract:
    @pytest.fixture
    def engine(self, name: str, bundle: Bundle) -> Engine:
        return engine_class(name).load(bundle.path, named_first(bundle, name))

    @pytest.fixture
    def x(self, bundle: Bundle) -> np.ndarray:
        return inputs(bundle.schema.task, 8)

    def test_one_float32_row_of_outputs_for_each_row_of_numbers_of_any_type(
        self, engine: Engine, bundle: Bundle, x: np.ndarray
    ) -> None:
        raw = engine.predict(x)
        assert (raw.dtype, raw.shape) == (np.float32, (8, bundle.schema.outputs))
        for same in (x.reshape(8, -1), x.astype("f8")):
            np.testing.assert_array_equal(engine.predict(same), raw)
        assert engine.predict(x[:0]).shape == (0, bundle.schema.outputs)

    def test_it_answers_what_keras_does(self, engine: Engine, bundle: Bundle, x: np.ndarray) -> None:
        np.testing.assert_allclose(engine.predict(x), by_keras(bundle, x), atol=1e-5)

    def test_an_export_names_what_it_wrote(self, name: str, bundle: Bundle, tmp_path: Path) -> None:
        trained = TrainedModel(bundle.path / bundle.manifest.engines["keras"], bundle.schema)
        place = engine_class(name).export(trained, tmp_path)
        assert place == bundle.manifest.engines[name]
        assert (tmp_path / place).exists()

    def test_a_bundle_may_be_moved(
        self, name: str, bundle: Bundle, x: np.ndarray, tmp_path: Path, engine: Engine
    ) -> None:
        moved = shutil.copytree(bundle.path, tmp_path / "moved")
        again = engine_class(name).load(moved, named_first(bundle, name))
        np.testing.assert_array_equal(again.predict(x), engine.predict(x))

    def test_what_it_requires_is_the_name_of_modules(self, name: str) -> None:
        assert all(importlib.util.find_spec(module) for module in engine_class(name).requires)


def named_first(bundle: Bundle, name: str) -> Manifest:
    """The bundle's manifest, with this engine as the one that predicts."""
    engines = bundle.manifest.engines
    return bundle.manifest.model_copy(update={"engines": {name: engines[name], **engines}})
