"""Small data sets and studies that the tests of training share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sparktune.columns.schema import Feature, Scaling, Schema
from sparktune.data.dataset import Dataset, Rows
from sparktune.spec import StudySpec
from sparktune.trial import Trial, TrialResult

MODULE = """
import keras
import tensorflow as tf

TOUCHED = []


class Touch(keras.callbacks.Callback):
    def __init__(self, stop_at):
        super().__init__()
        self.stop_at = stop_at

    def on_epoch_end(self, epoch, logs=None):
        TOUCHED.append(sorted(logs))
        self.model.stop_training = epoch + 1 == self.stop_at


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


@keras.saving.register_keras_serializable(package="tests")
class Forgetful(keras.layers.Layer):
    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {"name": self.name}


class Stubborn(keras.layers.Layer):
    def __init__(self, secret):
        super().__init__()
        self.secret = secret

    def call(self, x):
        return x


class Plain(keras.layers.Layer):
    def call(self, x):
        return x


@keras.saving.register_keras_serializable(package="tests")
class Free(keras.Model):
    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.head = keras.layers.Dense(units, activation="softmax")

    def call(self, x):
        return self.head(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def stack(input_shape, outputs, *layers, last="softmax"):
    return keras.Sequential([keras.Input(input_shape), *layers, keras.layers.Dense(outputs, activation=last)])


def good(params, input_shape, outputs):
    return stack(input_shape, outputs, keras.layers.Dense(params.get("units", 4)), Doubled())


def unregistered(params, input_shape, outputs):
    return stack(input_shape, outputs, Plain())


def drawn(params, input_shape, outputs):
    model = good(params, input_shape, outputs)
    model.set_weights([tf.random.normal(weight.shape) for weight in model.get_weights()])
    return model


def for_any_label(params, input_shape, outputs):
    hidden = keras.layers.Dense(params.get("units", 4))
    return stack(input_shape, outputs, hidden, last="sigmoid" if outputs == 1 else "softmax")


def free(params, input_shape, outputs):
    return Free(outputs)


def unbuilt(params, input_shape, outputs):
    return keras.Sequential([keras.layers.Dense(outputs, activation="softmax")])


def raising(params, input_shape, outputs):
    raise RuntimeError("no such units")


def picky(params, input_shape, outputs):
    if params["units"] == 3:
        raise RuntimeError("three is too many")
    return good(params, input_shape, outputs)


def exiting(params, input_shape, outputs):
    raise SystemExit(3)


def interrupted(params, input_shape, outputs):
    raise KeyboardInterrupt


def nothing(params, input_shape, outputs):
    return None


def narrow(params, input_shape, outputs):
    return stack(input_shape, outputs + 1)


def other_input(params, input_shape, outputs):
    return stack((17,), outputs)


def logits(params, input_shape, outputs):
    return stack(input_shape, outputs, last=None)


def with_lambda(params, input_shape, outputs):
    inner = keras.Sequential([keras.Input(input_shape), keras.layers.Lambda(lambda x: x * 2, name="twice")])
    return stack(input_shape, outputs, inner)


def with_lambda_activation(params, input_shape, outputs):
    return stack(input_shape, outputs, keras.layers.Dense(3, activation=lambda x: x))


def forgetful(params, input_shape, outputs):
    return stack(input_shape, outputs, Forgetful(7.0))


def stubborn(params, input_shape, outputs):
    return stack(input_shape, outputs, Stubborn(object()))


def two_arguments(params, input_shape):
    return None


NUMBER = 5
"""


@pytest.fixture(scope="session")
def user_module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Name of a module that a user wrote, importable for the whole session."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "user_models.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield "user_models"


@pytest.fixture(scope="session")
def schema_of() -> Callable[..., Schema]:
    """Builds a schema from an input shape and a task."""

    def build(shape: tuple[int, ...], task: str = "classes", outputs: int = 3, **more: Any) -> Schema:
        several = tuple(range(outputs))
        classes = {"binary": (0, 1), "classes": several, "labels": several, "regression": ()}[task]
        feature = Feature(name="x", shape=shape)
        given = {
            "features": (feature,),
            "input_shape": shape,
            "task": task,
            "classes": classes,
            "outputs": outputs,
        }
        return Schema(**{**given, **more})

    return build


@pytest.fixture(scope="session")
def spec_of() -> Callable[..., StudySpec]:
    """Builds a study from its sections; the space searches the batch size where none is given."""

    def build(space: dict[str, Any] | None = None, **sections: Any) -> StudySpec:
        return StudySpec(search={"space": space or {"batch_size": [32]}}, **sections)

    return build


@pytest.fixture(scope="session")
def trial_of() -> Callable[..., Trial]:
    """Builds a trial from its parameters."""

    def build(best: float | None = None, seed: int = 5, **params: Any) -> Trial:
        return Trial("study", 3, params, seed, () if best is None else ((best,),))

    return build


@pytest.fixture(scope="session")
def blobs(schema_of: Callable[..., Schema]) -> Dataset:
    """Three clouds of six numbers, easily told apart; raw numbers around 100, scaled inside the model."""
    random = np.random.default_rng(0)
    y = np.arange(240) % 3
    x = (100 + 10 * (random.standard_normal((240, 6)) + 4 * np.eye(3, 6)[y])).astype(np.float32)
    scaling = Scaling(offset=tuple(x[:180].mean(0).tolist()), scale=tuple(x[:180].std(0).tolist()))
    rows = [Rows(x[s], y[s].astype(np.int32)) for s in (slice(180), slice(180, None))]
    return Dataset(rows[0], rows[1], None, schema_of((6,), scaling=scaling), "blobs")


@pytest.fixture(scope="session")
def line(schema_of: Callable[..., Schema]) -> Dataset:
    """y = 2x - 1 for six values of x."""
    x = np.array([[-1], [0], [1], [2], [3], [4]], np.float32)
    rows = Rows(x, 2 * x[:, 0] - 1)
    return Dataset(rows, rows, None, schema_of((1,), "regression", 1), "line")


@pytest.fixture(scope="session")
def completed(
    blobs: Dataset, spec_of: Callable[..., StudySpec], trial_of: Callable[..., Trial]
) -> TrialResult:
    """A trial of ten epochs whose best is not the last: the learning rate is far too high."""
    from sparktune.training import run_trial

    spec = spec_of(training={"epochs": 10, "learning_rate": 0.3})
    return run_trial(trial_of(batch_size=32), spec, blobs)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], Any]:
    """Loads the bytes of a `.keras` file in safe mode."""

    def load(model: bytes) -> Any:
        import keras

        path = tmp_path_factory.mktemp("model") / "model.keras"
        path.write_bytes(model)
        return keras.saving.load_model(path, safe_mode=True)

    return load
