"""Extensions by name."""

import sys
from pathlib import Path

import pytest

from sparktune.errors import InputError
from sparktune.registry import Registry

BUILTIN = {"pi": "math:pi", "text": "string:ascii_letters"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with three entry points, on the path."""
    (tmp_path / "constants_of_others.py").write_text("e = 2.7\npi = 3\n")
    about = tmp_path / "constants_of_others-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: constants-of-others\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[sparktune.numbers]\ne = constants_of_others:e\npi = constants_of_others:pi\nlost = nowhere:x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


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
