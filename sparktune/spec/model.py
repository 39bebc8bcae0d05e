"""What is trained: one section per kind of model.

A field that holds one number or one word can be searched by its own name; so can the sequences (`hidden`,
`filters`), whose choices are then lists.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sparktune.spec.base import (
    MAX_INT,
    MAX_LAYERS,
    Count,
    Fault,
    Name,
    NonNegative,
    Plain,
    Section,
    Share,
    Units,
    check_weights,
    dense_weights,
    sequence,
)

Activation = Literal[
    "relu", "sigmoid", "tanh", "elu", "selu", "gelu", "leaky_relu", "silu", "softplus", "softsign", "linear"
]

GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}


class Regularised(Section):
    """What the built-in kinds with hidden layers share."""

    activation: Activation = Field("relu", description="activation of every hidden layer")
    dropout: Share = Field(0.0, description="share of units dropped after each hidden layer")
    l1: NonNegative = Field(0.0, description="L1 penalty on the kernels")
    l2: NonNegative = Field(0.0, description="L2 penalty on the kernels")
    batch_norm: bool = Field(False, description="batch normalisation before each hidden activation")


class MlpSpec(Regularised):
    """A multi-layer perceptron: `hidden` names every layer, or `neurons` and `layers` give equal ones."""

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Units, ...] | None = sequence(
        None, max_length=MAX_LAYERS, description="neurons of each hidden layer"
    )
    neurons: Units = Field(64, description="neurons of every hidden layer, where `hidden` is not given")
    layers: int = Field(
        1, ge=0, le=MAX_LAYERS, description="number of hidden layers, where `hidden` is not given"
    )

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "MlpSpec":
        field = "neurons" if self.hidden is None else "hidden"
        check_weights(dense_weights(self.widths), field, getattr(self, field))
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        return self.hidden if self.hidden is not None else (self.neurons,) * self.layers


class CnnSpec(Regularised):
    """Convolution and pooling blocks, then a dense head; for images (rows, columns[, channels])."""

    kind: Literal["cnn"] = "cnn"
    filters: tuple[Units, ...] = sequence(
        (32, 64), min_length=1, max_length=MAX_LAYERS, description="filters of each block"
    )
    kernel: int = Field(3, ge=1, le=1000, description="side of the square kernel")
    pooling: Literal["max", "average", "none"] = Field("max", description="what closes each block")
    pool_size: Count = Field(2, description="side of the pooling window")
    padding: Literal["same", "valid"] = Field("valid", description="how convolutions treat the border")
    hidden: tuple[Units, ...] = sequence(
        (128,), max_length=MAX_LAYERS, description="neurons of each layer of the dense head"
    )

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "CnnSpec":
        convolutions = self.kernel**2 * dense_weights((1, *self.filters))
        check_weights(convolutions, "filters", self.filters)
        check_weights(dense_weights(self.hidden), "hidden", self.hidden)
        return self


class RnnSpec(Regularised):
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

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "RnnSpec":
        recurrent = (
            self.layers * 2 * GATES[self.cell] * self.units**2
        )  # from the input and from the step before
        check_weights(recurrent, "units", self.units)
        check_weights((self.vocabulary or 0) * self.embedding, "embedding", self.embedding)
        check_weights(dense_weights(self.hidden), "hidden", self.hidden)
        return self


class LinearSpec(Section):
    """Linear, logistic or softmax regression: one dense layer on the inputs."""

    kind: Literal["linear"] = "linear"
    l1: NonNegative = Field(0.0, description="L1 penalty on the kernel")
    l2: NonNegative = Field(0.0, description="L2 penalty on the kernel")


class BuilderSpec(Section):
    """A user's own `build(params, input_shape, outputs) -> keras.Model`.

    `params` holds the fixed parameters and every searched name that is no field of `training`. `outputs` is
    the number of output units. The last activation and the loss must fit each other, as in any Keras model.
    """

    kind: Literal["builder"] = "builder"
    builder: Name = Field(description="package.module:function, importable on driver and executors")
    params: dict[str, Plain] = Field(default_factory=dict, description="parameters that are not searched")

    @model_validator(mode="after")
    def _reference(self) -> "BuilderSpec":
        module, colon, function = self.builder.partition(":")
        if not (colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))):
            raise Fault("must look like package.module:function", "builder", value=self.builder)
        return self


ModelSpec = Annotated[
    MlpSpec | CnnSpec | RnnSpec | LinearSpec | BuilderSpec,
    Field(discriminator="kind"),
]
