"""Which inputs a built-in kind can read: plain arithmetic, so that it costs nothing before a study."""

from typing import assert_never

from sparktune.columns.schema import Schema
from sparktune.errors import ModelError
from sparktune.spec import BuilderSpec, CnnSpec, LinearSpec, MlpSpec, ModelSpec, RnnSpec

EXACT_FLOAT32 = 2**24  # every whole number up to here is a float32


def check_inputs(model: ModelSpec, schema: Schema) -> None:
    """Refuse inputs that the kind of model cannot read.

    Raises:
        ModelError: names the shape, the rule and the way out.
    """
    match model:
        case CnnSpec():
            _check_image(model, schema.input_shape)
        case RnnSpec(vocabulary=None):
            _check_sequence(schema.input_shape)
        case RnnSpec():
            _check_tokens(model, schema)
        case MlpSpec() | LinearSpec() | BuilderSpec():
            pass
        case _:
            assert_never(model)


def _check_image(model: CnnSpec, shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3):
        raise ModelError(
            "model.kind cnn needs images (rows, columns) or (rows, columns, channels), but the input has "
            f"shape {shape}; give the features as arrays of that shape, or use kind: mlp"
        )
    for axis, name in enumerate(("rows", "columns")):
        side = shape[axis]
        for block in range(len(model.filters)):
            side = _after_block(model, side)
            if side < 1:
                raise ModelError(
                    f"model.kind cnn: block {block + 1} of {len(model.filters)} has no {name} left of "
                    f"{shape[axis]} "
                    f"(kernel {model.kernel}, padding {model.padding}, pooling {model.pooling}, pool_size "
                    f"{model.pool_size}); use padding: same, fewer filters, or a smaller kernel or pool_size"
                )


def _after_block(model: CnnSpec, side: int) -> int:
    """Length of a side after one convolution and its pooling; below 1 where nothing is left."""
    convolved = side if model.padding == "same" else side - model.kernel + 1
    return convolved if model.pooling == "none" else convolved // model.pool_size


def _check_sequence(shape: tuple[int, ...]) -> None:
    if shape == (1,):
        raise ModelError(
            "model.kind rnn needs sequences (steps,) or (steps, features), but the input is one number a "
            "row; give an array column, several feature columns in order of time, or use kind: mlp"
        )
    if len(shape) > 2:
        raise ModelError(
            f"model.kind rnn needs sequences (steps,) or (steps, features), but the input has shape {shape}; "
            "reshape the features, or use kind: cnn"
        )


def _check_tokens(model: RnnSpec, schema: Schema) -> None:
    if len(schema.input_shape) != 1:
        raise ModelError(
            f"model.vocabulary needs token ids (steps,), but the input has shape {schema.input_shape}; "
            "leave vocabulary out for numeric sequences"
        )
    if schema.scaling is not None:
        raise ModelError(
            "model.vocabulary needs token ids, but data.scale changes them; set data.scale: none"
        )
    if model.vocabulary is not None and model.vocabulary > EXACT_FLOAT32:
        raise ModelError(
            f"model.vocabulary must be <= {EXACT_FLOAT32}, as inputs are float32, but got {model.vocabulary}"
        )
