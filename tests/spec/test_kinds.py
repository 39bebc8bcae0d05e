"""A search over kinds of models: which names are searched where, and what is refused."""

from typing import Any

import pytest

from sparktune.errors import SpecError
from sparktune.search import build_sampler
from sparktune.spec import Choice, SearchSpec, StudySpec, parse_spec
from sparktune.training.checks import offered


def spec_of(space: Any, model: Any = None, **search: Any) -> StudySpec:
    return parse_spec({"model": model, "search": {"space": space, **search}})


def test_a_name_is_searched_at_the_kinds_that_have_it() -> None:
    space = {
        "kind": ["linear", "mlp", "cnn"],
        "neurons": [16, 32],
        "filters": {"values": [[4], [8]], "when": {"padding": "same"}},
        "padding": ["same", "valid"],
        "dropout": [0.0, 0.5],
        "l2": [0.0, 0.1],
        "learning_rate": [0.01, 0.1],
    }
    spec = spec_of(space)
    when = {name: domain.when for name, domain in spec.search.space.items() if domain.when}
    assert when == {
        "neurons": {"kind": "mlp"},
        "filters": {"kind": "cnn", "padding": "same"},
        "padding": {"kind": "cnn"},
        "dropout": {"kind": ["mlp", "cnn"]},
    }
    assert build_sampler(spec).size == 4 * (1 + 2 * 2 + 2 * 3)
    assert parse_spec(spec.model_dump(mode="json")) == spec
    assert spec.model.kind == "linear"


def test_fields_of_the_section_hold_for_every_kind_that_has_them() -> None:
    spec = spec_of(
        {"kind": ["cnn", "mlp", "linear"]}, {"kind": "mlp", "activation": "tanh", "neurons": 7, "l2": 0.1}
    )
    cnn, mlp, linear = (spec.configured({"kind": kind})[0].model_dump() for kind in ("cnn", "mlp", "linear"))
    assert (cnn["activation"], cnn["hidden"], mlp["neurons"]) == ("tanh", (128,), 7)
    assert linear == {"kind": "linear", "l1": 0.0, "l2": 0.1, "initializer": "glorot_uniform"}
    again = parse_spec(spec.model_dump(mode="json"))
    assert again.models == spec.models


def test_a_search_made_of_python_objects_is_the_same() -> None:
    space: Any = {"kind": Choice(values=("linear", "mlp")), "neurons": Choice(values=(1, 2))}
    written = spec_of({"kind": ["linear", "mlp"], "neurons": [1, 2]})
    assert StudySpec(search=SearchSpec(space=space)) == written


def test_starting_points_name_the_fields_of_their_kind() -> None:
    space = {"kind": ["linear", "mlp"], "neurons": [1, 2]}
    assert spec_of(space, start=[{"kind": "linear"}]).search.start == ({"kind": "linear"},)
    with pytest.raises(SpecError, match=r"neurons is not searched there"):
        spec_of(space, start=[{"kind": "linear", "neurons": 1}])


def test_a_builder_is_a_kind_beside_others() -> None:
    model = {"builder": "package.module:build", "params": {"width": 3}}
    spec = spec_of({"kind": ["mlp", "builder"], "depth": [1, 2], "neurons": [4]}, model)
    assert spec.search.space["depth"].when == {"kind": "builder"}
    assert spec.search.space["neurons"].when == {"kind": "mlp"}
    section, _ = spec.configured({"kind": "builder", "depth": 2})
    assert section.model_dump()["params"] == {"width": 3, "depth": 2}
    assert spec.configured({"kind": "mlp", "neurons": 4})[0].model_dump()["neurons"] == 4


def test_a_parameter_of_a_builder_may_be_called_kind() -> None:
    spec = spec_of({"kind": ["wide", "deep"]}, {"builder": "package.module:build"})
    assert not spec.searches_kinds
    assert spec.configured({"kind": "deep"})[0].model_dump()["params"] == {"kind": "deep"}


def test_every_value_of_every_kind_is_offered_to_the_checks() -> None:
    spec = spec_of({"kind": ["mlp", "cnn"], "dropout": [0.1, 0.2], "kernel": [3, 5]})
    found = list(offered(spec))
    assert {(point["kind"], point["dropout"]) for point in found} == {
        (kind, dropout) for kind in ("mlp", "cnn") for dropout in (0.1, 0.2)
    }
    assert {point.get("kernel") for point in found if point["kind"] == "cnn"} == {3, 5}


@pytest.mark.parametrize(
    ("model", "space", "message"),
    [
        (None, {"kind": ["mlp", "mpl"]}, r"kind must be one of .*did you mean mlp\? .*space.kind\[1\]"),
        (None, {"kind": {"low": 1, "high": 2}}, r"kind must list kinds of models; write \[mlp, cnn\]"),
        (
            {"kind": "rnn"},
            {"kind": ["mlp", "cnn"]},
            r"kind must be one of those that .*\(mlp, cnn\), but got",
        ),
        (None, {"kind": ["mlp", "cnn"], "filter": [[1]]}, r"filter is unknown; did you mean filters\?"),
        (
            None,
            {"kind": ["mlp", "cnn"], "kernel": {"values": [3], "when": {"kind": "mlp"}}},
            r"kind is no field of kind mlp; leave that kind out .*kernel.when.kind",
        ),
        (None, {"kind": ["mlp", "cnn"], "hidden": [None, [4]]}, r"hidden.* must be a list"),
        (None, {"kind": ["mlp", "builder"]}, r"builder is required.*kind builder, which is searched"),
        (
            None,
            {"kind": ["mlp", "cnn"], "hidden": {"values": [[4]], "when": {"kind": "mlp"}}, "neurons": [1, 2]},
            r"neurons has no effect: hidden names the width",
        ),
        ({"pooling": "none"}, {"kind": ["mlp", "cnn"], "pool_size": [2]}, r"pool_size has no effect"),
    ],
)
def test_what_is_refused(model: Any, space: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec_of(space, model)
