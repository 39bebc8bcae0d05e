import pytest

from sparktune.lazy import lazily

find = lazily("house", {"Path": "pathlib", "read": "json:loads"})


def test_a_name_comes_from_its_home_or_from_another_name_there():
    import json
    import pathlib

    assert find("Path") is pathlib.Path
    assert find("read") is json.loads


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'loads'"):
        find("loads")
