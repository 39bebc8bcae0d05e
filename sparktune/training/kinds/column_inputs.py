"""A model's one input, the matrix of encoded columns, taken apart by Keras' own operations."""

from collections.abc import Callable, Sequence
from typing import Any

from sparktune.columns.schema import Schema

MOST_ONE_HOT = 10  # codes; more of them are embedded
MOST_EMBEDDED = 600  # numbers of an embedding


def usual_embedding(codes: int) -> int | None:
    """The width of the embedding of so many codes, by fastai's rule; None where few codes become one-hot.

    Example:
        >>> [usual_embedding(codes) for codes in (4, 12, 102, 5002)]
        [None, 6, 21, 189]
    """
    return None if codes <= MOST_ONE_HOT else min(MOST_EMBEDDED, round(1.6 * codes**0.56))


def columns_apart(matrix: Any, schema: Schema, scaling: Sequence[Any]) -> dict[str, Any]:
    """Each column's part of the matrix (rows, width): quantities (rows, numbers), scaled; codes (rows,)."""
    from sparktune.columns.encoders.matrix import encoders_of, layout_of

    layout, encoders = layout_of(schema.features), encoders_of(schema.features)
    quantities = _scaled_quantities(matrix, layout.numbers, layout.width, scaling)
    parts = {}
    for feature, encoder, place in zip(schema.features, encoders, layout.places, strict=True):
        parts[feature.name] = matrix[:, place.start] if encoder.codes else quantities[:, place]
    return parts


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

    from sparktune.columns.encoders.matrix import encoders_of, layout_of

    layout, encoders = layout_of(schema.features), encoders_of(schema.features)
    parts = []
    if layout.numbers:
        parts.append(_scaled_quantities(matrix, layout.numbers, layout.width, scaling))
    for encoder, place in zip(encoders, layout.places, strict=True):
        if not encoder.codes:
            continue
        codes, width = matrix[:, place.start], embedding(encoder.codes)
        if width is None:
            parts.append(keras.ops.one_hot(codes, encoder.codes))
        else:
            parts.append(keras.layers.Embedding(encoder.codes, width)(codes))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)


def _scaled_quantities(matrix: Any, numbers: int, width: int, scaling: Sequence[Any]) -> Any:
    """The first numbers of each row, scaled."""
    quantities = matrix if numbers == width else matrix[:, :numbers]
    for layer in scaling:
        quantities = layer(quantities)
    return quantities
