"""Names that are searched at some values of others only."""

from typing import Any

import pytest

from sparktune.errors import SpecError
from sparktune.spec import SearchSpec, StudySpec
from sparktune.spec.conditions import by_dependence, enabling, in_force

SPACE = SearchSpec(
    space={
        "decay": {"low": 1, "high": 3, "when": {"nesterov": True}},
        "nesterov": {"values": [True, False], "when": {"optimizer": ["sgd", "momentum"]}},
        "optimizer": ["adam", "sgd", "momentum"],
        "shape": {"values": [[8], [8, 8]], "when": {"optimizer": "adam"}},
    }
).space


@pytest.mark.parametrize(
    ("optimizer", "nesterov", "names"),
    [
        ("adam", True, ["optimizer", "shape"]),
        ("sgd", False, ["nesterov", "optimizer"]),
        ("momentum", True, ["decay", "nesterov", "optimizer"]),
    ],
)
def test_a_condition_on_what_is_not_searched_is_not_met(
    optimizer: str, nesterov: bool, names: list[str]
) -> None:
    params = {"decay": 1, "nesterov": nesterov, "optimizer": optimizer, "shape": [8]}
    assert list(in_force(SPACE, params)) == names


def test_names_follow_those_they_depend_on() -> None:
    assert by_dependence(SPACE) == ["optimizer", "nesterov", "shape", "decay"]
    assert enabling(SPACE, "decay") == {"optimizer": "sgd", "nesterov": True}


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"dropout": {"values": [0.1], "when": {"optimiser": "sgd"}}, "optimizer": ["sgd"]},
         r"optimiser is not searched; did you mean optimizer\? \(search.space.dropout.when.optimiser\)"),
        ({"dropout": {"values": [0.1], "when": {"optimizer": "sdg"}}, "optimizer": ["sgd", "adam"]},
         r"optimizer must be one of the values of optimizer, or a list of them, but got 'sdg'"),
        ({"dropout": {"values": [0.1], "when": {"learning_rate": 0.1}},
          "learning_rate": {"low": 0.1, "high": 0.2}},
         r"learning_rate must have listed values or a step.*; write bounds such as \{low: 0.01\}"),
        ({"dropout": {"values": [0.1], "when": {"learning_rate": {"low": 0.3}}},
          "learning_rate": {"low": 0.1, "high": 0.2}},
         r"must be bounds between which learning_rate has a value, but got \{'low': 0.3\}"),
        ({"dropout": {"values": [0.1], "when": {"neurons": {"low": 2.1, "high": 2.9}}},
          "neurons": {"low": 2, "high": 9, "log": True}},
         r"must be bounds between which neurons has a value"),
        ({"dropout": {"values": [0.1], "when": {"optimizer": {"low": 1}}}, "optimizer": ["sgd", "adam"]},
         r"must be bounds between which optimizer has a value"),
        ({"dropout": {"values": [0.1], "when": {"learning_rate": {"above": 0.1}}},
          "learning_rate": {"low": 0.1, "high": 0.2}},
         r"learning_rate must be a value, a list of values, or bounds such as \{low: 0.01\}, but got"),
        ({"dropout": {"values": [0.1], "when": {"neurons": [2, 10]}},
          "neurons": {"low": 2, "high": 9, "log": True}},
         r"neurons must be one of the values of neurons, or a list of them, but got 10"),
        ({"dropout": {"values": [0.1], "when": {"epochs": 1}},
          "epochs": {"values": [1], "when": {"dropout": 0.1}}},
         r"epochs must not depend on itself"),
        ({"dropout": {"values": [0.1], "when": {"epochs": True}}, "epochs": [1]},
         r"epochs must be one of the values of epochs"),
        ({"dropout": {"values": [0.1], "when": {"neurons": {"low": 15000}}},
          "neurons": {"low": 1, "high": 20000}},
         r"must depend on at most 10,000 combinations of values, but depends on 20,000"),
    ],
)  # fmt: skip
def test_conditions_that_no_trial_could_meet_are_refused(space: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        StudySpec(search={"sampler": "random", "trials": 2, "space": space})


def test_without_conditions_a_space_is_written_as_before() -> None:
    written = SearchSpec(space={"a": [1], "b": {"low": 1, "high": 2}}).model_dump(mode="json")
    assert written["space"] == {"a": {"values": [1]}, "b": {"low": 1, "high": 2, "log": False, "step": None}}
    assert not {"constraints", "start"} & set(written)


@pytest.mark.parametrize(
    ("parent", "wanted", "first"),
    [
        ({"low": 0.001, "high": 0.1, "log": True}, {"low": 0.01}, 0.01),
        ({"low": 0.001, "high": 0.1, "log": True}, {"high": 0.01}, 0.001),
        ({"low": 2, "high": 9, "log": True}, {"low": 2.5, "high": 4}, 3),
        ({"low": 2, "high": 9, "log": True}, [8, 4], 8),
        ({"low": 2, "high": 9}, {"low": 2.5}, 3),
        ([1, 0.5, 4], {"low": 2}, 4),
    ],
)
def test_a_condition_may_have_bounds(parent: Any, wanted: Any, first: float) -> None:
    space = {"child": {"values": [1], "when": {"parent": wanted}}, "parent": parent}
    domains = SearchSpec(sampler="random", trials=1, space=space).space
    assert enabling(domains, "child") == {"parent": first}
    assert in_force(domains, {"child": 1, "parent": first}) == {"child": 1, "parent": first}
    assert in_force(domains, {"child": 1, "parent": 9.5}).keys() == (
        {"child", "parent"} if isinstance(wanted, dict) and "high" not in wanted else {"parent"}
    )
    assert domains["child"].model_dump(mode="json")["when"] == {"parent": wanted}
