"""An engine is compared with the Keras model that it was made from."""

from pathlib import Path

import numpy as np
import pytest

from sparktune.bundle import Bundle, Engine
from sparktune.bundle.engines.checks import check_engine, keras_model
from sparktune.bundle.engines.registry import engine_class
from sparktune.bundle.engines.trained import TrainedModel
from sparktune.errors import BundleError
from tests.bundle.models import BINARY, by_keras, inputs


class Silent(Engine):
    """Answers `answer`, whatever the inputs."""

    def __init__(self, answer: list[list[float]]) -> None:
        self.answer = answer

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        return ""

    @classmethod
    def load(cls, folder: Path, manifest: object) -> "Silent":
        return cls([])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.array(self.answer, "f4")


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_built_in_engines_pass(bundles: dict[str, Bundle], name: str) -> None:
    bundle = bundles["binary"]
    trained = TrainedModel(bundle.path / "model.keras", BINARY)
    check_engine(engine_class(name).load(bundle.path, bundle.manifest), trained)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[0.1, 0.2], [0.1, 0.2]], r"1 outputs \(binary\), but got 2"),
        ([[0.1], [0.2]], "Silent must answer what Keras does"),
        ([[np.nan], [np.nan]], "Silent must answer what Keras does"),
    ],
)
def test_other_answers_are_refused(
    bundles: dict[str, Bundle], answer: list[list[float]], message: str
) -> None:
    trained = TrainedModel(bundles["binary"].path / "model.keras", BINARY)
    with pytest.raises(BundleError, match=message):
        check_engine(Silent(answer), trained)


def test_the_keras_model_is_there_beside_another_engine(bundles: dict[str, Bundle]) -> None:
    bundle, x = bundles["binary"], inputs("binary", 3)
    model = keras_model(bundle.path, bundle.manifest, Silent([]))
    np.testing.assert_allclose(model.predict(x, verbose=0), by_keras(bundle, x), atol=1e-6)
    without = bundle.manifest.model_copy(update={"engines": {"silent": ""}})
    with pytest.raises(BundleError, match="holds no Keras model: export it with the engine 'keras'"):
        keras_model(bundle.path, without, Silent([]))
