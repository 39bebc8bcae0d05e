"""Kinds of models that are a stack of layers."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from pydantic import Field

from sparktune.columns.schema import Schema
from sparktune.spec.base import NonNegative, Share
from sparktune.training.kinds.base import ModelKind
from sparktune.training.kinds.column_inputs import columns_together, usual_embedding

if TYPE_CHECKING:
    import keras

Layers = list[Any]
Activation = Literal[
    "relu", "sigmoid", "tanh", "elu", "selu", "gelu", "leaky_relu", "silu", "softplus", "softsign", "linear"
]
Initializer = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "random_uniform",
    "random_normal",
    "truncated_normal",
    "orthogonal",
    "zeros",
]


class LayeredKind(ModelKind):
    """A kind whose model is a stack: scaling, the layers of the kind, and the output layer.

    Example:
        >>> from typing import Literal
        >>> from sparktune.training.kinds.layered import LayeredKind
        >>> class BottleneckSpec(LayeredKind):
        ...     kind: Literal["bottleneck"] = "bottleneck"
        ...     width: int = 4
        ...
        ...     def hidden_layers(self, shape):
        ...         import keras
        ...
        ...         return [keras.layers.Flatten(), keras.layers.Dense(self.width, activation="tanh")]
        >>> BottleneckSpec(width=2).initializer
        'glorot_uniform'
    """

    initializer: Initializer = Field("glorot_uniform", description="how the kernels begin, by Keras' names")

    reads_codes: ClassVar[bool] = True

    @abstractmethod
    def hidden_layers(self, shape: tuple[int, ...]) -> Layers:
        """The layers between the scaled inputs (rows, *shape) and the output layer."""

    @property
    def output_penalty(self) -> Any:
        """The weight penalty of the output layer; None by default."""
        return None

    def embedding_width(self, codes: int) -> int | None:
        """The width of the embedding of a column of so many codes; None makes it one-hot."""
        return usual_embedding(codes)

    @final
    def build(self, schema: Schema) -> "keras.Model":
        """The stack as a `keras.Sequential`; behind encoded columns, which are taken apart, as a `Model`."""
        import keras

        if schema.encoded:
            return self._behind_columns(schema)
        options = {"kernel_initializer": self.initializer, "kernel_regularizer": self.output_penalty}
        return keras.Sequential(
            [
                keras.Input(schema.input_shape, dtype="float32"),
                *self.scaling_layers(schema),
                *self.hidden_layers(schema.input_shape),
                self.output_layer(schema, **options),
            ],
            name=self.kind,
        )

    def _behind_columns(self, schema: Schema) -> "keras.Model":
        import keras

        matrix = keras.Input(schema.input_shape, dtype="float32")
        x = columns_together(matrix, schema, self.scaling_layers(schema), self.embedding_width)
        options = {"kernel_initializer": self.initializer, "kernel_regularizer": self.output_penalty}
        for layer in (*self.hidden_layers(tuple(x.shape[1:])), self.output_layer(schema, **options)):
            x = layer(x)
        return keras.Model(matrix, x, name=self.kind)


class RegularisedKind(LayeredKind):
    """What the kinds with hidden layers share: activation, dropout, weight penalties, normalisation."""

    activation: Activation = Field("relu", description="activation of every hidden layer")
    dropout: Share = Field(0.0, description="share of units dropped after each hidden layer")
    l1: NonNegative = Field(0.0, description="L1 penalty on the kernels")
    l2: NonNegative = Field(0.0, description="L2 penalty on the kernels")
    batch_norm: bool = Field(False, description="batch normalisation before each hidden activation")

    def dense_layers(self, widths: tuple[int, ...]) -> Layers:
        """Dense layers of these widths, each with its normalisation, activation and dropout."""
        import keras

        blocks = [[*self.activated(keras.layers.Dense, width), *self.dropout_layers()] for width in widths]
        return [layer for block in blocks for layer in block]

    def activated(self, layer: Any, *sizes: int, **options: Any) -> Layers:
        """A layer of this class and its activation; batch normalisation between them needs no bias."""
        import keras

        options |= self.kernel_options()
        if not self.batch_norm:
            return [layer(*sizes, activation=self.activation, **options)]
        normalised = [layer(*sizes, use_bias=False, **options), keras.layers.BatchNormalization()]
        return [*normalised, keras.layers.Activation(self.activation)]

    def dropout_layers(self) -> Layers:
        """A dropout layer, where there is dropout."""
        import keras

        return [keras.layers.Dropout(self.dropout)] if self.dropout else []

    def kernel_options(self) -> dict[str, Any]:
        """What every kernel of a hidden layer has: initializer and penalty."""
        return {
            "kernel_initializer": self.initializer,
            "kernel_regularizer": weight_penalty(self.l1, self.l2),
        }


def weight_penalty(l1: float, l2: float) -> Any:
    """A regularizer; None where both are 0."""
    import keras

    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None


def flat(shape: tuple[int, ...]) -> Layers:
    """What makes rows of numbers of inputs (rows, *shape)."""
    import keras

    return [keras.layers.Flatten()] if len(shape) > 1 else []
