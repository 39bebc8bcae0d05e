"""When a process has outgrown its bound."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sparktune.launch import memory
from sparktune.launch.memory import MemoryBound, OomKills, memory_bound, own_memory

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


def test_what_the_kernel_kills_elsewhere_on_the_machine_does_not_count(little_memory: Path) -> None:
    work = f"import os; open('{little_memory}', 'w').write(str(os.getpid())); print(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", f"{work}; bytearray(b'1') * 10**9"], **pipes) as hog:
        assert hog.stdout is not None
        hog.stdout.readline()
        own, theirs, whole = OomKills(os.getpid()), OomKills(hog.pid), vmstat()
        hog.communicate(b"\n")
    assert vmstat() > whole
    assert theirs.any()
    assert not own.any()


def vmstat() -> int:
    """Kills on the whole machine."""
    (line,) = [line for line in Path("/proc/vmstat").read_text().splitlines() if line.startswith("oom_kill ")]
    return int(line.split()[1])


@pytest.mark.parametrize(
    ("groups", "counter"),
    [
        ("0::/kubepods/pod1/c1", "kubepods/pod1/c1/memory.events"),
        ("0::/", "memory.events"),
        ("4:cpu:/\n3:memory:/docker/c1", "memory/docker/c1/memory.oom_control"),
        ("3:cpu,memory:/docker/c1\n0::/", "memory/memory.oom_control"),
        ("0::/", "vmstat"),
    ],
)
def test_kills_are_counted_in_the_group_where_there_is_a_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, counter: str
) -> None:
    monkeypatch.setattr(memory, "PROCESSES", tmp_path)
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    for name, text in (
        ("7/cgroup", f"{groups}\n"),
        ("vmstat", "oom_kill 5\n"),
        (counter, "oom 1\noom_kill 5\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    kills = OomKills(7)
    assert not kills.any()
    (tmp_path / counter).write_text("oom 2\noom_kill 6\n")
    assert kills.any()


def test_a_system_that_says_nothing_has_killed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "PROCESSES", tmp_path)
    assert not OomKills().any()
