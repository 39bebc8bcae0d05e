"""A CSV file that is read block by block into an Arrow file on the disk, which takes no memory of its own."""

import re
import tempfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sparktune.temporary import driver_folder

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 2**24  # bytes of text


def read_large_csv(
    opened: Callable[[], Any], options: dict[str, Any], known: "Mapping[str, pa.DataType] | None" = None
) -> "pa.Table":
    """What `pyarrow.csv.read_csv` gives, with columns that are mapped from a temporary file.

    Types are those that all rows allow: one that a later block refuses is replaced by the next one that Arrow
    tries, and the file is read again.

    Args:
        opened: opens the text from its beginning.
        options: how cells become values; `ConvertOptions` by name.
        known: types of columns, by name, that are not read off the rows.

    Raises:
        ArrowException, OSError: it cannot be read.
    """
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, open_csv

    parse = ParseOptions(newlines_in_values=True)
    reading = {"read_options": ReadOptions(block_size=BLOCK), "parse_options": parse}
    names: list[str] = []
    types = dict(known or {})
    with tempfile.NamedTemporaryFile(suffix=".arrow", dir=driver_folder()) as file:
        while True:
            convert = ConvertOptions(column_types=types, **options)
            try:
                with opened() as text, open_csv(text, **reading, convert_options=convert) as blocks:
                    names = blocks.schema.names
                    types = dict(zip(names, blocks.schema.types, strict=True))
                    with pa.ipc.new_file(file.name, blocks.schema) as rows:
                        for batch in blocks:
                            rows.write_batch(batch)
                break
            except pa.ArrowInvalid as error:
                refused = re.search(r"column #(\d+):.* conversion error", str(error))
                if refused is None or not names:
                    raise
                name = names[int(refused[1])]
                types[name] = _next_type(types[name], error)
        return pa.ipc.open_file(pa.memory_map(file.name)).read_all()


def _next_type(kind: "pa.DataType", error: Exception) -> "pa.DataType":
    """What Arrow tries for a column that is not of this kind.

    Raises:
        Exception: `error`, where there is nothing more general.
    """
    import pyarrow as pa

    tried = [
        pa.null(),
        pa.int64(),
        pa.bool_(),
        pa.date32(),
        pa.time32("s"),
        pa.timestamp("s"),
        pa.timestamp("ns"),
        pa.timestamp("s", "UTC"),
        pa.timestamp("ns", "UTC"),
        pa.float64(),
        pa.string(),
        pa.binary(),
    ]
    if kind not in tried[:-1]:
        raise error
    return tried[tried.index(kind) + 1]
