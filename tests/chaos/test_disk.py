"""The disk of a study is full: what was saved survives, and the study goes on when there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import SparktuneError
from sparktune.ledger import Ledger
from sparktune.study import tune
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

pytestmark = pytest.mark.usefixtures("fork_server")
LOCAL = {"launcher": "local", "parallelism": 1, "segment_seconds": 1e-6}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user cannot mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # MLflow may still have its database open


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study on a disk that has room."""
    config = write_study(tmp_path_factory.mktemp("whole"), resources=LOCAL)
    tune(config, data=data(), offline=True)
    return config


def fill(folder: Path) -> None:
    with pytest.raises(OSError, match="No space left"), (folder / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


@pytest.mark.fault("the disk is full in the middle of the search, and before the export")
@pytest.mark.parametrize("full_after", [1, 4])
def test_a_full_disk(whole: Path, disk: Path, full_after: int) -> None:
    config = write_study(disk, resources=LOCAL)
    offline = full_after == 4  # else MLflow's database lies there as well

    def end(progress: Any) -> None:
        if progress.done == full_after and not (disk / "filling").exists():
            fill(disk)

    with pytest.raises(SparktuneError, match="No space left") as raised:
        tune(config, data=data(), offline=offline, on_progress=end)
    assert "same command" in str(raised.value), raised.value
    before = Ledger.read(study_of(config))
    assert len(before.results) == full_after
    assert before.best_model is not None and before.best_model.stat().st_size

    (disk / "filling").unlink()
    tune(document(disk, resources=LOCAL), data=data(), offline=offline)
    assert_same(config, whole)
    assert_recorded_once(config, 4)
    assert_no_epoch_twice(config)
    assert {n: Ledger.read(study_of(config)).results[n] for n in before.results} == before.results
    if not offline:
        assert_shown_once(config, 4)
