"""Names that are imported when they are first used."""

import subprocess
import sys

import pytest

import sparktune
from sparktune.lazy import lazily

find, names = lazily("json", {"Path": "pathlib", "read": "json:loads"})


def test_a_name_comes_from_its_home_or_from_another_name_there():
    import json
    import pathlib

    assert find("Path") is pathlib.Path
    assert find("read") is json.loads


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'loads'"):
        find("loads")


def test_names_to_come_are_listed_beside_those_that_are_there():
    assert {"Path", "read", "dumps"} <= set(names())


def test_tab_completion_and_help_show_the_public_names():
    assert set(sparktune.__all__) <= set(dir(sparktune))
    shown = subprocess.run(
        [sys.executable, "-c", "import sparktune; help(sparktune)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for name in sparktune.__all__:
        assert f"class {name}(" in shown or f"    {name}(" in shown or f"    {name} = " in shown, name
