"""A few rows for scoring in this process: from a file, or as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sparktune.columns.schema import Schema
from sparktune.data import Table
from sparktune.data.sources.file_set import FileSet, find_files
from sparktune.data.sources.numpy_files import npz_tables
from sparktune.data.sources.tables import arrow_table, columns_of, csv_table
from sparktune.errors import ScoringError
from sparktune.scoring.table_io import ending, file_format

EXAMPLE = 'such as {"age": 31}'
Row = Mapping[str, Any]


def read_rows(path: Path, schema: Schema) -> Table:
    """The columns of a file: `.npz`, else CSV with a header line, JSON (see `parse_rows`) or Parquet.

    The format is the one that `score` reads, too: by the ending, in letters of any case, or by what a folder
    holds. CSV and JSON may be compressed.

    CSV columns that were text in training are text again: `01234` is no number.

    Raises:
        ScoringError: there is no such file, or it holds no rows. DataError: it cannot be read.
    """
    if not path.exists():
        raise ScoringError(f"the data must be a file or a folder, but there is nothing at {str(path)!r}")
    if ending(path) == ".npz":
        return npz_tables(path, str(path))[0]
    form, files = file_format(str(path)), find_files(str(path), str(path))
    if form == "csv":
        words = [feature.name for feature in schema.features if feature.dtype == "string"]
        return csv_table(files, words)
    return _as_table(_json_rows(files), str(path)) if form == "json" else columns_of(files, form)


def _json_rows(files: FileSet) -> list[Row]:
    rows: list[Row] = []
    for path in files.named("*.json*"):
        try:
            with files.system.open_input_stream(path) as opened:
                text = opened.read().decode()
        except (OSError, ValueError) as error:
            raise files.unreadable(error) from None
        rows += parse_rows(text, path)
    return rows


def parse_rows(text: str, where: str) -> list[Row]:
    """Rows as JSON: one object of columns, a list of such objects, or one object a line.

    Raises:
        ScoringError: the text, which messages name by `where`, is something else.

    Example:
        >>> parse_rows('{"age": 31}', "--row")
        [{'age': 31}]
    """
    text = text.removeprefix("\ufeff")  # with which some programs begin a file
    try:
        try:
            found = json.loads(text)
        except ValueError:  # splitlines() would cut at letters that JSON has within text, U+2028 say
            found = [json.loads(line) for line in re.split(r"[\r\n]", text) if line.strip()]
    except (ValueError, RecursionError) as error:
        raise ScoringError(f"{where} must hold rows as JSON, {EXAMPLE}, but is not: {error}") from None
    rows = found if isinstance(found, list) else [found]
    if not rows:
        raise ScoringError(f"{where} must hold rows as JSON, {EXAMPLE}, but holds none")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            got = f"but row {number} is {row!r:.80}"
            raise ScoringError(f"{where} must hold objects of columns, {EXAMPLE}, {got}")
    return rows


def table_of(rows: Sequence[Row], schema: Schema, where: str) -> Table:
    """The rows as the feature columns of a model.

    Raises:
        ScoringError: a row lacks a column, or holds what is no number.
    """
    for number, row in enumerate(rows):
        missing = [feature.name for feature in schema.features if feature.name not in row]
        if missing:
            raise ScoringError(
                f"{where}: row {number} must have the column {missing[0]!r}, but has "
                f"{', '.join(map(repr, row)) or 'none'}; add it, null where it is not known"
            )
    return _as_table([{f.name: row[f.name] for f in schema.features} for row in rows], where)


def _as_table(rows: Sequence[Row], where: str) -> Table:
    import pyarrow as pa

    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
            raise ScoringError(
                f"{where}: column {name!r} must hold values of one type, whole numbers of 64 bits and text "
                f"that UTF-8 has: {error}"
            ) from None
    return arrow_table(pa.table(columns), where)
