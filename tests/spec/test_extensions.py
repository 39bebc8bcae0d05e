"""Samplers that other packages add are found by name, and checked where the spec is."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import InputError, SpecError
from sparktune.search import build_sampler
from sparktune.spec import parse_spec

MODULE = """
from sparktune.search.samplers.base import Sampler

class Same(Sampler):
    size = 3
    def __init__(self, params, seed):
        self.params, self.seed = params, seed
    @classmethod
    def check(cls, search):
        if "params" not in search.options:
            raise ValueError("needs options: {params: ...}")
    @classmethod
    def from_spec(cls, search, seed):
        return cls(search.options["params"], seed)
    def ask(self, number):
        return self.params if number < self.size else None
    def tell(self, result):
        pass
"""
SAME = {"sampler": "same", "options": {"params": {"neurons": 3}}, "space": {"neurons": [3, 4]}}


@pytest.fixture
def package(install: Callable[..., Path]) -> None:
    """An installed package that adds the sampler `same`, and one, `broken`, that cannot be imported."""
    points = {"same": "Same", "broken": "no_such_module_here:Sampler"}
    install("same_sampler", MODULE, {"sparktune.samplers": points})


def message(**search: Any) -> str:
    with pytest.raises(SpecError) as refused:
        parse_spec({"search": search})
    return str(refused.value)


@pytest.mark.usefixtures("package")
def test_a_sampler_of_another_package_is_named_like_a_built_in_one() -> None:
    spec = parse_spec({"search": SAME, "study": {"seed": 7}})
    sampler = build_sampler(spec)
    assert (sampler.ask(0), sampler.seed) == ({"neurons": 3}, 7)  # type: ignore[attr-defined]
    assert "same_sampler" in sys.modules


@pytest.mark.usefixtures("package")
def test_its_own_rule_is_told_with_the_section() -> None:
    assert message(sampler="same") == "search needs options: {params: ...} (search)"


@pytest.mark.usefixtures("package")
def test_one_that_cannot_be_imported_is_bad_input() -> None:
    with pytest.raises(InputError, match=r"sparktune\.samplers 'broken' cannot be imported: No module named"):
        parse_spec({"search": {"sampler": "broken"}})


def test_an_unknown_name_has_the_nearest() -> None:
    assert message(sampler="gird") == (
        "sampler must be one of grid, random, qmc, tpe, cmaes, nsga2, gp, optuna, but got 'gird'; "
        "did you mean grid? (search.sampler)"
    )


def test_where_any_sampler_will_do_none_is_looked_at() -> None:
    assert parse_spec({"search": SAME}, any_sampler=True).search.sampler == "same"
    endless = {"space": {"l2": {"low": 0.1, "high": 1.0, "log": True}}}
    assert parse_spec({"search": endless}, any_sampler=True).search.sampler == "grid"


@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_a_built_in_sampler_has_no_options(sampler: str) -> None:
    assert message(sampler=sampler, trials=2, options={"a": 1}) == (
        f"options must be empty for sampler {sampler}, which has none, but got {{'a': 1}}; remove it "
        "(search.options)"
    )


@pytest.mark.usefixtures("package")
def test_no_options_leave_the_identity_as_it_was_before_there_were_any() -> None:
    assert "options" not in parse_spec({}).identity()["search"]
    assert parse_spec({"search": SAME}).identity()["search"]["options"] == {"params": {"neurons": 3}}
