"""Files of an archive."""

from pathlib import Path

from sparktune.packing.entry import ArchiveEntry, files_below


def test_bytecode_and_what_is_left_out_are_not_listed(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.txt", "a/old.pyc", "a/__pycache__/c.pyc", "a/no/d.py", "kept/no/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "z").symlink_to("a")
    found = [str(path.relative_to(tmp_path)) for path in files_below(tmp_path, frozenset({"a/no"}))]
    assert found == ["b.py", "z", "a/c.txt", "kept/no/e.py"]


def test_everybody_may_read_and_who_owned_it_is_forgotten(tmp_path: Path) -> None:
    for name, given, kept in (("plain", 0o600, 0o644), ("program", 0o700, 0o755)):
        (tmp_path / name).touch(given)
        assert ArchiveEntry(name, tmp_path / name).mode == kept
