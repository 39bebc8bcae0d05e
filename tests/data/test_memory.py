import sys

import pytest

from sparktune.data import memory

STAT = "anon 1000\ninactive_file 300\nactive_file 50\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine and a container, as their files describe them."""
    monkeypatch.setattr(memory, "MACHINE", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal:       9 kB\nMemAvailable:   4 kB\n")
    return tmp_path


def test_what_the_machine_says(system):
    assert memory.free_memory() == 4096


def test_a_container_may_leave_less(system):
    for name, text in (("memory.max", "2000\n"), ("memory.current", "1500\n"), ("memory.stat", STAT)):
        (system / name).write_text(text)
    assert memory.free_memory() == 800
    (system / "memory.max").write_text("max\n")
    assert memory.free_memory() == 4096


def test_a_silent_system_sets_no_bound(system):
    (system / "meminfo").unlink()
    assert memory.free_memory() == sys.maxsize


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_this_machine_has_a_bound():
    assert 0 < memory.free_memory() < 2**50
