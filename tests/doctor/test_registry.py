"""The checks by name."""

from sparktune.doctor.registry import CHECKS


def test_each_name_is_a_check_with_a_docstring() -> None:
    assert len(CHECKS.names) > 5
    assert all(CHECKS.load(name).__doc__ for name in CHECKS.names)
