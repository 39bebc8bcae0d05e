"""Extensions by name."""

import sys

import pytest

from sparktune.errors import InputError
from sparktune.registry import Registry

BUILTIN = {"pi": "math:pi", "text": "string:ascii_letters"}


@pytest.fixture
def installed(install):
    """A package with three entry points, on the path."""
    points = {"e": "e", "pi": "pi", "lost": "nowhere:x"}
    install("constants_of_others", "e = 2.7\npi = 3\n", {"sparktune.numbers": points})


def test_a_built_in_extension_is_imported_when_it_is_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    registry = Registry("sparktune.numbers", {"hue": "colorsys:rgb_to_hsv"})
    assert "colorsys" not in sys.modules
    assert registry.load("hue").__name__ == "rgb_to_hsv"


def test_entry_points_of_other_packages_stand_beside(installed):
    registry = Registry("sparktune.numbers", BUILTIN)
    assert registry.names == ["pi", "text", "e", "lost"]
    assert registry.load("e") == 2.7


def test_a_built_in_name_wins(installed):
    assert Registry("sparktune.numbers", BUILTIN).load("pi") > 3.1


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"sparktune.numbers must be one of pi, text, but got 'tau'"):
        Registry("sparktune.numbers", BUILTIN).load("tau")


def test_a_package_that_cannot_be_imported_is_bad_input(installed):
    with pytest.raises(InputError, match=r"'lost' cannot be imported: No module named 'nowhere'"):
        Registry("sparktune.numbers", BUILTIN).load("lost")
