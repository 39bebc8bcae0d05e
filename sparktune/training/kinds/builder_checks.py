"""Tries a user's builder once: does its model build, survive saving, and mean what the label means?"""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec import TrainingSpec
from sparktune.training.kinds.column_inputs import column_parameters
from sparktune.training.objective import loss_of
from sparktune.training.references import mismatch
from sparktune.training.saving import copied, describe

if TYPE_CHECKING:
    import keras

UNREGISTERED = re.compile(r"Could not locate (class|function) '([^']+)'")  # Keras' words
CONFIG = re.compile(r"(?:Full object config: |using config=|\sconfig=)\{")
WAY_OUT = (
    "make it a subclass of keras.layers.Layer, registered with @keras.saving.register_keras_serializable()"
)


class Built(Protocol):
    """What is asked of the section that names a builder."""

    @property
    def builder(self) -> str:
        """Where the function is found, as `package.module:name`."""

    @property
    def params(self) -> dict[str, Any]:
        """The function's parameters."""

    def function(self) -> Callable[..., Any]:
        """The function."""

    def build(self, schema: Schema) -> "keras.Model":
        """Its model."""


def check_builder(configurations: list[tuple[Built, TrainingSpec]], schema: Schema) -> None:
    """Refuse a builder whose models cannot be trained and exported.

    One configuration that raises is no reason (its trial will be FAILED); all of them are.

    Raises:
        ModelError: names the rule that is broken and the way out.
    """
    spec = configurations[0][0]
    function = spec.function()
    columns: dict[str, dict[str, Any]] = {name: {} for name in column_parameters(function)}
    if reason := mismatch(function, {}, schema.input_shape, schema.outputs, **columns):
        raise ModelError(
            f"model.builder must be a function build(params, input_shape, outputs), but {spec.builder!r} "
            f"has {reason}"
        )
    model, training = _first_that_builds(configurations, schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of each lambda, which is an error here anyway
        _check_no_lambda(spec, model)
        _check_saving(spec, model, schema)
        _check_probabilities(spec, model, training, schema)


def _first_that_builds(
    configurations: list[tuple[Built, TrainingSpec]], schema: Schema
) -> tuple["keras.Model", TrainingSpec]:
    failures: list[tuple[Built, BaseException]] = []
    for spec, training in configurations:
        try:
            return spec.build(schema), training
        except ModelError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's builder may raise anything
            failures.append((spec, error))
    spec, reason = failures[0]
    raise ModelError(
        f"model.builder must build, but {spec.builder!r} raised {type(reason).__name__}: "
        f"{reason} (params {spec.params!r}, input_shape {schema.input_shape}, outputs {schema.outputs})"
    ) from reason


def _check_no_lambda(spec: Built, model: "keras.Model") -> None:
    try:
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            description = describe(model)
    except Exception as error:
        raise _cannot_be_saved(spec, error) from error
    functions = ["a lambda function" for warning in raised if "`lambda`" in str(warning.message)]
    for name in [*_lambdas(description), *functions]:
        raise ModelError(
            "model.builder must not use Lambda layers or lambda functions, which a model file may not "
            f"hold, but {spec.builder!r} has {name!r}; {WAY_OUT}"
        )


def _lambdas(description: Any) -> Iterator[str]:
    """Names of the Lambda layers anywhere in Keras' description of a model."""
    if isinstance(description, dict):
        if description.get("class_name") == "Lambda":
            yield str(description.get("config", {}).get("name"))
        for part in description.values():
            yield from _lambdas(part)
    elif isinstance(description, (list, tuple)):
        for part in description:
            yield from _lambdas(part)


def _check_saving(spec: Built, model: "keras.Model", schema: Schema) -> None:
    """A model saved and loaded must predict as before."""
    rows = np.random.default_rng(0).random((8, *schema.input_shape), dtype=np.float32)
    try:
        copy = copied(model)
        copy.set_weights(model.get_weights())
        before, after = _predicted(model, rows), _predicted(copy, rows)
    except Exception as error:
        raise _cannot_be_saved(spec, error) from error
    if not np.allclose(before, after, rtol=1e-5, atol=1e-6, equal_nan=True):
        raise ModelError(
            "model.builder must return a model that predicts the same after saving and loading, but the "
            f"one of {spec.builder!r} does not; give every argument of your own layers in get_config()"
        )


def _cannot_be_saved(spec: Built, error: Exception) -> ModelError:
    unregistered = UNREGISTERED.search(str(error))
    if unregistered:
        return ModelError(
            f"model.builder must return a model that can be saved and loaded, but the custom "
            f"{unregistered[1]} {unregistered[2]!r} of {spec.builder!r} is not registered; decorate it with "
            "@keras.saving.register_keras_serializable()"
        )
    innermost = str(error).rpartition("Exception encountered: ")[2]
    reason = CONFIG.split(innermost)[0].strip()
    return ModelError(
        f"model.builder must return a model that can be saved and loaded, but the one of {spec.builder!r} "
        f"cannot: {reason}; give your own layers get_config(), and {WAY_OUT}"
    )


def _check_probabilities(spec: Built, model: "keras.Model", training: TrainingSpec, schema: Schema) -> None:
    """Cross-entropy reads outputs as probabilities; without a last activation it would learn nonsense."""
    if not loss_of(training, schema).endswith("crossentropy"):
        return
    for outputs in _samples(model, schema):
        within = np.all((outputs >= 0) & (outputs <= 1))
        if not (within and (schema.task != "classes" or np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))):
            last = "softmax" if schema.task == "classes" else "sigmoid"
            raise ModelError(
                f"model.builder must return probabilities for a {schema.task} label (last activation "
                f"{last}), but the "
                f"model of {spec.builder!r} gave {outputs[0].tolist()}; add activation={last!r} to its last "
                "layer"
            )


def _samples(model: "keras.Model", schema: Schema) -> Iterator[np.ndarray]:
    """Outputs for small inputs and for large ones of either sign, as far as they are finite."""
    random = np.random.default_rng(0)
    small = random.random((8, *schema.input_shape), dtype=np.float32)
    large = 100 * random.standard_normal((8, *schema.input_shape), dtype=np.float32)
    for rows in (small, large):
        try:
            outputs = _predicted(model, rows)
        except Exception:  # noqa: BLE001 - numbers that are no token ids may be no input at all
            continue
        if np.isfinite(outputs).all():
            yield outputs


def _predicted(model: "keras.Model", rows: np.ndarray) -> np.ndarray:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(model(rows, training=False)))
