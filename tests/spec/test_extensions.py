"""Samplers that other packages add are found by name, and checked where the spec is."""

import sys
from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import InputError, SpecError
from sparktune.registry import Registry
from sparktune.search import build_sampler
from sparktune.spec import extensions, parse_spec

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
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that adds the sampler `same`, and one, `broken`, that cannot be imported."""
    (tmp_path / "same_sampler.py").write_text(MODULE)
    metadata = tmp_path / "same_sampler-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: same-sampler\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[sparktune.samplers]\nsame = same_sampler:Same\nbroken = no_such_module_here:Sampler\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(vars(extensions.SAMPLERS), "_installed", fresh(extensions.SAMPLERS))
    return tmp_path


def fresh(registry: Registry) -> Any:
    """The entry points that are installed now."""
    return Registry(registry.group, {})._installed


def message(**search: Any) -> str:
    with pytest.raises(SpecError) as refused:
        parse_spec({"search": search})
    return str(refused.value)


def test_a_sampler_of_another_package_is_named_like_a_built_in_one(package: Path) -> None:
    spec = parse_spec({"search": SAME, "study": {"seed": 7}})
    sampler = build_sampler(spec)
    assert (sampler.ask(0), sampler.seed) == ({"neurons": 3}, 7)  # type: ignore[attr-defined]
    assert "same_sampler" in sys.modules


def test_its_own_rule_is_told_with_the_section(package: Path) -> None:
    assert message(sampler="same") == "search needs options: {params: ...} (search)"


def test_one_that_cannot_be_imported_is_bad_input(package: Path) -> None:
    with pytest.raises(InputError, match=r"sparktune\.samplers 'broken' cannot be imported: No module named"):
        parse_spec({"search": {"sampler": "broken"}})


def test_an_unknown_name_has_the_nearest() -> None:
    assert message(sampler="gird") == (
        "sampler must be one of grid, random, but got 'gird'; did you mean grid? (search.sampler)"
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


def test_no_options_leave_the_identity_as_it_was_before_there_were_any(package: Path) -> None:
    assert "options" not in parse_spec({}).identity()["search"]
    assert parse_spec({"search": SAME}).identity()["search"]["options"] == {"params": {"neurons": 3}}
