"""The recurrent network."""

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar, Literal, Self, final

from pydantic import Field, model_validator

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec.base import MAX_INT, MAX_LAYERS, Units, check_weights, dense_weights, sequence
from sparktune.training.kinds.layered import Activation, Layers, RegularisedKind

if TYPE_CHECKING:
    from sparktune.training.input_values import InputValues

EXACT_FLOAT32 = 2**24  # every whole number up to here is a float32
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}  # kernels of a cell


@final
class RnnSpec(RegularisedKind):
    """Recurrent layers over token ids (with `vocabulary`) or over numeric sequences (steps[, features])."""

    kind: Literal["rnn"] = "rnn"
    cell: Literal["simple_rnn", "lstm", "gru"] = Field("lstm", description="recurrent layer")
    units: Units = Field(64, description="units of every recurrent layer")
    layers: int = Field(1, ge=1, le=MAX_LAYERS, description="number of recurrent layers")
    bidirectional: bool = Field(False, description="read the sequence both ways")
    vocabulary: int | None = Field(
        None, ge=1, le=MAX_INT, description="number of token ids; embeds when given"
    )
    embedding: Units = Field(32, description="width of the embedding")
    hidden: tuple[Units, ...] = sequence(
        (), max_length=MAX_LAYERS, description="neurons of each layer of the dense head"
    )
    activation: Activation = Field("relu", description="activation of the dense head")

    reads_codes: ClassVar[bool] = False
    sizes: ClassVar[tuple[str, ...]] = ("units", "layers", "vocabulary", "embedding", "hidden")

    @model_validator(mode="after")
    def _fits_a_machine(self) -> Self:
        # Each gate has a kernel for the input and one for the step before.
        check_weights(self.layers * 2 * GATES[self.cell] * self.units**2, "units", self.units)
        check_weights((self.vocabulary or 0) * self.embedding, "embedding", self.embedding)
        check_weights(dense_weights(self.hidden), "hidden", self.hidden)
        return self

    def check(self, schema: Schema) -> None:
        """The inputs are sequences, of token ids where the model embeds them.

        Raises:
            ModelError: they are not.
        """
        if self.vocabulary is not None:
            return self._check_tokens(schema, self.vocabulary)
        shape = schema.input_shape
        if shape == (1,):
            raise ModelError(
                "model.kind rnn needs sequences (steps,) or (steps, features), but the input is one number a "
                "row; give an array column, several feature columns in order of time, or use kind: mlp"
            )
        if len(shape) > 2:
            raise ModelError(
                f"model.kind rnn needs sequences (steps,) or (steps, features), but the input has shape "
                f"{shape}; reshape the features, or use kind: cnn"
            )

    def _check_tokens(self, schema: Schema, vocabulary: int) -> None:
        if len(schema.input_shape) != 1:
            raise ModelError(
                f"model.vocabulary needs token ids (steps,), but the input has shape {schema.input_shape}; "
                "leave vocabulary out for numeric sequences"
            )
        if schema.scaling is not None:
            raise ModelError(
                "model.vocabulary needs token ids, but data.scale changes them; set data.scale: none"
            )
        if vocabulary > EXACT_FLOAT32:
            raise ModelError(
                f"model.vocabulary must be <= {EXACT_FLOAT32}, as inputs are float32, but got {vocabulary}"
            )

    def check_values(self, inputs: "InputValues") -> None:
        """Token ids are whole numbers from 0 to below the vocabulary.

        Raises:
            ModelError: names the id that breaks the rule, and the way out.
        """
        if self.vocabulary is None:
            return
        if inputs.fraction is not None:
            raise ModelError(
                f"model.vocabulary needs whole numbers as token ids, but the data has {inputs.fraction}; "
                "leave vocabulary out for numeric sequences"
            )
        low, high = inputs.range
        if low < 0:
            raise ModelError(f"model.vocabulary needs token ids >= 0, but the data has {low}; shift the ids")
        if high >= self.vocabulary:
            raise ModelError(
                f"model.vocabulary must exceed the largest token id, {high}, but got {self.vocabulary}; "
                f"make it {high + 1} or more, or replace rare ids"
            )

    def idle(self, space: Collection[str]) -> dict[str, str]:
        """The width of the embedding, where nothing is embedded."""
        if self.vocabulary is not None or "vocabulary" in space:
            return {}
        return {"embedding": "the model embeds only where model.vocabulary is given; add it"}

    def hidden_layers(self, shape: tuple[int, ...]) -> Layers:
        """The embedding or a feature axis where there is none, the recurrent layers, and the dense head."""
        import keras

        cells = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
        if self.vocabulary is not None:
            layers = [keras.layers.Embedding(self.vocabulary, self.embedding)]
        else:
            layers = [keras.layers.Reshape((*shape, 1))] if len(shape) == 1 else []
        for following in reversed(range(self.layers)):
            layer = cells[self.cell](self.units, return_sequences=following > 0, **self.kernel_options())
            layers.append(keras.layers.Bidirectional(layer) if self.bidirectional else layer)
            layers += self.dropout_layers()
        return [*layers, *self.dense_layers(self.hidden)]
