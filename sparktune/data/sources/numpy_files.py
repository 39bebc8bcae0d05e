"""Files that numpy writes: .npz archives and .npy arrays. Pickled content is never read."""

import zipfile
import zlib
from pathlib import Path
from typing import Any, final

import numpy as np

from sparktune.data.mapped import map_private
from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.table import Table
from sparktune.errors import DataError

TRAIN, HELD_OUT = "_train", "_test"
ARRAY = b"\x93NUMPY"  # how .npy files begin
ZIP = b"PK"


@final
class Npz(DataSource):
    """An .npz archive: every key is a column."""

    def read(self, origin: Origin) -> Found:
        """The columns.

        Raises:
            DataError: the archive cannot be read, or holds pickled objects.
        """
        return Found(*npz_tables(origin.file(), origin.where))


@final
class Npy(DataSource):
    """Inputs in one .npy file and labels in another."""

    def read(self, origin: Origin) -> Found:
        """The two columns.

        Raises:
            DataError: a file cannot be read, or holds pickled objects.
        """
        files = origin.file(), origin.file("labels")
        return Found(npy_table(*files, (origin.names.features, origin.names.label), origin.where))


def npz_tables(path: Path, where: str) -> tuple[Table, Table | None]:
    """Every key as a column. A key `x_train` is column x, and `x_test` the held-out rows of column x.

    Raises:
        DataError: the archive cannot be read, or holds pickled objects.
    """
    arrays = _load(path, where)
    if not isinstance(arrays, dict):
        raise DataError(
            f"{where}.path must be an .npz archive, but {str(path)!r} holds one array; use source npy"
        )
    held_out = [(k.removesuffix(HELD_OUT), a) for k, a in arrays.items() if k.endswith(HELD_OUT)]
    main = [(k.removesuffix(TRAIN), a) for k, a in arrays.items() if not k.endswith(HELD_OUT)]
    return Table.of(main, where), Table.of(held_out, f"{where} (held out)") if held_out else None


def npy_table(path: Path, labels: Path, names: tuple[str, str], where: str) -> Table:
    """Inputs in one .npy file and labels in another, as columns of these names."""
    arrays = []
    for field, file in (("path", path), ("labels", labels)):
        array = _load(file, where)
        if isinstance(array, dict):
            raise DataError(
                f"{where}.{field} must be an .npy file, but {str(file)!r} is an archive; use source npz"
            )
        arrays.append(array)
    return Table.of(zip(names, arrays, strict=True), where)


def _load(path: Path, where: str) -> Any:
    """An array, mapped rather than read, or a dict of the arrays in an archive."""
    try:
        with path.open("rb") as file:
            start = file.read(len(ARRAY))
            if start == ARRAY:
                return _mapped(path)
            if not start.startswith(ZIP):  # numpy would take it for a pickle
                raise DataError(
                    f"{where}: {str(path)!r} must be an .npz archive or an .npy array, but its content is "
                    "neither; write it with numpy.savez or numpy.save"
                )
            file.seek(0)
            found = np.load(file, allow_pickle=False)
            return {key: _array(found, key, where) for key in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        if "allow_pickle" in str(error) or "Python objects" in str(error):
            raise DataError(
                f"{where}: {str(path)!r} must hold plain arrays, but it holds pickled objects, which can run "
                "code and are never read; save numbers or text, not dtype object"
            ) from None
        raise DataError(
            f"{where}: {str(path)!r} must be a whole .npz archive or .npy array, but cannot be read "
            f"({error}); write it again with numpy.savez or numpy.save"
        ) from None


def _array(archive: Any, key: str, where: str) -> np.ndarray:
    """A member of an archive; numpy gives bytes where it is no array."""
    found = archive[key]
    if not isinstance(found, np.ndarray):
        raise DataError(
            f"{where}: member {key!r} must be an array that numpy has written, but is another file"
        )
    return found


def _mapped(path: Path) -> np.ndarray:
    """The array in an .npy file, writable: only then its rows can be handed on without a copy."""
    found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(found, np.memmap):
        return found
    whole = map_private(path)
    return np.ndarray(found.shape, found.dtype, whole, found.offset, found.strides)
