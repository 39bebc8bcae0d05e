"""From a model description to an untrained Keras model.

Every model has one float32 input of the schema's `input_shape`, as raw as the columns are: flattening, the
channel axis and the scaling that was learned are layers inside, so whoever scores needs no more than the
model.
"""

from typing import TYPE_CHECKING, Any, assert_never

from sparktune.columns.schema import Scaling, Schema
from sparktune.spec import BuilderSpec, CnnSpec, LinearSpec, MlpSpec, ModelSpec, RnnSpec
from sparktune.spec.model import Regularised
from sparktune.training.kinds.builder import build_custom
from sparktune.training.shapes import check_inputs

if TYPE_CHECKING:
    import keras

Layers = list[Any]
LAST_ACTIVATION = {"binary": "sigmoid", "classes": "softmax", "labels": "sigmoid", "regression": "linear"}


def build_model(model: ModelSpec, schema: Schema) -> "keras.Model":
    """An untrained model: float32 (rows, *input_shape) in, (rows, outputs) out.

    The output is a probability (binary), one per class or label (classes, labels) or the label itself
    (regression); a
    builder's output is its own. Weights follow Keras' random seed.

    Raises:
        ModelError: the kind cannot read the inputs, or the builder does not give a Keras model.
    """
    import keras

    check_inputs(model, schema)
    scaling = scaling_layers(schema.scaling, schema.input_shape)
    if isinstance(model, BuilderSpec):
        return build_custom(model, schema, scaling)
    body = [keras.Input(schema.input_shape, dtype="float32"), *scaling, *_body(model, schema.input_shape)]
    return keras.Sequential([*body, _head(model, schema)], name=model.kind)


def scaling_layers(scaling: Scaling | None, shape: tuple[int, ...]) -> Layers:
    """Layers that compute (x - offset) / scale; the offset goes first, else digits cancel."""
    import keras

    if scaling is None:
        return []
    offset = _number_or_array([-number for number in scaling.offset], shape)
    factor = _number_or_array([1.0 / number for number in scaling.scale], shape)
    shift = [keras.layers.Rescaling(1.0, offset=offset)] if any(scaling.offset) else []
    return [*shift, keras.layers.Rescaling(factor)]


def _number_or_array(numbers: list[float], shape: tuple[int, ...]) -> Any:
    """One number as it is; one for each input as nested lists, which a model file can hold."""
    import numpy as np

    return numbers[0] if len(numbers) == 1 else np.reshape(numbers, shape).tolist()


def _body(model: MlpSpec | CnnSpec | RnnSpec | LinearSpec, shape: tuple[int, ...]) -> Layers:
    match model:
        case MlpSpec():
            return [*_flat(shape), *_hidden(model, model.widths)]
        case CnnSpec():
            return _cnn(model, shape)
        case RnnSpec():
            return _rnn(model, shape)
        case LinearSpec():
            return _flat(shape)
        case _:
            assert_never(model)


def _head(model: MlpSpec | CnnSpec | RnnSpec | LinearSpec, schema: Schema) -> Any:
    """The last layer; a linear model's only one, so that its penalty is here."""
    import keras

    penalty = _penalty(model) if isinstance(model, LinearSpec) else None
    activation = LAST_ACTIVATION[schema.task]
    return keras.layers.Dense(schema.outputs, activation=activation, kernel_regularizer=penalty)


def _flat(shape: tuple[int, ...]) -> Layers:
    import keras

    return [keras.layers.Flatten()] if len(shape) > 1 else []


def _hidden(model: Regularised, widths: tuple[int, ...]) -> Layers:
    """Dense layers, each with its normalisation, activation and dropout."""
    import keras

    dense = [[*_activated(keras.layers.Dense, model, width), *_dropout(model)] for width in widths]
    return [layer for layers in dense for layer in layers]


def _activated(kind: Any, model: Regularised, *sizes: int, **options: Any) -> Layers:
    """One layer and its activation; with batch normalisation between them, which makes the bias needless."""
    import keras

    options["kernel_regularizer"] = _penalty(model)
    if not model.batch_norm:
        return [kind(*sizes, activation=model.activation, **options)]
    normalised = [kind(*sizes, use_bias=False, **options), keras.layers.BatchNormalization()]
    return [*normalised, keras.layers.Activation(model.activation)]


def _dropout(model: Regularised) -> Layers:
    import keras

    return [keras.layers.Dropout(model.dropout)] if model.dropout else []


def _penalty(model: Regularised | LinearSpec) -> Any:
    import keras

    return keras.regularizers.L1L2(model.l1, model.l2) if model.l1 or model.l2 else None


def _cnn(model: CnnSpec, shape: tuple[int, ...]) -> Layers:
    import keras

    channels = [keras.layers.Reshape((*shape, 1))] if len(shape) == 2 else []
    blocks = [layer for filters in model.filters for layer in _block(model, filters)]
    return [*channels, *blocks, keras.layers.Flatten(), *_hidden(model, model.hidden)]


def _block(model: CnnSpec, filters: int) -> Layers:
    import keras

    convolution = _activated(keras.layers.Conv2D, model, filters, model.kernel, padding=model.padding)
    pool = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}.get(model.pooling)
    pooling = [pool(model.pool_size)] if pool else []
    return [*convolution, *pooling, *_dropout(model)]


def _rnn(model: RnnSpec, shape: tuple[int, ...]) -> Layers:
    import keras

    if model.vocabulary is not None:
        entry = [keras.layers.Embedding(model.vocabulary, model.embedding)]
    else:
        entry = [keras.layers.Reshape((*shape, 1))] if len(shape) == 1 else []
    recurrent = [
        layer
        for left in reversed(range(model.layers))
        for layer in _recurrent(model, return_sequences=left > 0)
    ]
    return [*entry, *recurrent, *_hidden(model, model.hidden)]


def _recurrent(model: RnnSpec, *, return_sequences: bool) -> Layers:
    import keras

    cell = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[
        model.cell
    ]
    layer = cell(model.units, return_sequences=return_sequences, kernel_regularizer=_penalty(model))
    return [keras.layers.Bidirectional(layer) if model.bidirectional else layer, *_dropout(model)]
