"""What bounds the size of models: counts by architecture, and what is refused before a study starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studies import data, document

from sparktune.columns.schema import Schema
from sparktune.data import load_dataset
from sparktune.errors import SpecError
from sparktune.search import build_sampler
from sparktune.spec import StudySpec, parse_spec
from sparktune.study.model_sizes import ModelSizes, bounded_size

pytestmark = pytest.mark.usefixtures("fork_server")
SPACE = {"neurons": [2, 4, 8], "learning_rate": [0.01, 0.1]}


def study(folder: Path, model: Any = None, **search: Any) -> tuple[StudySpec, Schema]:
    spec = parse_spec(document(folder, model=model, search={"space": SPACE, **search}))
    return spec, load_dataset(spec, arrays=data()).schema


@pytest.fixture
def sizes(tmp_path: Path) -> Iterator[ModelSizes]:
    """Of networks on three columns, where 21 parameters are allowed."""
    counted = ModelSizes(*study(tmp_path, max_parameters=21, constraints=["neurons * learning_rate < 0.4"]))
    yield counted
    counted.close()


def test_constraints_and_the_bound_both_count(sizes: ModelSizes) -> None:
    assert [sizes.parameters({"neurons": n, "learning_rate": 0.01}) for n in (4, 2, 8)] == [21, 11, 41]
    allowed = [(n, rate) for n in SPACE["neurons"] for rate in SPACE["learning_rate"]]
    allowed = [pair for pair in allowed if sizes.allows(dict(zip(SPACE, pair, strict=True)))]
    assert allowed == [(2, 0.01), (2, 0.1), (4, 0.01)]
    assert sizes.smallest == 11
    assert sizes.parameters({"neurons": 0}) is None


def test_a_builder_that_ends_its_process_is_left_to_its_trial(tmp_path: Path) -> None:
    counted = ModelSizes(*study(tmp_path, {"builder": "builders:vanishes"}, max_parameters=5))
    try:
        assert counted.parameters({"neurons": 2}) is None
        assert counted.allows({"neurons": 4})
    finally:
        counted.close()


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            {"max_parameters": 10},
            r"max_parameters must leave a configuration, but got 10 and the smallest .* has 11; raise",
        ),
        (
            {"max_parameters": 21, "start": [{"neurons": 8, "learning_rate": 0.1}]},
            r"search\.start\[0\] must have at most 21 parameters, .* but its model has 41; make it smaller",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, search: dict[str, Any], message: str) -> None:
    spec, schema = study(tmp_path, **search)
    with pytest.raises(SpecError, match=message), bounded_size(build_sampler(spec), spec, schema):
        pass
