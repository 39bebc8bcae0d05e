"""The model files of a study directory."""

import hashlib
from pathlib import Path

import pytest

from sparktune.ledger.models import ModelFiles


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    return ModelFiles(tmp_path)


def test_a_model_is_written_whole_and_found_intact(files: ModelFiles, tmp_path: Path) -> None:
    digest = files.write(3, b"weights")
    assert digest == hashlib.sha256(b"weights").hexdigest()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("best-3.keras", b"weights")]
    assert files.is_intact(3, digest)


def test_a_missing_or_damaged_model_is_not_intact(files: ModelFiles) -> None:
    digest = files.write(3, b"weights")
    assert not files.is_intact(4, digest)
    assert not files.is_intact(3, None)
    files.path(3).write_bytes(b"weighty")
    assert not files.is_intact(3, digest)


def test_only_models_of_these_trials_are_kept(files: ModelFiles, tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").touch()
    for trial in range(3):
        files.write(trial, b"weights")
    assert files.has_others([0, 1])
    assert not files.has_others([0, 1, 2])
    files.remove_others([1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-1.keras", "ledger.jsonl"]
    files.remove_others([])
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]
