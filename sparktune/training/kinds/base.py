"""What a kind of model is: the interface of the built-in kinds, and of those of other packages."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec.model import ModelSection
from sparktune.spec.training import TrainingSpec
from sparktune.trial import Params

if TYPE_CHECKING:
    import keras

    from sparktune.training.input_values import InputValues


class ModelKind(ModelSection, ABC):
    """A kind of model: the fields of its section in a study, its rules, and how it becomes a Keras model.

    A kind is a frozen pydantic model with a field `kind` of one word; all other fields can be set in the
    section `model` of a study, and searched. `LayeredKind` is the shorter way where the model is a stack of
    layers. Register it as an entry point of the group `sparktune.kinds`:

        [project.entry-points."sparktune.kinds"]
        wide = "my_package.wide:WideSpec"

    A file of kinds imports Keras inside its functions, as specs are read where there is no TensorFlow.

    Example:
        >>> from typing import Literal
        >>> from sparktune.training.kinds.base import ModelKind
        >>> class WideSpec(ModelKind):
        ...     kind: Literal["wide"] = "wide"
        ...     neurons: int = 64
        ...
        ...     def build(self, schema):
        ...         import keras
        ...
        ...         x = inputs = keras.Input(schema.input_shape, dtype="float32")
        ...         for layer in self.scaling_layers(schema):
        ...             x = layer(x)
        ...         hidden = keras.layers.Dense(self.neurons, activation="relu")(x)
        ...         both = keras.layers.Concatenate()([x, hidden])
        ...         return keras.Model(inputs, self.output_layer(schema)(both))
        >>> WideSpec().with_params({"neurons": 8}).neurons
        8
    """

    # Whether trials that share graphs may train together, as one vectorised computation.
    batchable: ClassVar[bool] = False
    # Whether `build` takes encoded columns apart, so that codes of words are not read as quantities.
    reads_codes: ClassVar[bool] = False

    @abstractmethod
    def build(self, schema: Schema) -> "keras.Model":
        """An untrained, uncompiled model: float32 (rows, *schema.input_shape) in, (rows, schema.outputs) out.

        The output is a probability (binary), one per class or label (classes, labels) or the label itself
        (regression).
        Inputs are as raw as the columns are: `scaling_layers` belong in front. Weights follow Keras' seed.

        Raises:
            ModelError: no such model can be built.
        """

    def check(self, schema: Schema) -> None:
        """Refuse inputs that this model cannot read, by arithmetic: it costs nothing before a study.

        Raises:
            ModelError: names the shape, the rule and the way out.
        """
        return

    def check_values(self, inputs: "InputValues") -> None:
        """Refuse inputs whose values this model cannot read; what `inputs` tells is read from the data then.

        Raises:
            ModelError: names the value, the rule and the way out.
        """
        return

    @classmethod
    def check_own_code(
        cls, configurations: Sequence[tuple["ModelKind", TrainingSpec]], schema: Schema
    ) -> None:
        """Try the code of the user that builds such models; in a process with a time limit.

        Args:
            configurations: a trial with each domain's first value, and one with each domain's last.
            schema: of the data.

        Raises:
            ModelError: none of them can be trained and exported.
        """
        return

    @property
    def own_code(self) -> dict[str, str]:
        """The user's code that building runs: its `package.module:name`, by the field that names it."""
        return {}

    @property
    def own_source(self) -> str | None:
        """Python source that the user's code is made from; None where it is imported."""
        return None

    @classmethod
    def hardest(cls, values: Mapping[str, Sequence[Any]]) -> Params:
        """Of each name's values in a search, those that together are likeliest to break a rule of `check`."""
        return {}

    def scaling_layers(self, schema: Schema) -> list[Any]:
        """Layers that compute (x - offset) / scale, as the data were scaled; none where they were not.

        They compute in float32, whatever Keras' dtype policy is.
        """
        import keras
        import numpy as np

        def one_or_each(numbers: list[float]) -> Any:
            """One number as it is; one for each input as nested lists, which a model file can hold."""
            if schema.encoded:  # the scaling is that of the quantities, which stand in a row
                return numbers
            if len(numbers) == 1:
                return numbers[0]
            return np.reshape(numbers, schema.input_shape).tolist()

        if schema.scaling is None:
            return []
        offset = one_or_each([-number for number in schema.scaling.offset])
        factor = one_or_each([1.0 / number for number in schema.scaling.scale])
        # The offset goes first, else digits cancel. Raw numbers may exceed what half precision holds.
        offsets = any(schema.scaling.offset)
        shift = [keras.layers.Rescaling(1.0, offset=offset, dtype="float32")] if offsets else []
        return [*shift, keras.layers.Rescaling(factor, dtype="float32")]

    def output_layer(self, schema: Schema, **options: Any) -> Any:
        """The last layer, with the activation that the label needs; `options` are those of `Dense`."""
        import keras

        activation = LAST_ACTIVATION[schema.task]
        return keras.layers.Dense(schema.outputs, activation=activation, **options)


LAST_ACTIVATION = {"binary": "sigmoid", "classes": "softmax", "labels": "sigmoid", "regression": "linear"}


def kind_of(section: ModelSection) -> ModelKind:
    """A section `model` of a study as what it is: the spec knows kinds by name only."""
    return cast(ModelKind, section)


def build_model(section: ModelSection, schema: Schema) -> "keras.Model":
    """The model of a section, built after its check.

    Raises:
        ModelError: the kind cannot read the inputs, or the builder does not give a Keras model.
    """
    model = kind_of(section)
    check_inputs(model, schema)
    return _in_label_units(model.build(schema), schema)


def _in_label_units(model: "keras.Model", schema: Schema) -> "keras.Model":
    """The model with a last layer that undoes the scaling of its label, where that is scaled."""
    if schema.label_scaling is None:
        return model
    import keras

    scale, offset = (
        numbers[0] if len(numbers) == 1 else list(numbers)
        for numbers in (schema.label_scaling.scale, schema.label_scaling.offset)
    )
    units = keras.layers.Rescaling(scale, offset=offset, dtype="float32")
    if isinstance(model, keras.Sequential):
        model.add(units)
        return model
    return keras.Model(model.inputs[0], units(model.outputs[0]), name=model.name)


def check_inputs(model: ModelKind, schema: Schema) -> None:
    """Refuse inputs that a model cannot read: `check`, and codes where it does not tell them from quantities.

    Raises:
        ModelError: names the column or the shape, the rule and the way out.
    """
    codes = [feature.name for feature in schema.features if feature.encoder and feature.encoder.codes]
    if codes and not model.reads_codes:
        raise ModelError(
            f"model.kind {model.kind} reads plain numbers, but column {codes[0]!r} holds names; "
            f"use kind: mlp, or set data.columns: {{{codes[0]}: ignore}}"
        )
    model.check(schema)
