"""A user's own models."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, final

from pydantic import Field, model_validator

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec.base import Fault, Name, Plain
from sparktune.spec.training import TrainingSpec
from sparktune.training.kinds.base import ModelKind
from sparktune.training.kinds.column_inputs import column_parameters, columns_apart

if TYPE_CHECKING:
    import keras

FIELD = "model.builder"


@final
class BuilderSpec(ModelKind):
    """A user's own `build(params, input_shape, outputs) -> keras.Model`.

    `builder` takes the function itself, too: one of a module goes by its import path, one of a notebook or a
    script as the source of itself and all that it uses.

    `params` holds the fixed parameters and every searched name that is no field of `training`. `outputs` is
    the number of output units. The last activation and the loss must fit each other, as in any Keras model.

    A function with a parameter `inputs` gets the columns by name, as tensors, and returns its output tensor:
    quantities are (rows, numbers), scaled; codes of words and other names are (rows,), and a parameter
    `codes` gets how many there are of each.
    """

    kind: Literal["builder"] = "builder"
    builder: Name = Field(
        description="package.module:function, importable on driver and executors; or the name of a function "
        "of the notebook or script that tunes"
    )
    source: str | None = Field(
        None, description="Python source of a builder without a module; follows from the function"
    )
    params: dict[str, Plain] = Field(default_factory=dict, description="parameters that are not searched")

    takes_any_name: ClassVar[bool] = True
    reads_codes: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _with_source(cls, given: Any) -> Any:
        """A function, or the name of one in `__main__`, becomes its import path or its name and source."""
        builder = given.get("builder") if isinstance(given, dict) else None
        if isinstance(builder, str) and given.get("source") is None:
            builder = getattr(sys.modules["__main__"], builder, None)
        return {**given, **described_builder(builder)} if callable(builder) else given

    @model_validator(mode="after")
    def _reference(self) -> Self:
        module, colon, function = self.builder.partition(":")
        if self.source is not None and not self.builder.isidentifier():
            raise Fault("must be the name of a function in source", "builder", value=self.builder)
        if self.source is None and not (
            colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))
        ):
            raise Fault(
                "must look like package.module:function; in a notebook or script, define the function before "
                "it is named, or give the function itself",
                "builder",
                value=self.builder,
            )
        return self

    @classmethod
    def searchable(cls) -> list[str]:
        """No field: searched names are parameters of the builder."""
        return []

    def with_params(self, params: Mapping[str, Any]) -> Self:
        """The builder with these parameters beside its fixed ones."""
        section = {**dict(self), "params": {**self.params, **params}}
        return type(self).model_validate(section) if params else self

    @property
    def own_code(self) -> dict[str, str]:
        """The builder."""
        return {FIELD: self.builder}

    @property
    def own_source(self) -> str | None:
        """The source of a builder without a module."""
        return self.source

    @classmethod
    def check_own_code(cls, configurations: Sequence[tuple[ModelKind, TrainingSpec]], schema: Schema) -> None:
        """The builder is called; its model is saved and loaded.

        Raises:
            ModelError: no configuration gives a model that can be trained and exported.
        """
        from sparktune.training.kinds.builder_checks import check_builder

        check_builder(
            [(model, training) for model, training in configurations if isinstance(model, cls)], schema
        )

    def function(self) -> Callable[..., Any]:
        """The function that the spec names.

        Raises:
            ModelError: it does not import or cannot be called.
        """
        from sparktune.training.references import function_from_source, import_reference

        if self.source is not None:
            build = function_from_source(self.source, self.builder, FIELD)
        else:
            build = import_reference(self.builder, FIELD)
        if not callable(build):
            raise ModelError(
                f"model.builder must be a function, but {self.builder!r} is {type(build).__name__}: {build!r}"
            )
        return build  # type: ignore[no-any-return]

    def build(self, schema: Schema) -> "keras.Model":
        """The user's model behind one float32 input and the scaling layers.

        Raises:
            ModelError: the builder does not import, returns no Keras model, or one of other inputs or
            outputs.
            Exception: whatever the builder raises.
        """
        import keras

        function = self.function()
        if wanted := column_parameters(function):
            model = self._of_columns(function, wanted, schema)
        elif names := [
            feature.name for feature in schema.features if feature.encoder and feature.encoder.codes
        ]:
            raise ModelError(
                f"model.builder must have a parameter inputs, as column {names[0]!r} holds names, but "
                f"{self.builder!r} has none; build(params, input_shape, outputs, inputs, codes) gets columns "
                "by name"
            )
        else:
            model = function(dict(self.params), tuple(schema.input_shape), schema.outputs)
        if not isinstance(model, keras.Model):
            raise ModelError(
                f"model.builder must return a keras.Model, but {self.builder!r} returned {model!r}"
            )
        scaling = [] if wanted else self.scaling_layers(schema)
        if scaling or not _has_this_input_alone(model, schema.input_shape):
            model = self._behind_an_input(model, scaling, schema)
        shapes = [tuple(output.shape) for output in model.outputs]
        if shapes != [(None, schema.outputs)]:
            raise ModelError(
                f"model.builder must return a model with one output of shape (None, {schema.outputs}), as "
                f"the label {schema.label!r} is {schema.task}, but the one of {self.builder!r} has {shapes}"
            )
        return model

    def _of_columns(self, function: Callable[..., Any], wanted: Sequence[str], schema: Schema) -> Any:
        """The model of a function that takes columns by name and gives an output tensor."""
        import keras

        matrix = keras.Input(schema.input_shape, dtype="float32")
        columns = {
            "inputs": columns_apart(matrix, schema, self.scaling_layers(schema)),
            "codes": {f.name: f.encoder.codes for f in schema.features if f.encoder and f.encoder.codes},
        }
        given = {name: columns[name] for name in wanted}
        output = function(dict(self.params), tuple(schema.input_shape), schema.outputs, **given)
        if not isinstance(output, keras.KerasTensor):
            raise ModelError(
                f"model.builder must return the output tensor where it takes inputs, but {self.builder!r} "
                f"returned {output!r}"
            )
        return keras.Model(matrix, output)

    def _behind_an_input(self, model: Any, scaling: list[Any], schema: Schema) -> Any:
        import keras

        values = inputs = keras.Input(schema.input_shape, dtype="float32")
        for layer in scaling:
            values = layer(values)
        try:
            return keras.Model(inputs, model(values))
        except Exception as error:
            raise ModelError(
                f"model.builder must return a model of inputs {schema.input_shape}, but the one of "
                f"{self.builder!r} does not take them: {error}"
            ) from error


def described_builder(function: Callable[..., Any]) -> dict[str, str]:
    """The fields `builder` and, for a function without a module, `source` of a function.

    Raises:
        ModelError: it cannot be sent to the trials.
    """
    from sparktune.training.kinds.standalone import reference_of, standalone_source

    if reference := reference_of(function):
        return {"builder": reference}
    source = standalone_source(function, FIELD)
    return {"builder": function.__name__, "source": source}


def _has_this_input_alone(model: Any, shape: tuple[int, ...]) -> bool:
    """Whether the model already has the one float32 input that every model gets."""
    if not model.built or not getattr(model, "inputs", None):
        return False
    (first, *more) = model.inputs
    return not more and first.dtype == "float32" and tuple(first.shape) == (None, *shape)
