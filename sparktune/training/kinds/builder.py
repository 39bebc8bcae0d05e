"""A user's own models and callbacks, found by their import path."""

import importlib
import inspect
from typing import TYPE_CHECKING, Any

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec import BuilderSpec

if TYPE_CHECKING:
    import keras


def import_reference(reference: str, field: str) -> Any:
    """What `package.module:name` refers to.

    Raises:
        ModelError: the module does not import, or holds no such name.
    """
    module, _, name = reference.partition(":")
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"{field} must be importable, but importing {module!r} (of {reference!r}) gave "
            f"{type(error).__name__}: "
            f"{error}; put its folder on PYTHONPATH, and ship it to executors with --py-files or --archives"
        ) from error
    if not hasattr(found, name):
        raise ModelError(
            f"{field} must name something in its module, but {module!r} holds no {name!r} ({reference!r})"
        )
    return getattr(found, name)


def import_builder(model: BuilderSpec) -> Any:
    """The function that a builder spec names.

    Raises:
        ModelError: it does not import or cannot be called.
    """
    build = import_reference(model.builder, "model.builder")
    if not callable(build):
        raise ModelError(
            f"model.builder must be a function, but {model.builder!r} is {type(build).__name__}: {build!r}"
        )
    return build


def build_custom(model: BuilderSpec, schema: Schema, scaling: list[Any]) -> "keras.Model":
    """The user's model behind one float32 input and the scaling layers.

    Raises:
        ModelError: the builder does not import, returns no Keras model, or one of other inputs or outputs.
        Exception: whatever the builder raises.
    """
    import keras

    built = import_builder(model)(dict(model.params), tuple(schema.input_shape), schema.outputs)
    if not isinstance(built, keras.Model):
        raise ModelError(f"model.builder must return a keras.Model, but {model.builder!r} returned {built!r}")
    if _stands_alone(built, schema.input_shape) and not scaling:
        return _checked(built, model, schema)
    return _checked(_wrapped(built, model, schema, scaling), model, schema)


def _stands_alone(built: Any, shape: tuple[int, ...]) -> bool:
    """Whether the model already has the one input that every model gets."""
    if not built.built or not getattr(built, "inputs", None):
        return False
    (first, *more) = built.inputs
    return not more and first.dtype == "float32" and tuple(first.shape) == (None, *shape)


def _wrapped(built: Any, model: BuilderSpec, schema: Schema, scaling: list[Any]) -> Any:
    import keras

    inputs = keras.Input(schema.input_shape, dtype="float32")
    values = inputs
    for layer in scaling:
        values = layer(values)
    try:
        return keras.Model(inputs, built(values))
    except Exception as error:
        raise ModelError(
            f"model.builder must return a model of inputs {schema.input_shape}, but the one of "
            f"{model.builder!r} does not take them: {error}"
        ) from error


def _checked(built: Any, model: BuilderSpec, schema: Schema) -> Any:
    shapes = [tuple(output.shape) for output in built.outputs]
    if shapes != [(None, schema.outputs)]:
        raise ModelError(
            f"model.builder must return a model with one output of shape (None, {schema.outputs}), as the "
            f"label {schema.label!r} is {schema.task}, but the one of {model.builder!r} has {shapes}"
        )
    return built


def accepts(callable_: Any, *args: Any, **kwargs: Any) -> str | None:
    """Why a callable does not take these arguments; None where it does or cannot say."""
    try:
        inspect.signature(callable_).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    except ValueError:
        return None
    return None
