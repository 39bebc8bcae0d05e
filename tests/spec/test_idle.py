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
        (
            {"search": {"trials": 2}},
            ["search.trials 2 has no effect: the space is empty: there is one trial"],
        ),
        ({"search": {"trials": 2, "space": {"neurons": [1, 2]}}}, []),
        ({"search": {"sampler": "random", "trials": 9, "space": {"l2": {"low": 0.0, "high": 1.0}}}}, []),
        (
            {"model": {"hidden": [4], "layers": 2}},
            ["model.layers has no effect: hidden names the width of every layer; remove one of them"],
        ),
        ({"model": {"hidden": [4]}}, []),
        ({"model": {"neurons": 4, "layers": 2}}, []),
        (
            {"model": {"kind": "rnn", "embedding": 8}},
            ["model.embedding has no effect: the model embeds only where model.vocabulary is given; add it"],
        ),
        (
            {"model": {"kind": "cnn", "pooling": "none", "pool_size": 3}},
            ["model.pool_size has no effect: model.pooling is none; set it to max or average"],
        ),
        ({"model": {"kind": "cnn", "pool_size": 3}}, []),
        (
            {
                "model": {"kind": "cnn", "pooling": "none", "pool_size": 3},
                "search": {"space": {"pooling": ["none", "max"]}},
            },
            [],
        ),
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
