"""A process that trains one trial after another lets go of memory when it has grown."""

import numpy as np
import pytest

from sparktune.training import memory, run_trial
from sparktune.training.engine.epoch import _kept
from sparktune.training.memory import MemoryReleaser, own_mb


def test_own_memory_is_that_of_this_process():
    before = own_mb()
    held = np.ones(50_000_000, np.uint8)
    assert 40 < own_mb() - before < 70 and held.any()


def test_nothing_is_said_where_there_is_no_proc(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "STATM", tmp_path / "statm")
    releaser = MemoryReleaser(0)
    for _ in range(4):
        releaser.before_trial()
    assert own_mb() is None and releaser.releases == 0


@pytest.fixture
def resident(monkeypatch):
    """Sets what the process is said to have."""
    level = [100.0]
    monkeypatch.setattr(memory, "own_mb", lambda: level[0])
    return level


def test_it_lets_go_when_it_has_grown_since_it_last_did(resident):
    releaser, releases = MemoryReleaser(64), []
    for level in (100, 300, 350, 365, 366, 430, 431):  # the first trial's growth is that of loading
        resident[0] = level
        releaser.before_trial()
        releases.append(releaser.releases)
    assert releases == [0, 0, 0, 1, 1, 2, 2]


def test_graphs_stay_and_numbers_do_not_change(blobs, spec_of, trial_of, monkeypatch):
    spec = spec_of({"neurons": [7]}, training={"epochs": 1})
    releaser = MemoryReleaser(-1e9)  # whenever it may
    monkeypatch.setattr("sparktune.training.run.RELEASER", releaser)
    first, *later = [run_trial(trial_of(neurons=7), spec, blobs) for _ in range(4)]
    assert releaser.releases == 2
    misses = _kept.cache_info().misses
    assert run_trial(trial_of(neurons=7), spec, blobs).history == first.history
    assert _kept.cache_info().misses == misses
    assert [result.history for result in later] == [first.history] * 3
