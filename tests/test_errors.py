"""The tree of errors: drawn in the module's docstring, with exit codes that scripts rely on."""

import inspect

import pytest

from sparktune import errors

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_drawn_in_the_tree(kind: type[errors.SparktuneError]) -> None:
    assert f" {kind.__name__} " in (errors.__doc__ or "").replace("\n", " ")


@pytest.mark.parametrize("kind", KINDS)
def test_exit_codes(kind: type[errors.SparktuneError]) -> None:
    usual = 2 if issubclass(kind, errors.InputError) else 1
    expected = {errors.StudyInterrupted: 130}.get(kind, usual)
    assert kind("said").exit_code == expected
