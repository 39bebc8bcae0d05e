import json
import sys

import pytest

from sparktune.absent import as_if_absent


def test_a_module_is_absent_within_the_context_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with as_if_absent("colorsys"), pytest.raises(ModuleNotFoundError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 1)[2] == 1


def test_one_that_is_loaded_stays() -> None:
    with as_if_absent("json"):
        assert sys.modules["json"] is json
