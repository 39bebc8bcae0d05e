"""The user's own code by its import path or its source."""

import traceback

import pytest

from sparktune.errors import ModelError
from sparktune.training.references import function_from_source, import_reference, mismatch


def test_a_reference_is_what_its_module_holds(user_module):
    assert import_reference(f"{user_module}:NUMBER", "a field") == 5


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("no_such_module:f", r"a field must be importable, .*ModuleNotFoundError.*PYTHONPATH"),
        ("user_models:absent", r"a field must name something in its module, but 'user_models' holds no"),
    ],
)
def test_what_is_not_there_is_named(user_module, reference, message):
    with pytest.raises(ModelError, match=message):
        import_reference(reference, "a field")


def test_source_runs_once_and_its_lines_stand_in_tracebacks():
    source = "RUNS = []\nRUNS.append(1)\n\ndef build():\n    return RUNS[len(RUNS)]\n"
    build = function_from_source(source, "build", "a field")
    assert function_from_source(source, "build", "a field") is build
    assert function_from_source(source, "RUNS", "a field") == [1]
    with pytest.raises(IndexError) as raised:
        build()
    assert "return RUNS[len(RUNS)]" in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import no_such_module",
            r"a field must run where .* of 'build' raised ModuleNotFoundError: .* installed",
        ),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("def other(): pass", "a field must be defined by its source, but that defines no 'build'"),
    ],
)
def test_source_that_gives_no_function_is_refused(source, message):
    for _ in range(2):
        with pytest.raises(ModelError, match=message):
            function_from_source(source, "build", "a field")


def test_arguments_that_do_not_fit_are_said():
    assert mismatch(lambda a: a, 1) is None
    assert "too many positional" in (mismatch(lambda a: a, 1, 2) or "")
    assert mismatch(dict.fromkeys, 1) is None  # has no signature to look at, or takes it
