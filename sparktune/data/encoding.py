"""Raw feature columns as numbers, by encoders that are fitted on the training rows."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sparktune.columns.schema import Feature
from sparktune.data.inputs import InputColumn, InputColumns, LeftOut, refuse_together
from sparktune.data.precision import ENOUGH_ROWS, SAID, coarse
from sparktune.data.suspects import lost_in_words, misread_number, missing_count, why_useless
from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec.base import Section

if TYPE_CHECKING:
    import pyarrow as pa

    from sparktune.columns.arrow import ColumnPlace
    from sparktune.columns.encoders.base import Encoder

EXAMPLE = 3  # rows
log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class EncodedColumn(InputColumn):
    """A raw column with its fitted encoder, and a few raw values of training rows."""

    feature: Feature
    encoder: "Encoder"
    example: list[Any]

    def numbers(self, values: Any, table: Table, start: int) -> np.ndarray:
        """The encoder's numbers, float32.

        Raises:
            DataError: a value has none, or one that is not finite.
        """
        from sparktune.columns.encoders.matrix import chunks_of

        place = _place(table, self.feature.name)
        found = []
        for chunk in chunks_of(values, place):
            if len(chunk):
                found.append(self.encoder.encode(chunk, place, start.__add__))
                _refuse_infinite(found[-1], place, start)
                start += len(chunk)
        return found[0] if len(found) == 1 else np.concatenate(found)


def encoded_columns(
    names: Sequence[str],
    tables: Sequence[Table],
    train: np.ndarray,
    labels: np.ndarray,
    declared: Mapping[str, Section],
) -> InputColumns:
    """An encoder for each column, which is read by itself; columns that cannot be used are in its `errors`.

    Args:
        names: the feature columns.
        tables: the main table, then those of the splits that have their own.
        train: places of the training rows in the main table.
        labels: the raw labels of the main table.
        declared: what the study says of columns, by name.

    Raises:
        DataError: no column says anything.
    """
    from sparktune.columns.encoders.matrix import layout_of

    columns: list[EncodedColumn] = []
    left_out: list[LeftOut] = []
    errors: dict[str, str] = {}
    for name in names:
        try:
            found = _fitted(name, tables, train, labels, declared.get(name))
        except DataError as error:
            errors[name] = str(error)
            continue
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            columns.append(found)
    if not errors:
        _warn_of(left_out)
    if not columns:
        refuse_together([*errors.values()])
        reasons = "; ".join(f"{column.name!r}: {column.why}" for column in left_out)
        raise DataError(f"data must hold feature columns that say something, but all are left out: {reasons}")
    layout = layout_of([column.feature for column in columns])
    return InputColumns(
        columns=tuple(columns),
        places=layout.places,
        dtype=np.dtype(np.float32),
        shape=(layout.width,),
        left_out=tuple(left_out),
        example=tuple(zip(*(column.example for column in columns), strict=True)),
        errors=errors,
    )


def _warn_of(left_out: Sequence[LeftOut]) -> None:
    for column in left_out:
        log.warning(
            "data: column %r is left out: %s; to use it, set data.columns: {%s: KIND}, else {%s: ignore}",
            column.name,
            column.why,
            column.name,
            column.name,
        )


def _fitted(
    name: str, tables: Sequence[Table], train: np.ndarray, labels: np.ndarray, said: Section | None
) -> EncodedColumn | LeftOut:
    """The encoder of a column, or why the column is useless."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from sparktune.columns.arrow import plain_column
    from sparktune.columns.encoders.types import sql_type

    for table in tables[1:]:
        table.column(name, "feature")
    chunks, place = _chunks(tables[0], name), _place(tables[0], name)
    encoder_class, options = _encoder_class(chunks[0].type, said, place)
    column = pa.chunked_array(chunks, chunks[0].type)
    rows = column if len(train) == len(column) else _taken(chunks, train)
    if said is None and (word := misread_number(column)):
        row = pc.index(plain_column(column), word).as_py()
        raise place.error(
            f"{place.what} must be numeric, as nearly all its words are, but row {row} holds {word!r}; "
            f"leave the row out, or set data.columns: {{{name}: category}}"
        )
    if said is None and (advice := lost_in_words(column, name, place)):
        kept = f"set data.columns: {{{name}: category}} to keep words"
        log.warning("data: column %r has %s to use them, %s", name, advice, kept)
    if said is None and (why := why_useless(column, rows, labels)):
        return LeftOut(name, sql_type(column.type), missing_count(rows), why)
    encoder = encoder_class.fit(rows, options, place)
    if said is None and encoder.constant:
        return LeftOut(name, encoder.column_type, encoder.missing, "it is the same in all training rows")
    if encoder.kind == "number" and coarse(_given_numbers(rows[:ENOUGH_ROWS], place)):
        log.warning("data: feature %r has numbers %s", name, SAID)
    return EncodedColumn(Feature.encoded(name, encoder), encoder, _example(rows[:EXAMPLE], encoder, place))


