"""Arrow batches that come one after another: in memory while they are few, else mapped from a file."""

import errno
import mmap
import tempfile
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from sparktune.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SMALL = 2**26  # bytes of batches that stay in memory
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def spilled(batches: "Iterable[pa.RecordBatch]") -> "list[pa.RecordBatch]":
    """The batches, in the order in which they come; more than 64 MB of them lie in a temporary file.

    The file has no name: the system removes it once nobody maps it, however this process ends.

    Raises:
        DataError: the disk has no room for them.
    """
    coming, held, size = iter(batches), [], 0
    for batch in coming:
        held.append(batch)
        size += batch.nbytes
        if size > SMALL:
            return _mapped(chain(held, coming), batch.schema)
    return held


def _mapped(batches: "Iterable[pa.RecordBatch]", schema: "pa.Schema") -> "list[pa.RecordBatch]":
    import pyarrow as pa

    try:
        with tempfile.TemporaryFile() as file:
            with pa.ipc.new_file(file, schema) as rows:
                for batch in batches:
                    rows.write_batch(batch)
            file.flush()
            written = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DataError(
            f"the rows are written to {tempfile.gettempdir()}, but {error.strerror}; free space there or set "
            "TMPDIR"
        ) from None
    found = pa.ipc.open_file(pa.py_buffer(written))
    return [found.get_batch(place) for place in range(found.num_record_batches)]
