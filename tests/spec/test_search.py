"""The section `search`: what constraints and starting points may say."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from sparktune.spec import SearchSpec

SPACE = {
    "optimizer": ["sgd", "adam"],
    "momentum": {"low": 0.0, "high": 0.9, "when": {"optimizer": "sgd"}},
    "batch_size": [16, 32],
}


def search(**fields: Any) -> SearchSpec:
    return SearchSpec.model_validate({"sampler": "random", "trials": 4, "space": SPACE, **fields})


def test_a_starting_point_has_the_names_that_are_searched_there() -> None:
    points = [
        {"optimizer": "adam", "batch_size": 16},
        {"optimizer": "sgd", "momentum": 0.5, "batch_size": 32},
    ]
    assert search(start=points).start == tuple(points)


@pytest.mark.parametrize(
    ("domain", "written", "kept"),
    [
        ([8, 16], 8.0, "8"),
        ([0.1, 1.0], 1, "1.0"),
        ([1, True, 2], True, "true"),
        ([[1, 2], [True, 2]], [True, 2.0], "[true, 2]"),
        ({"low": 0.0, "high": 2.0, "step": 0.5}, 1, "1.0"),
        ({"low": 0, "high": 2.5}, 1, "1.0"),
        ({"low": 1, "high": 8}, 3, "3"),
    ],
)
def test_a_starting_value_is_the_one_of_its_domain(domain: Any, written: Any, kept: str) -> None:
    found = search(space={"a": domain}, start=[{"a": written}])
    assert json.dumps(found.start[0]["a"]) == kept
    assert SearchSpec.model_validate(found.model_dump(mode="json")) == found


@pytest.mark.parametrize(
    ("point", "rule"),
    [
        ({"optimizer": "adam"}, "is required, as it is searched there"),
        ({"optimizer": "adam", "batch_size": 16, "momentum": 0.5}, "its condition is not met; remove it"),
        ({"optimizer": "adam", "batch_size": 24}, "must be a value of its domain"),
        ({"optimizer": "adam", "batch_size": 16, "layers": 2}, "is not searched"),
    ],
)
def test_what_is_no_configuration_is_refused(point: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        search(start=[point])


def test_a_starting_point_stands_once_and_meets_the_constraints() -> None:
    point = {"optimizer": "adam", "batch_size": 16}
    with pytest.raises(ValidationError, match="must differ from those before it"):
        search(start=[point, point])
    with pytest.raises(ValidationError, match="must meet the constraints batch_size > 16"):
        search(start=[point], constraints=["batch_size > 16"])


def test_constraints_name_what_is_searched_and_can_be_computed() -> None:
    assert search(constraints=["batch_size <= 32"]).allows({"optimizer": "adam", "batch_size": 32})
    assert not search(constraints=["batch_size < 32"]).allows({"optimizer": "adam", "batch_size": 32})
    with pytest.raises(ValidationError, match="names layers, which is not searched"):
        search(constraints=["layers < 3"])
    with pytest.raises(ValidationError, match="must have a value for every trial"):
        search(constraints=["optimizer < 3"])