def _given_numbers(rows: "pa.ChunkedArray", place: "ColumnPlace") -> np.ndarray:
    """The numbers of a column, (rows,), without missing ones."""
    from sparktune.columns.arrow import decode

    found = [decode(chunk, place) for chunk in rows.chunks]
    return np.concatenate([of.values if of.valid is None else of.values[of.valid] for of in found])


def _taken(chunks: "Sequence[pa.Array]", train: np.ndarray) -> "pa.ChunkedArray":
    """The training rows, whose numbers ascend; chunk by chunk, as text that Arrow joins may overflow."""
    import pyarrow as pa

    starts = np.cumsum([0, *map(len, chunks)])
    parts = np.split(train, np.searchsorted(train, starts[1:-1]))
    taken = [
        chunk.take(pa.array(part - start))
        for chunk, start, part in zip(chunks, starts, parts, strict=False)
        if len(part)
    ]
    return pa.chunked_array(taken, chunks[0].type)


def _example(rows: "pa.ChunkedArray", encoder: "Encoder", place: "ColumnPlace") -> list[Any]:
    """Raw values as JSON has them: numbers of a row, however they are stored, as a list."""
    from sparktune.columns.arrow import decode
    from sparktune.columns.encoders.vector import VectorEncoder

    if isinstance(encoder, VectorEncoder):
        return [row for chunk in rows.chunks for row in decode(chunk, place).values.tolist()]
    try:
        values = rows.to_pylist()
    except OverflowError:  # a date in a year that Python's dates do not have
        values = rows.cast("string").to_pylist()
    found: list[Any] = json.loads(json.dumps(values, default=_json))
    return found


def _json(raw: Any) -> float | str | None:
    """A value that JSON lacks: dates as text, decimals as floats, and nothing for what else there is."""
    if isinstance(raw, date):
        return raw.isoformat()
    return float(raw) if isinstance(raw, Decimal) else None


def _encoder_class(
    kind: "pa.DataType", said: Section | None, place: "ColumnPlace"
) -> tuple["type[Encoder]", Section]:
    """The class of a column's encoder, and its options: those of the study, or what is usual for the type."""
    from sparktune.columns.encoders.base import EncoderOptions, encoder_class
    from sparktune.columns.encoders.types import usual_kind

    if isinstance(said, EncoderOptions):
        return encoder_class(said.kind), said
    usual = usual_kind(kind)
    if usual is None:
        raise place.error(
            f"{place.what} must hold numbers, words, bools, dates or arrays, but its type is {kind}; "
            f"{place.way_out}"
        )
    found = encoder_class(usual)
    return found, found.options(kind=usual)


def _refuse_infinite(numbers: np.ndarray, place: "ColumnPlace", start: int) -> None:
    """Raise for the first row with a number that is missing or infinite; `start` is the first row."""
    if np.isfinite(numbers.sum(dtype=np.float64)):
        return
    bad = ~np.isfinite(numbers).all(axis=1)
    if bad.any():
        raise DataError(
            f"{place.what} must hold finite float32 numbers, but row {start + int(bad.argmax())} does not; "
            "fill it or leave the row out"
        )


def _place(table: Table, name: str) -> "ColumnPlace":
    from sparktune.columns.arrow import ColumnPlace

    return ColumnPlace(
        f"{table.where}: feature {name!r}", DataError, f"cast it, or set data.columns: {{{name}: ignore}}"
    )


def _chunks(table: Table, name: str) -> "list[pa.Array]":
    """The column as Arrow arrays, at least one."""
    from sparktune.columns.arrow import without_view
    from sparktune.columns.encoders.matrix import chunks_of

    found = chunks_of(table.column(name, "feature"), _place(table, name))
    return [without_view(chunk) for chunk in found if len(chunk)]
