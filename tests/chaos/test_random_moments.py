"""A driver is SIGKILLed at random moments, from its imports to its export, until its study ends."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from sparktune.ledger import BundleExported, Ledger
from tests.chaos.cluster import until
from tests.chaos.processes import session_of, socket_folders
from tests.chaos.studies import (
    assert_no_epoch_twice,
    assert_recorded_once,
    assert_same,
    assert_shown_once,
    data,
    document,
    study_of,
    write_study,
)
from tests.chaos.test_signals import started

KILLS = 10


def study(folder: Path) -> Path:
    folder.mkdir()
    (folder / "temporary").mkdir()
    x, y = data()
    np.savez(folder / "rows.npz", x=x, y=y)
    rows = {**document(folder)["data"], "source": "npz", "path": str(folder / "rows.npz")}
    resources = {"launcher": "local", "parallelism": 2, "segment_seconds": 1e-6}
    return write_study(folder, data=rows, resources=resources)


def ended(driver: "subprocess.Popen[bytes]") -> None:
    """Wait for its end, which is a good one."""
    errors = driver.communicate(timeout=300)[1]
    assert driver.returncode == 0, errors.decode()


@pytest.mark.fault("driver SIGKILLed at random moments, ten times over one study")
def test_a_driver_that_is_killed_again_and_again(only_at_full_length: None, tmp_path: Path) -> None:
    whole, config = study(tmp_path / "whole"), study(tmp_path / "killed")
    sockets: set[Path] = set()
    begun = time.monotonic()
    ended(started(whole))
    seconds, source = time.monotonic() - begun, random.Random(0)
    for _ in range(KILLS):
        driver = started(config)
        time.sleep(source.uniform(0, seconds))
        sockets |= socket_folders(session_of(driver.pid))
        os.kill(driver.pid, signal.SIGKILL)
        driver.communicate()
        until(lambda leader=driver.pid: not session_of(leader), "the end of its processes", 15)
    ended(started(config))
    assert_same(config, whole)
    assert_recorded_once(config, 4)
    assert_no_epoch_twice(config)
    assert_shown_once(config, 4)
    assert Ledger.read(study_of(config)).last(BundleExported) is not None
    assert list((config.parent / "temporary").iterdir()) == []
    assert sockets
    assert [folder for folder in sockets if folder.exists()] == []
