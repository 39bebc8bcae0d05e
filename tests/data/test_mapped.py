from types import SimpleNamespace

import numpy as np
import pytest

from sparktune.data import mapped
from sparktune.data.mapped import allocate, gathered, in_pieces, let_go, map_private
from sparktune.errors import DataError


def test_what_is_large_lies_in_a_file_that_keeps_it(monkeypatch):
    monkeypatch.setattr(mapped, "LARGE", 10_000)
    small, large = (allocate((rows, 10), np.dtype("f4")) for rows in (10, 1000))
    numbers = np.arange(10_000, dtype="f4").reshape(1000, 10)
    small[:], large[:] = numbers[:10], numbers
    for array in (small, large[5:].reshape(-1)):
        let_go(array)  # of the small one nothing, as memory alone has it
    assert small.tobytes() == numbers[:10].tobytes() and large.tobytes() == numbers.tobytes()
    pieces = [piece.copy() for piece in in_pieces(large)]
    assert np.concatenate(pieces).tobytes() == numbers.tobytes()


def test_a_disk_and_a_memory_without_room(monkeypatch):
    with pytest.raises(DataError, match=r"need 1,152,921,504,606,846,976 bytes in .*No space.*set TMPDIR"):
        allocate((2**60,), np.dtype("u1"))
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped.shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    assert allocate((9,), np.dtype("u1")).shape == (9,)  # no room on the disk, but in memory


def test_changes_stay_here(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    ours = map_private(path)
    ours[0] = ord("x")
    assert bytes(ours) == b"xbc" and path.read_bytes() == b"abc"


def test_a_file_larger_than_the_memory_is_mapped(tmp_path):
    path, size = tmp_path / "file", 2**40
    with path.open("wb") as file:
        file.truncate(size)  # no room is taken on the disk
    whole = map_private(path)
    whole[-1] = 1
    assert len(whole) == size and whole[-1] == 1


@pytest.mark.parametrize("free", [0, 2**40], ids=["in a file", "in memory"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_are_gathered(monkeypatch, free, order):
    monkeypatch.setattr(mapped, "free_memory", lambda: free)
    monkeypatch.setattr(mapped, "CHUNK", 100)
    array = np.asarray(np.random.default_rng(0).random((50, 3, 2), np.float32), order=order)
    rows = np.array([3, 1, 49, 1, *range(20, 40)])
    found = gathered(array, rows)
    np.testing.assert_array_equal(found, array[rows])
    assert found.flags.writeable and found.flags.c_contiguous
