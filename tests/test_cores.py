import os

import pytest

from sparktune import cores
from sparktune.cores import usable_cores


def test_the_cores_are_those_that_this_process_is_bound_to(tmp_path, monkeypatch):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system binds no process to cores")
    monkeypatch.setattr(cores, "SHARE", tmp_path / "none")
    before = os.sched_getaffinity(0)
    assert usable_cores() == len(before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("share", "expected"),
    [("max 100000", 8), ("150000 100000", 2), ("20000 100000", 1), ("9900000 100000", 8)],
)
def test_a_container_may_use_its_share(tmp_path, monkeypatch, share, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "SHARE", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(f"{share}\n")
    assert usable_cores() == expected


def test_a_system_that_does_not_say_gives_all_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "SHARE", tmp_path / "none")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
