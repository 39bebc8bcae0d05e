"""When a process has outgrown its bound."""

import sys

import numpy as np
import pytest

from sparktune.launch.memory import MemoryBound, memory_bound, own_memory

MB = 2**20
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is known on Linux")


def test_growth_counts_from_the_first_trial_and_what_is_freed_does_not() -> None:
    needed = np.ones(64 * MB, np.uint8)
    bound = MemoryBound(growth=32 * MB)
    assert not bound.is_passed()
    more = np.ones(64 * MB, np.uint8)
    assert bound.is_passed()
    del more
    assert not bound.is_passed()
    assert needed.size


def test_mapped_files_are_not_counted(tmp_path) -> None:
    np.save(tmp_path / "rows.npy", np.ones(64 * MB, np.uint8))
    before = own_memory()
    assert before > MB
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert mapped.sum() == 64 * MB
    assert own_memory() - before < 16 * MB


def test_a_process_has_one_bound_where_nobody_keeps_it() -> None:
    assert memory_bound() is memory_bound()
