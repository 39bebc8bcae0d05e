"""A model's one input, the matrix of encoded columns, taken apart by Keras' own operations."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from sparktune.columns.schema import Schema, places_of

MOST_ONE_HOT = 10  # codes; more of them are embedded
MOST_EMBEDDED = 600  # numbers of an embedding


def usual_embedding(codes: int) -> int | None:
    """The width of the embedding of so many codes, by fastai's rule; None where few codes become one-hot.

    Example:
        >>> [usual_embedding(codes) for codes in (4, 12, 102, 5002)]
        [None, 6, 21, 189]
    """
    return None if codes <= MOST_ONE_HOT else min(MOST_EMBEDDED, round(1.6 * codes**0.56))


def column_parameters(function: Callable[..., Any]) -> list[str]:
    """Those of `inputs` and `codes` that a builder has as parameters; none without `inputs`."""
    try:
        names = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return []
    return [name for name in ("inputs", "codes") if name in names] if "inputs" in names else []


def columns_apart(matrix: Any, schema: Schema, scaling: Sequence[Any]) -> dict[str, Any]:
    """Each column's part of a model's input: quantities (rows, numbers), scaled; codes (rows,)."""
    import keras

    if schema.encoded:
        quantities = _scaled_quantities(matrix, _quantities(schema), schema.input_shape[0], scaling)
    else:
        quantities = _scaled_quantities(matrix, 0, 0, scaling)
        quantities = keras.layers.Flatten()(quantities) if len(schema.input_shape) > 1 else quantities
    return {
        feature.name: (
            matrix[:, place.start] if feature.encoder and feature.encoder.codes else quantities[:, place]
        )
        for feature, place in zip(schema.features, places_of(schema.features), strict=True)
    }


def columns_together(
    matrix: Any, schema: Schema, scaling: Sequence[Any], embedding: Callable[[int], int | None]
) -> Any:
    """What the layers behind take in, (rows, numbers): scaled quantities, then each column of codes.

    Args:
        matrix: encoded columns, (rows, width).
        schema: what they are.
        scaling: the layers that scale the quantities.
        embedding: the width of the embedding of so many codes; None makes them one-hot.
    """
    import keras

    parts, quantities = [], _quantities(schema)
    if quantities:
        parts.append(_scaled_quantities(matrix, quantities, schema.input_shape[0], scaling))
    for feature, place in zip(schema.features, places_of(schema.features), strict=True):
        count = feature.encoder.codes if feature.encoder else 0
        if not count:
            continue
        codes, width = matrix[:, place.start], embedding(count)
        if width is None:
            parts.append(keras.ops.one_hot(codes, count))
        else:
            parts.append(keras.layers.Embedding(count, width)(codes))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)


def _quantities(schema: Schema) -> int:
    """How many numbers of a row, the first ones, are quantities."""
    return sum(f.width for f in schema.features if f.encoder and not f.encoder.codes)


def _scaled_quantities(matrix: Any, numbers: int, width: int, scaling: Sequence[Any]) -> Any:
    """The first numbers of each row, scaled."""
    quantities = matrix if numbers == width else matrix[:, :numbers]
    for layer in scaling:
        quantities = layer(quantities)
    return quantities
