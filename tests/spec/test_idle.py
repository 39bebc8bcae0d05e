"""Fields that change nothing are named, and only those."""

from typing import Any

import pytest

from sparktune.spec import parse_spec
from sparktune.spec.idle import idle_fields

PLATEAU = {"kind": "reduce_on_plateau", "patience": 3}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, []),
        (
            {"search": {"trials": 5, "space": {"neurons": [1, 2]}}},
            ["search.trials 5 has no effect: the space has 2 configurations"],
        ),
        ({"search": {"trials": 2}}, ["search.trials 2 has no effect: the space has 1 configuration"]),
        ({"search": {"trials": 2, "space": {"neurons": [1, 2]}}}, []),
        ({"search": {"sampler": "random", "trials": 9, "space": {"l2": {"low": 0.0, "high": 1.0}}}}, []),
        (
            {"training": {"momentum": 0.5}},
            ["training.momentum has no effect: optimizer adam has none; use momentum or nesterov"],
        ),
        ({"training": {"momentum": 0.5, "optimizer": "nesterov"}}, []),
        ({"training": {"momentum": 0.5}, "search": {"space": {"optimizer": ["sgd", "momentum"]}}}, []),
        (
            {"training": {"epochs": 3, "early_stopping": {"patience": 3, "restore_best": False}}},
            ["training.early_stopping has no effect: its patience 3 outlasts 3 epochs"],
        ),
        ({"training": {"epochs": 3, "early_stopping": {"patience": 3}}}, []),
        (
            {"training": {"epochs": 3, "callbacks": [PLATEAU]}},
            ["training.callbacks[0] has no effect: its patience 3 outlasts 3 epochs"],
        ),
        ({"training": {"epochs": 4, "callbacks": [PLATEAU]}}, []),
        ({"training": {"epochs": 3, "callbacks": [PLATEAU]}, "search": {"space": {"epochs": [3, 9]}}}, []),
    ],
)
def test_what_changes_nothing_is_named(sections: dict[str, Any], expected: list[str]) -> None:
    assert idle_fields(parse_spec(sections)) == expected
