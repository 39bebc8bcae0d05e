"""Documents that are small to write and endless to read are refused at once."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparktune.errors import SpecError
from sparktune.spec import BuilderSpec, Choice, SearchSpec, TrainingSpec, load_spec, parse_spec
from sparktune.spec.size import MAX_DEPTH, MAX_VALUES, check_size

SEARCH = {"space": {"neurons": [4, 8]}}


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < 1


def yaml_bomb(levels: int = 12, merge: bool = False) -> str:
    """Levels of ten aliases each: 10^levels values in as many lines."""
    lines = ["l0: &l0 {x: 1}" if merge else "l0: &l0 [1, 2, 3]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*l{level - 1}"] * 10)
        members = f"{{<<: [{aliases}], k{level}: 1}}" if merge else f"[{aliases}]"
        lines.append(f"l{level}: &l{level} {members}")
    return "\n".join(lines) + "\n"


def python_bomb(levels: int = 30) -> list[Any]:
    value = [1]
    for _ in range(levels):
        value = [value] * 10
    return value


class TestYaml:
    @pytest.mark.parametrize(
        "text",
        [
            yaml_bomb() + "model: {builder: 'm:f', params: {a: *l11}}",
            yaml_bomb() + "search: {space: {neurons: *l11}}",
            yaml_bomb() + "search: {space: *l11}",
            yaml_bomb(merge=True) + "model: *l11",
            f"long: &a '{'x' * 100_000}'\nmany: [{', '.join(['*a'] * 10_000)}]",
        ],
        ids=["params", "domain", "space", "merged", "text"],
    )
    def test_a_bomb_in_the_file_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "study.yaml").write_text(text)
        with pytest.raises(SpecError, match=r"study\.yaml must hold at most 100,000 values"):
            load_spec(tmp_path / "study.yaml")

    def test_a_bomb_in_an_override_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "study.yaml").write_text("search: {space: {neurons: [1]}}")
        bomb = "{" + yaml_bomb().strip().replace("\n", ", ") + "}"
        with pytest.raises(SpecError, match=r"the override .* must hold at most 100,000 values") as refused:
            load_spec(tmp_path / "study.yaml", [f"model.params={bomb}"])
        assert len(str(refused.value)) < 300

    def test_a_file_without_end_is_refused(self) -> None:
        with pytest.raises(SpecError, match="must have at most 1,000,000 characters"):
            load_spec("/dev/zero")

    def test_aliases_and_merges_within_the_bound_are_read(self, tmp_path: Path) -> None:
        (tmp_path / "study.yaml").write_text(
            "search: {space: {neurons: &few [4, 8], batch_size: *few}}\n"
            "training: &base {epochs: 3}\nmodel: {<<: {layers: 2}}\n"
        )
        spec = load_spec(tmp_path / "study.yaml")
        assert [domain.points for domain in spec.search.space.values()] == [2, 2]


class TestPython:
    @pytest.mark.parametrize(
        "document",
        [
            {"search": {"space": {"neurons": python_bomb()}}},
            {"search": SEARCH, "model": {"builder": "m:f", "params": {"a": python_bomb()}}},
            {"search": SEARCH, "training": {"epochs": python_bomb()}},
            {"search": SEARCH, "study": python_bomb()},
            {"search": {"space": {"neurons": np.broadcast_to(1, 10**9)}}},
            python_bomb(),
        ],
        ids=["domain", "params", "number", "section", "array", "all"],
    )
    def test_a_bomb_is_refused(self, document: Any) -> None:
        with pytest.raises(SpecError, match="StudySpec must hold at most 100,000 values"):
            parse_spec(document)

    @pytest.mark.parametrize(
        ("section", "fields"),
        [
            (Choice, {"values": python_bomb()}),
            (SearchSpec, {"space": {"x": python_bomb()}}),
            (BuilderSpec, {"builder": "m:f", "params": {"a": python_bomb()}}),
            (TrainingSpec, {"callbacks": python_bomb()}),
        ],
    )
    def test_a_bomb_in_one_section_is_refused(self, section: type, fields: dict[str, Any]) -> None:
        with pytest.raises(SpecError, match=f"{section.__name__} must hold at most"):
            section(**fields)


class TestCheckSize:
    def test_a_shared_value_counts_where_it_stands(self) -> None:
        row = [0] * 999
        check_size([row] * 99, "it")
        with pytest.raises(SpecError, match="it must hold at most"):
            check_size([row] * 100, "it")

    def test_long_text_counts(self) -> None:
        check_size("x" * (MAX_VALUES * 100 - 1), "it")
        with pytest.raises(SpecError, match="it must hold at most"):
            check_size("x" * (MAX_VALUES * 100), "it")

    def test_what_is_nested_too_deep_is_refused_however_it_is_shared(self) -> None:
        def chain(levels: int, end: Any) -> Any:
            for _ in range(levels):
                end = [end]
            return end

        check_size(chain(MAX_DEPTH, 1), "it")
        first = chain(MAX_DEPTH // 2, 1)
        second = chain(MAX_DEPTH // 2, first)
        for deep in (chain(MAX_DEPTH + 1, 1), chain(10**5, 1), [first, second]):
            with pytest.raises(SpecError, match="it must not be nested deeper than 50 levels"):
                check_size(deep, "it")

    def test_a_cycle_is_refused(self) -> None:
        cycle: dict[str, Any] = {}
        cycle["again"] = cycle
        with pytest.raises(SpecError, match="must not be nested deeper"):
            check_size(cycle, "it")
