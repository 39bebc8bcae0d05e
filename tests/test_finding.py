"""What a check has found."""

from sparktune.finding import Level


def test_a_level_is_written_as_a_word() -> None:
    assert [f"{level}" for level in Level] == ["ok", "warning", "error"]
