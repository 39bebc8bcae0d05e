import numpy as np
import pytest

from sparktune.data import mapped
from sparktune.data.mapped import gathered, map_private


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
